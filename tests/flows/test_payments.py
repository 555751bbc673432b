"""A payment's way into QuickBooks, bad debts included."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.messages import Kind, Why
from shared.outcomes import Outcome
from shared.settings import Settings
from tests.flows.company import DAY_S, ISSUED_AT, Company
from tests.flows.conftest import StartCompany


def test_a_payment_is_applied_and_the_rest_stays_unapplied(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    one, two = company.invoiced.invoice(customer), company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "170.50", (one["id"], "100"), (two["id"], "20.25"), reference="Check 1450")

    assert company.payment(payment).outcome == Outcome.SYNCED

    posted = company.quickbooks.one("Payment")
    assert (posted["TotalAmt"], posted["UnappliedAmt"]) == (Decimal("170.50"), Decimal("50.25"))
    assert (posted["TxnDate"], posted["PaymentRefNum"]) == ("2026-10-06", "Check 1450")
    method = company.quickbooks.one("PaymentMethod", Id=posted["PaymentMethodRef"]["value"])
    assert method["Name"] == "Check"
    balances = {invoice["DocNumber"]: invoice["Balance"] for invoice in company.quickbooks.objects("Invoice")}
    assert balances == {f"INVD-{one['number']}": 0, f"INVD-{two['number']}": Decimal("79.75")}


def test_invoices_of_two_customers_make_two_payments(company: Company) -> None:
    parent, child = company.invoiced.customer("Parent")["id"], company.invoiced.customer("Child")["id"]
    mine, theirs = company.invoiced.invoice(parent), company.invoiced.invoice(child)
    payment = company.invoiced.pay(parent, "230", (mine["id"], "100"), (theirs["id"], "100"))
    assert company.payment(payment).outcome == Outcome.SYNCED

    posted = {p["CustomerRef"]["value"]: p for p in company.quickbooks.objects("Payment")}
    assert sorted(p["TotalAmt"] for p in posted.values()) == [100, 130]
    assert [invoice["Balance"] for invoice in company.quickbooks.objects("Invoice")] == [0, 0]

    splits = [{"type": "invoice", "invoice": mine["id"], "amount": 100}]
    company.invoiced.edit("payments", payment["id"], applied_to=splits)
    assert company.payment(payment).outcome == Outcome.SYNCED
    unapplied = {p["TotalAmt"]: p["UnappliedAmt"] for p in company.quickbooks.objects("Payment")}
    assert unapplied == {230: 130, 0: 0}
    assert company.payment(payment).outcome == Outcome.UNCHANGED


def test_an_edited_payment_moves_and_a_voided_one_is_voided(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    one, two = company.invoiced.invoice(customer), company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "60", (one["id"], "60"))
    company.payment(payment)
    company.invoiced.edit(
        "payments", payment["id"], applied_to=[{"type": "invoice", "invoice": two["id"], "amount": 60}]
    )
    company.quickbooks.forget_calls()
    company.invoice(two)
    assert company.payment(payment).outcome == Outcome.SYNCED
    assert "sparse Payment" in company.quickbooks.calls()
    company.settle()
    assert [invoice["Balance"] for invoice in company.quickbooks.objects("Invoice")] == [100, 40]

    company.invoiced.call("DELETE", f"/payments/{payment['id']}")
    assert company.payment(payment).outcome == Outcome.SYNCED
    assert [invoice["Balance"] for invoice in company.quickbooks.objects("Invoice")] == [100, 100]
    assert company.quickbooks.one("Payment")["TotalAmt"] == 0
    assert company.payment(payment).outcome == Outcome.UNCHANGED


def test_two_payments_that_change_places_on_one_invoice(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    small = company.invoiced.pay(customer, "100", (invoice["id"], "20"))
    large = company.invoiced.pay(customer, "100", (invoice["id"], "80"))
    company.payment(small)
    company.payment(large)
    for payment, amount in ((large, 10), (small, 90), (large, 10)):
        splits = [{"type": "invoice", "invoice": invoice["id"], "amount": amount}]
        company.invoiced.edit("payments", payment["id"], applied_to=splits)

    company.payment(small)
    company.settle()

    unapplied = {p["PrivateNote"]: p["UnappliedAmt"] for p in company.quickbooks.objects("Payment")}
    assert unapplied == {f"Invoiced payment #{small['id']}": 10, f"Invoiced payment #{large['id']}": 90}
    assert company.outcome(Kind.PAYMENT, small["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


@pytest.mark.parametrize("changed_by_hand", [False, True])
def test_two_payments_that_were_applied_to_each_others_invoice(company: Company, changed_by_hand: bool) -> None:
    """Each finds its new place taken by the other one."""
    customer = company.invoiced.customer()["id"]
    invoices = [company.invoiced.invoice(customer)["id"] for _ in range(2)]
    payments = [company.invoiced.pay(customer, "100", (one, "100")) for one in invoices]
    for payment in payments:
        company.payment(payment)
    company.invoiced.edit("payments", payments[0]["id"], applied_to=[])
    for payment, one in ((payments[1], invoices[0]), (payments[0], invoices[1])):
        splits = [{"type": "invoice", "invoice": one, "amount": 100}]
        company.invoiced.edit("payments", payment["id"], applied_to=splits)
    if changed_by_hand:
        for posted in company.quickbooks.objects("Payment"):
            company.quickbooks.by_hand("Payment", {"Id": posted["Id"], "sparse": True, "PaymentRefNum": "By hand"})

    for payment in payments:
        company.hear(Kind.PAYMENT, payment["id"])
    company.settle(30)

    if changed_by_hand:
        assert {company.outcome(Kind.PAYMENT, one["id"]) for one in payments} == {Outcome.CHANGED_IN_QUICKBOOKS}
        return
    places = {
        payment["PrivateNote"]: payment["Line"][0]["LinkedTxn"][0]["TxnId"]
        for payment in company.quickbooks.objects("Payment")
    }
    ids = {link.record_id: link.qbo_id for link in company.links() if link.qbo_entity == "Invoice"}
    assert places == {
        f"Invoiced payment #{payments[0]['id']}": ids[str(invoices[1])],
        f"Invoiced payment #{payments[1]['id']}": ids[str(invoices[0])],
    }


def test_a_posted_payment_that_comes_to_pay_what_is_not_synced_says_so(start_company: StartCompany) -> None:
    company = start_company(start_date=date(2026, 10, 5))
    customer = company.invoiced.customer()["id"]
    early = company.invoiced.invoice(customer, date=ISSUED_AT - 40 * DAY_S)
    invoice = company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "30", (invoice["id"], "30"))
    company.sweep()
    splits = [{"type": "invoice", "invoice": early["id"], "amount": 30}]
    company.invoiced.edit("payments", payment["id"], applied_to=splits)

    for _ in range(2):
        settlement = company.payment(payment)
        assert (settlement.outcome, settlement.setting) == (Outcome.MISMATCH, "start_date")
        assert "with 30.00 USD unapplied" in settlement.cause
    assert company.quickbooks.one("Payment")["UnappliedAmt"] == 30
    assert company.invoice(invoice).outcome in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_a_payment_that_failed_for_an_early_invoice_goes_on_once_that_is_posted(start_company: StartCompany) -> None:
    company = start_company(start_date=date(2026, 10, 5))
    customer = company.invoiced.customer()["id"]
    early = company.invoiced.invoice(customer, date=ISSUED_AT - 40 * DAY_S)
    invoice = company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "30", (early["id"], "10"), (invoice["id"], "20"))
    company.payment(payment)
    company.settle()
    assert company.outcome(Kind.PAYMENT, payment["id"]) is Outcome.FAILED
    company.invoiced.edit("invoices", early["id"], date=ISSUED_AT)

    company.invoice(early)
    company.settle()

    assert company.outcome(Kind.PAYMENT, payment["id"]) is Outcome.SYNCED
    assert sorted(posted["Balance"] for posted in company.quickbooks.objects("Invoice")) == [80, 90]
    for one in (early, invoice):
        assert company.outcome(Kind.INVOICE, one["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_a_payment_without_room_names_the_one_that_cannot_be_taken_off(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    first = company.invoiced.pay(customer, "100", (invoice["id"], "100"))
    company.sweep()
    company.invoiced.edit("payments", first["id"], applied_to=[])
    second = company.invoiced.pay(customer, "100", (invoice["id"], "100"))
    company.quickbooks.fault("closed_period", entity="Payment", operation="sparse")

    company.hear(Kind.PAYMENT, second["id"])
    company.settle()

    assert company.outcome(Kind.PAYMENT, first["id"]) is Outcome.FAILED
    row = company.record(Kind.PAYMENT, second["id"])
    assert (row.outcome, row.next_look_at, row.waiting_for) == (Outcome.WAITING, None, f"payment:{first['id']}")
    assert f"until payment #{first['id']} is synced: The books" in str(row.cause)
    company.quickbooks.heal()
    company.payment(first, why=Why.MANUAL)
    company.settle()
    assert company.outcome(Kind.PAYMENT, second["id"]) is Outcome.SYNCED
    assert company.quickbooks.one("Invoice")["Balance"] == 0


def test_what_moves_no_money_or_waits_is_not_posted(start_company: StartCompany) -> None:
    company = start_company(start_date=date(2026, 10, 5))
    customer = company.invoiced.customer()["id"]
    early = company.invoiced.invoice(customer, date=ISSUED_AT - DAY_S)
    late = company.invoiced.invoice(customer)
    nobody = company.invoiced.pay(None, "5")
    only_early = company.invoiced.pay(customer, "30", (early["id"], "30"))
    both = company.invoiced.pay(customer, "30", (early["id"], "10"), (late["id"], "20"))
    pending = company.invoiced.pay(customer, "30", (late["id"], "30"), charge={"status": "pending"})

    assert company.payment(nobody).outcome == Outcome.SKIPPED
    assert "start date" in company.payment(only_early).cause
    assert company.payment(only_early).outcome == Outcome.SKIPPED
    assert company.payment(both).outcome == Outcome.FAILED
    assert company.payment(pending).outcome == Outcome.WAITING
    assert company.quickbooks.objects("Payment") == []

    company.invoiced.call("POST", f"/_simulator/payments/{pending['id']}/charge", {"status": "succeeded"})
    assert company.payment(pending).outcome == Outcome.SYNCED


def test_a_deposited_payment_fails_and_names_the_remedy(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    payment = company.invoiced.pay(customer, "60")
    company.payment(payment)
    posted = company.quickbooks.one("Payment")
    company.quickbooks.call(
        "POST", f"/_simulator/companies/{company.quickbooks.realm_id}/deposit", {"payments": [posted["Id"]]}
    )
    company.invoiced.call("DELETE", f"/payments/{payment['id']}")

    settlement = company.payment(payment)
    assert (settlement.outcome, settlement.code) == (Outcome.FAILED, "6540")
    assert "deposit" in settlement.remedy.lower()


def test_settings_hold_for_what_is_first_posted_afterwards(start_company: StartCompany) -> None:
    company = start_company(settings=Settings(number_prefix="A-"))
    customer = company.invoiced.customer()["id"]
    old = company.invoiced.invoice(customer)
    company.invoice(old)
    with company.wiring.sessions.begin() as session:
        from shared.db import connections

        connections.save_settings(session, company.id, Settings(number_prefix="B-"))
    new = company.invoiced.invoice(customer)
    company.invoice(new)
    company.invoiced.edit("invoices", old["id"], due_date=ISSUED_AT + DAY_S)
    company.invoice(old)

    numbers = [invoice["DocNumber"] for invoice in company.quickbooks.objects("Invoice")]
    assert numbers == [f"A-{old['number']}", f"B-{new['number']}"]


def bad_debt(company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "30", (invoice["id"], "30"))
    company.payment(payment)
    company.invoiced.edit("invoices", invoice["id"], closed=True)
    assert company.invoice(invoice).outcome == Outcome.SYNCED
    return invoice, payment


def test_a_bad_debt_is_written_off_and_taken_back(company: Company) -> None:
    invoice, _ = bad_debt(company)

    memo = company.quickbooks.one("CreditMemo")
    assert (memo["TotalAmt"], memo["Balance"], memo["DocNumber"]) == (70, 0, f"INVD-{invoice['number']}-BD")
    assert company.quickbooks.one("Invoice")["Balance"] == 0
    item = company.quickbooks.one("Item", Name="Bad debt")
    account = company.quickbooks.one("Account", Id=item["IncomeAccountRef"]["value"])
    assert (account["AccountType"], account["AccountSubType"]) == ("Expense", "BadDebts")
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED

    company.invoiced.edit("invoices", invoice["id"], closed=False)
    assert company.invoice(invoice).outcome == Outcome.SYNCED
    assert company.quickbooks.objects("CreditMemo") == []
    assert company.quickbooks.one("Invoice")["Balance"] == 70
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED


def test_a_changed_bad_debt_is_written_off_anew_on_its_day(company: Company) -> None:
    invoice, payment = bad_debt(company)
    before = company.quickbooks.one("CreditMemo")
    company.later(40 * DAY_S)
    company.invoiced.edit("invoices", invoice["id"], closed=False)
    company.invoiced.edit(
        "payments", payment["id"], applied_to=[{"type": "invoice", "invoice": invoice["id"], "amount": 10}]
    )
    company.invoiced.edit("invoices", invoice["id"], closed=True)

    company.payment(payment)
    company.invoice(invoice)
    company.settle()

    memo = company.quickbooks.one("CreditMemo")
    assert (memo["Id"], memo["TotalAmt"], memo["Balance"]) == (before["Id"], 90, 0)
    assert memo["TxnDate"] == before["TxnDate"]
    assert company.quickbooks.one("Invoice")["Balance"] == 0


@pytest.mark.parametrize("number", ["I" * 40])
def test_long_numbers_and_references_stay_whole_in_the_note(company: Company, number: str) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer, number=number)
    payment = company.invoiced.pay(customer, "100", (invoice["id"], "100"), reference="R" * 40)
    company.payment(payment)

    posted = company.quickbooks.one("Invoice")
    assert len(posted["DocNumber"]) == 21 and number in posted["PrivateNote"]
    paid = company.quickbooks.one("Payment")
    assert len(paid["PaymentRefNum"]) == 21 and "R" * 40 in paid["PrivateNote"]


def test_what_quickbooks_applied_by_itself_is_found_to_be_right(company: Company) -> None:
    """AutoApplyCredit: QuickBooks spends an unapplied payment on the next invoice before Invoiced does."""
    company.quickbooks.prefer(SalesFormsPrefs={"AutoApplyCredit": True})
    customer = company.invoiced.customer()["id"]
    payment = company.invoiced.pay(customer, "50")
    company.payment(payment)
    invoice = company.invoiced.invoice(customer)
    assert company.invoice(invoice).outcome == Outcome.MISMATCH

    splits = [{"type": "invoice", "invoice": invoice["id"], "amount": 50}]
    company.invoiced.edit("payments", payment["id"], applied_to=splits)
    company.payment(payment)
    company.settle()

    assert company.quickbooks.one("Invoice")["Balance"] == 50
    assert company.outcome(Kind.INVOICE, invoice["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_a_deposited_payment_is_not_doubled_when_it_moves_to_another_customer(company: Company) -> None:
    one, two = company.invoiced.customer("One")["id"], company.invoiced.customer("Two")["id"]
    invoice = company.invoiced.invoice(two)
    payment = company.invoiced.pay(one, "60")
    company.payment(payment)
    posted = company.quickbooks.one("Payment")
    company.quickbooks.call(
        "POST", f"/_simulator/companies/{company.quickbooks.realm_id}/deposit", {"payments": [posted["Id"]]}
    )
    splits = [{"type": "invoice", "invoice": invoice["id"], "amount": 60}]
    company.invoiced.edit("payments", payment["id"], applied_to=splits)

    assert company.payment(payment).outcome == Outcome.FAILED
    assert [p["TotalAmt"] for p in company.quickbooks.objects("Payment")] == [60]


def test_an_unapplied_payment_is_cleared_although_a_bookkeeper_wrote_into_its_note(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "80", (invoice["id"], "80"))
    company.payment(payment)
    posted = company.quickbooks.one("Payment")
    note = f"Called them.\n{posted['PrivateNote']}"
    company.quickbooks.by_hand("Payment", {"Id": posted["Id"], "sparse": True, "PrivateNote": note})
    company.invoiced.edit("payments", payment["id"], applied_to=[], reference="R" * 30)

    assert company.payment(payment).outcome == Outcome.SYNCED

    now = company.quickbooks.one("Payment")
    assert now["UnappliedAmt"] == 80
    assert now["PrivateNote"].startswith("Called them.") and "R" * 30 in now["PrivateNote"]
    assert company.quickbooks.one("Invoice")["Balance"] == 100


def test_a_bad_debt_waits_for_a_payment_that_was_taken_back(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    payment = company.invoiced.pay(customer, "30", (invoice["id"], "30"))
    company.payment(payment)
    company.invoiced.call("DELETE", f"/payments/{payment['id']}")
    company.invoiced.edit("invoices", invoice["id"], closed=True)

    company.invoice(invoice)
    company.settle()

    assert company.quickbooks.one("CreditMemo")["TotalAmt"] == 100
    assert company.quickbooks.one("Invoice")["Balance"] == 0
    assert company.outcome(Kind.INVOICE, invoice["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_a_credit_memo_follows_its_invoices_number(company: Company) -> None:
    invoice, _ = bad_debt(company)
    company.invoiced.edit("invoices", invoice["id"], number="NEW-1")
    company.invoice(invoice)
    assert company.quickbooks.one("CreditMemo")["DocNumber"] == "INVD-NEW-1-BD"
    assert company.quickbooks.one("Invoice")["Balance"] == 0


def test_a_bad_debt_item_put_right_in_quickbooks_is_believed(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    company.invoice(invoice)
    sales = company.quickbooks.one("Account", Name="Invoiced Sales")
    item = company.quickbooks.by_hand(
        "Item", {"Name": "Bad debt", "Type": "Service", "IncomeAccountRef": {"value": sales["Id"]}}
    )
    company.invoiced.edit("invoices", invoice["id"], closed=True)
    assert "bad-debt account" in company.invoice(invoice).cause

    expense = company.quickbooks.one("Account", Name="Invoiced Bad Debt")
    company.quickbooks.by_hand("Item", {**item, "IncomeAccountRef": {"value": expense["Id"]}})
    company.look(Kind.INVOICE, invoice["id"], Why.MANUAL)
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0


def test_two_payments_that_quickbooks_holds_and_invoiced_does_not_end_as_a_mismatch(company: Company) -> None:
    """Invoiced's books were put back to an older day; both payments say still what they said."""
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer)
    for _ in range(2):
        company.payment(company.invoiced.pay(customer, "30", (invoice["id"], "30")))
    company.invoiced.call("POST", f"/_simulator/invoices/{invoice['id']}/raw", {"balance": 100})

    company.invoice(invoice)
    company.settle(40)

    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.MISMATCH
