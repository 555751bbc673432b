"""An invoice's way into QuickBooks, and everything that happens to it afterwards."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from shared.messages import Kind
from shared.outcomes import Outcome
from tests.flows.company import DAY_S, ISSUED_AT, Company
from tests.flows.conftest import StartCompany

THREE_ITEMS = (("Design", "2", "50"), ("Print", "1.5", "33.33"), ("Hosting", "1", "20"))


def test_an_invoice_stands_in_quickbooks_to_the_cent(company: Company) -> None:
    customer = company.invoiced.customer(
        "Acme", email="ap@acme.test", phone="+1 555 0100", address1="1 Main St", city="Austin", country="US"
    )
    invoice = company.invoiced.invoice(
        customer["id"],
        *THREE_ITEMS,
        number="INV-004",
        discounts=[{"amount": Decimal("10.00")}],
        taxes=[{"amount": Decimal("13.20")}],
    )

    assert company.invoice(invoice).outcome == Outcome.SYNCED

    posted = company.quickbooks.one("Invoice")
    assert posted["DocNumber"] == "INVD-INV-004"
    assert posted["TotalAmt"] == invoice["total"] == Decimal("173.20")
    assert posted["TxnTaxDetail"]["TotalTax"] == Decimal("13.20")
    assert posted["Balance"] == Decimal("173.20")
    assert (posted["TxnDate"], posted["DueDate"]) == ("2026-10-05", "2026-11-04")
    assert posted["PrivateNote"] == f"Invoiced INV-004 #{invoice['id']}"
    assert (posted["EmailStatus"], posted["PrintStatus"]) == ("NotSet", "NotSet")
    buyer = company.quickbooks.one("Customer", Id=posted["CustomerRef"]["value"])
    assert buyer["DisplayName"] == f"Acme {customer['number']}"
    assert buyer["PrimaryEmailAddr"]["Address"] == "ap@acme.test"


def test_calls_by_case(company: Company) -> None:
    """First use of the income account, a new customer with three new items and a payment: 4 calls; then fewer."""
    first = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(first["id"], *THREE_ITEMS)
    payment = company.invoiced.pay(first["id"], "50", (invoice["id"], "50"))
    company.invoice(invoice)
    company.payment(payment)
    assert company.quickbooks.calls() == ["batch", "batch", "create Invoice", "create Payment"]

    company.quickbooks.forget_calls()
    second = company.invoiced.customer("Beta")
    lines = (("Visit", "1", "5"), ("Call", "1", "6"), ("Mail", "1", "7"))
    invoice = company.invoiced.invoice(second["id"], *lines)
    payment = company.invoiced.pay(second["id"], "5", (invoice["id"], "5"))
    company.payment(payment)
    assert company.quickbooks.calls() == ["batch", "create Invoice", "create Payment"]

    company.quickbooks.forget_calls()
    invoice = company.invoiced.invoice(second["id"], *lines)
    payment = company.invoiced.pay(second["id"], "18", (invoice["id"], "18"))
    company.invoice(invoice)
    company.payment(payment)
    assert company.quickbooks.calls() == ["create Invoice", "create Payment"]

    company.quickbooks.forget_calls()
    company.invoiced.edit("invoices", invoice["id"], due_date=ISSUED_AT + 10 * DAY_S)
    company.invoice(invoice)
    assert company.quickbooks.calls() == ["sparse Invoice"]

    company.quickbooks.forget_calls()
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED
    assert company.payment(payment).outcome == Outcome.UNCHANGED
    assert company.quickbooks.calls() == []


def test_a_burst_of_events_costs_two_looks(company: Company) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    with company.at_one_instant():
        for _ in range(20):
            company.hear(Kind.INVOICE, invoice["id"])
    company.settle()

    reads = [row for row in company.invoiced.call("GET", "/_simulator/requests") if row["operation"] == "read"]
    assert [row["entity"] for row in reads].count("invoice") == 2
    assert company.quickbooks.calls().count("create Invoice") == 1


def test_an_edit_keeps_what_a_bookkeeper_added(company: Company) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    company.invoice(invoice)
    posted = company.quickbooks.one("Invoice")
    company.quickbooks.by_hand(
        "Invoice",
        {
            "Id": posted["Id"],
            "sparse": True,
            "CustomerMemo": {"value": "Thank you"},
            "PrivateNote": f"Called them.\n{posted['PrivateNote']}",
        },
    )
    company.invoiced.edit("invoices", invoice["id"], items=[{"name": "Service", "quantity": 2, "unit_cost": 75}])
    company.quickbooks.forget_calls()

    assert company.invoice(invoice).outcome == Outcome.SYNCED

    edited = company.quickbooks.one("Invoice")
    assert edited["TotalAmt"] == 150
    assert edited["CustomerMemo"]["value"] == "Thank you"
    assert edited["PrivateNote"].startswith("Called them.")
    assert company.quickbooks.calls() == ["sparse Invoice", "read Invoice", "sparse Invoice"]


def test_a_field_of_ours_changed_in_quickbooks_is_not_overwritten(company: Company) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    company.invoice(invoice)
    posted = company.quickbooks.one("Invoice")
    company.quickbooks.by_hand("Invoice", {"Id": posted["Id"], "sparse": True, "DueDate": "2027-01-31"})
    company.invoiced.edit("invoices", invoice["id"], due_date=ISSUED_AT + 10 * DAY_S)

    assert company.invoice(invoice).outcome == Outcome.CHANGED_IN_QUICKBOOKS

    row = company.record(Kind.INVOICE, invoice["id"])
    assert row.versions == {"ours": {"DueDate": "2026-11-04"}, "theirs": {"DueDate": "2027-01-31"}}
    assert row.cause == f"Invoice {posted['Id']} was changed in QuickBooks: due date"
    assert company.quickbooks.one("Invoice")["DueDate"] == "2027-01-31"

    company.quickbooks.by_hand("Invoice", {"Id": posted["Id"], "sparse": True, "DueDate": "2026-11-04"})
    assert company.invoice(invoice).outcome == Outcome.SYNCED
    assert company.quickbooks.one("Invoice")["DueDate"] == "2026-10-15"


def test_a_change_in_quickbooks_that_was_made_in_invoiced_too_is_no_conflict_any_more(company: Company) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    company.invoice(invoice)
    posted = company.quickbooks.one("Invoice")
    due_on = date.fromisoformat(posted["DueDate"]) + timedelta(days=7)
    company.quickbooks.by_hand("Invoice", {"Id": posted["Id"], "sparse": True, "DueDate": due_on.isoformat()})
    edited = company.invoiced.edit("invoices", invoice["id"], items=[{**invoice["items"][0], "unit_cost": 90}])
    assert company.invoice(edited).outcome == Outcome.CHANGED_IN_QUICKBOOKS

    # As the remedy says.
    company.invoiced.edit("invoices", invoice["id"], due_date=edited["due_date"] + 7 * DAY_S)
    assert company.invoice(edited).outcome == Outcome.SYNCED

    posted = company.quickbooks.one("Invoice")
    assert (posted["TotalAmt"], posted["DueDate"]) == (90, due_on.isoformat())


def test_an_edit_after_a_payment_costs_one_call(company: Company) -> None:
    customer = company.invoiced.customer()
    invoice = company.invoiced.invoice(customer["id"])
    company.payment(company.invoiced.pay(customer["id"], "40", (invoice["id"], "40")))
    company.invoiced.edit("invoices", invoice["id"], items=[{"name": "Service", "quantity": 1, "unit_cost": 90}])
    company.quickbooks.forget_calls()

    assert company.invoice(invoice).outcome == Outcome.SYNCED
    assert company.quickbooks.calls() == ["sparse Invoice"]
    assert company.quickbooks.one("Invoice")["Balance"] == 50


def test_a_total_below_what_is_applied_unapplies_edits_and_applies(company: Company) -> None:
    customer = company.invoiced.customer()
    invoice = company.invoiced.invoice(customer["id"])
    payment = company.invoiced.pay(customer["id"], "80", (invoice["id"], "80"))
    company.payment(payment)
    company.invoiced.edit(
        "payments", payment["id"], applied_to=[{"type": "invoice", "invoice": invoice["id"], "amount": 50}]
    )
    company.invoiced.edit("invoices", invoice["id"], items=[{"name": "Service", "quantity": 1, "unit_cost": 60}])

    company.invoice(invoice)
    company.settle()

    posted = company.quickbooks.one("Invoice")
    assert (posted["TotalAmt"], posted["Balance"]) == (60, 10)
    assert company.quickbooks.one("Payment")["UnappliedAmt"] == 30
    assert company.outcome(Kind.INVOICE, invoice["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)
    assert company.outcome(Kind.PAYMENT, payment["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


@pytest.mark.parametrize("taken_back", ["voided", "deleted"])
def test_an_invoice_taken_back_is_voided_and_stays_so(company: Company, taken_back: str) -> None:
    customer = company.invoiced.customer()
    invoice = company.invoiced.invoice(customer["id"])
    payment = company.invoiced.pay(customer["id"], "40", (invoice["id"], "40"))
    company.payment(payment)
    company.invoiced.edit("payments", payment["id"], applied_to=[])
    if taken_back == "voided":
        company.invoiced.call("POST", f"/invoices/{invoice['id']}/void", {})
    else:
        company.invoiced.call("DELETE", f"/invoices/{invoice['id']}")

    assert company.invoice(invoice).outcome == Outcome.SYNCED
    company.settle()

    posted = company.quickbooks.one("Invoice")
    assert (posted["TotalAmt"], posted["Balance"]) == (0, 0)
    assert company.quickbooks.one("Payment")["UnappliedAmt"] == 40
    company.quickbooks.forget_calls()
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED
    assert company.quickbooks.calls() == []


def test_what_was_never_posted_is_skipped(start_company: StartCompany) -> None:
    company = start_company(start_date=date(2026, 10, 5))
    customer = company.invoiced.customer()["id"]
    draft = company.invoiced.invoice(customer, draft=True)
    early = company.invoiced.invoice(customer, date=ISSUED_AT - 1)
    first = company.invoiced.invoice(customer)
    voided = company.invoiced.invoice(customer)
    company.invoiced.call("POST", f"/invoices/{voided['id']}/void", {})

    for skipped in (draft, early, voided, {"id": 987654}):
        assert company.invoice(skipped).outcome == Outcome.SKIPPED
    assert company.quickbooks.calls() == []
    assert company.invoice(first).outcome == Outcome.SYNCED
    company.invoiced.edit("invoices", draft["id"], draft=False)
    assert company.invoice(draft).outcome == Outcome.SYNCED


def test_a_number_taken_by_a_stranger_fails_and_names_it(company: Company) -> None:
    customer = company.invoiced.customer()
    company.invoice(company.invoiced.invoice(customer["id"], number="INV-1"))
    ours = company.quickbooks.one("Invoice")
    stranger = company.quickbooks.by_hand(
        "Invoice", {"CustomerRef": ours["CustomerRef"], "Line": ours["Line"][:1], "DocNumber": "INVD-INV-2"}
    )
    settlement = company.invoice(company.invoiced.invoice(customer["id"], number="INV-2"))

    assert settlement.outcome == Outcome.FAILED
    assert settlement.code == "6140"
    assert f"Invoice {stranger['Id']}" in settlement.cause and "INVD-INV-2" in settlement.cause


def test_bad_input_is_named_and_the_rest_goes_on(company: Company) -> None:
    customer = company.invoiced.customer("x" * 10_000)["id"]
    good = company.invoiced.invoice(customer, ("y" * 10_000, "1", "5"))
    wrong_sum = company.invoiced.invoice(customer, ("Thing", "1", "55"))
    company.invoiced.call("POST", f"/_simulator/invoices/{wrong_sum['id']}/raw", {"total": Decimal("51.15")})
    foreign = company.invoiced.invoice(customer, currency="eur")
    unknown = company.invoiced.invoice(customer)
    company.invoiced.call("POST", f"/_simulator/invoices/{unknown['id']}/raw", {"currency": "xqz"})
    empty = company.invoiced.invoice(customer)
    company.invoiced.call("POST", f"/_simulator/invoices/{empty['id']}/raw", {"items": [], "subtotal": 0, "total": 0})

    for bad, words in ((wrong_sum, ("55.00", "51.15")), (foreign, ("EUR",)), (unknown, ("XQZ",)), (empty, ("line",))):
        settlement = company.invoice(bad)
        assert settlement.outcome == Outcome.FAILED, settlement
        assert all(word in settlement.cause for word in words), settlement.cause
        assert settlement.remedy
    assert company.invoice(good).outcome == Outcome.SYNCED
    assert len(company.quickbooks.objects("Invoice")) == 1


def test_a_cent_of_difference_is_a_mismatch_with_both_figures(company: Company) -> None:
    company.quickbooks.call("PATCH", "/_simulator/switches", {"honour_total_tax": False})
    invoice = company.invoiced.invoice(
        company.invoiced.customer()["id"], ("Service", "1", "100"), taxes=[{"amount": Decimal("8.26")}]
    )
    settlement = company.invoice(invoice)

    assert settlement.outcome == Outcome.MISMATCH
    assert "108.26" in settlement.cause and "100.00" in settlement.cause
    assert company.invoice(invoice).outcome == Outcome.MISMATCH


def test_tax_and_discount_need_quickbooks_to_keep_them(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    taxed = company.invoiced.invoice(customer, taxes=[{"amount": Decimal("8.25")}])
    reduced = company.invoiced.invoice(customer, discounts=[{"amount": Decimal("5")}])
    company.quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": False}, TaxPrefs={"UsingSalesTax": False})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")

    assert company.invoice(taxed).outcome == Outcome.FAILED
    assert company.invoice(reduced).outcome == Outcome.FAILED
    assert company.quickbooks.objects("Invoice") == []

    company.quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": True}, TaxPrefs={"UsingSalesTax": True})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    company.settle()
    assert company.outcome(Kind.INVOICE, taxed["id"]) == Outcome.SYNCED
    assert company.outcome(Kind.INVOICE, reduced["id"]) == Outcome.SYNCED


def test_books_that_are_opened_again_let_go_on_what_they_kept_back(company: Company) -> None:
    company.quickbooks.prefer(AccountingInfoPrefs={"BookCloseDate": "2026-12-31"})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    invoice = company.invoiced.invoice(company.invoiced.customer()["id"])
    assert company.invoice(invoice).outcome == Outcome.FAILED

    company.quickbooks.prefer(AccountingInfoPrefs={"BookCloseDate": "2000-01-01"})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    company.settle()
    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.SYNCED


def test_of_an_inactive_item_no_customer_and_no_account_is_suspected(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    company.invoice(company.invoiced.invoice(customer, ("Repair", "1", "5"), ("Paint", "1", "5")))
    company.quickbooks.by_hand("Item", {**company.quickbooks.one("Item", Name="Paint"), "Active": False})
    settlement = company.invoice(company.invoiced.invoice(customer, ("Repair", "1", "5"), ("Paint", "1", "5")))
    assert settlement.cause.endswith("It is one of: item Paint, item Repair.")


def test_an_invoice_waits_for_its_customer_and_is_released(company: Company) -> None:
    customer = company.invoiced.customer("Acme", number="N" * 120)
    invoice = company.invoiced.invoice(customer["id"])

    waiting = company.invoice(invoice)
    assert waiting.outcome == Outcome.WAITING
    assert waiting.waiting_for == f"customer:{customer['id']}"

    company.invoiced.edit("customers", customer["id"], number="N1")
    assert company.look(Kind.CUSTOMER, customer["id"]).outcome == Outcome.SYNCED
    company.settle()
    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.SYNCED


def test_an_invoice_settled_by_credit_names_the_credit(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    company.invoice(invoice)
    note = company.invoiced.call(
        "POST", "/credit_notes", {"customer": customer, "items": [{"name": "Goodwill", "quantity": 1, "unit_cost": 30}]}
    )
    split = {
        "type": "credit_note",
        "credit_note": note["id"],
        "document_type": "invoice",
        "invoice": invoice["id"],
        "amount": 30,
    }
    company.invoiced.call("POST", "/payments", {"customer": customer, "amount": 30, "applied_to": [split]})

    settlement = company.invoice(invoice)
    assert settlement.outcome == Outcome.MISMATCH
    assert note["number"] in settlement.cause and "100.00" in settlement.cause and "70.00" in settlement.cause


@pytest.mark.parametrize("payer", ["itself", "its parent's parent"])
def test_a_lost_payment_event_is_made_up_for_by_the_invoice(company: Company, payer: str) -> None:
    top = company.invoiced.customer("Top")["id"]
    parent = company.invoiced.customer("Parent", parent_customer=top)["id"]
    customer = company.invoiced.customer("Child", parent_customer=parent)["id"]
    invoice = company.invoiced.invoice(customer)
    company.invoice(invoice)
    payment = company.invoiced.pay(customer if payer == "itself" else top, "100", (invoice["id"], "100"))

    company.invoice(invoice)
    company.settle()

    assert company.quickbooks.one("Invoice")["Balance"] == 0
    assert company.outcome(Kind.PAYMENT, payment["id"]) == Outcome.SYNCED
    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.UNCHANGED
