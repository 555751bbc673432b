"""What an admin's settings do to what is posted, and how a change lets go on what they had kept back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from administration.change_settings import SettingsRefusedError, change
from administration.quickbooks_lists import find_lists
from administration.repost import repost
from shared.db import audit, links
from shared.db.links import LinkKey
from shared.db.records import RecordKey
from shared.messages import Kind
from shared.outcomes import Outcome
from shared.settings import Settings
from tests.flows.company import Company
from tests.flows.conftest import StartCompany, on_both_databases

WHO = "admin@example.com"


def choose(company: Company, **texts: str) -> None:
    change(company.wiring, company.id, texts, WHO)


def account(company: Company, kind: str, name: str) -> str:
    created = company.quickbooks.by_hand("Account", {"Name": name, "AccountType": kind})
    return str(created["Id"])


def billed(company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    return invoice, company.invoiced.pay(customer["id"], "100", (invoice["id"], "100"))


@on_both_databases
def test_invoices_switched_off_wait_for_the_switch_with_their_payments(company: Company) -> None:
    invoice, payment = billed(company)
    choose(company, invoices="off")
    assert company.invoice(invoice).outcome is Outcome.SKIPPED
    settlement = company.payment(payment)
    assert (settlement.outcome, settlement.setting) == (Outcome.SKIPPED, "invoices")
    assert company.quickbooks.objects("Invoice") == company.quickbooks.objects("Payment") == []

    choose(company, invoices="on")
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0
    assert company.outcome(Kind.PAYMENT, payment["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_what_was_posted_is_left_while_its_kind_is_off(company: Company) -> None:
    _, payment = billed(company)
    company.payment(payment)
    choose(company, invoices="off", payments="off")
    company.invoiced.edit("payments", payment["id"], reference="2002")
    assert company.payment(payment).outcome is Outcome.SKIPPED
    assert company.quickbooks.one("Payment").get("PaymentRefNum", "") == ""
    choose(company, payments="on")
    company.settle()
    assert company.quickbooks.one("Payment")["PaymentRefNum"] == "2002"


def test_without_payments_an_invoice_is_posted_and_nothing_is_missed(company: Company) -> None:
    invoice, _ = billed(company)
    choose(company, payments="off")
    assert company.invoice(invoice).outcome is Outcome.SYNCED
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == Decimal(100)
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.SYNCED


def test_without_payments_no_payment_is_taken_off(company: Company) -> None:
    invoice, payment = billed(company)
    company.payment(payment)
    choose(company, payments="off")
    company.invoiced.call("DELETE", f"/invoices/{invoice['id']}")
    settlement = company.invoice(invoice)
    assert (settlement.outcome, settlement.setting) == (Outcome.FAILED, "payments")
    assert company.quickbooks.one("Payment")["TotalAmt"] == Decimal(100)


@pytest.mark.parametrize("direction", ["from QuickBooks", "off"])
def test_a_customer_is_not_sent_where_customers_are_not_to_be(company: Company, direction: str) -> None:
    choose(company, customers=direction)
    invoice, _ = billed(company)
    assert company.invoice(invoice).outcome is Outcome.WAITING
    company.settle()
    assert company.outcome(Kind.CUSTOMER, invoice["customer"]) is Outcome.FAILED
    assert company.quickbooks.objects("Customer") == []

    choose(company, customers="both")
    company.settle()
    assert company.quickbooks.one("Invoice")["TotalAmt"] == Decimal(100)


@pytest.mark.parametrize("direction", ["to QuickBooks", "off"])
def test_a_customer_is_not_taken_where_customers_are_not_to_be(company: Company, direction: str) -> None:
    choose(company, customers=direction)
    born = company.quickbooks.by_hand("Customer", {"DisplayName": "Born there"})
    assert company.look(Kind.QUICKBOOKS_CUSTOMER, born["Id"]).outcome is Outcome.SKIPPED
    assert company.invoiced.call("GET", "/customers") == []

    choose(company, customers="both")
    company.settle()
    assert [one["name"] for one in company.invoiced.call("GET", "/customers")] == ["Born there"]


def test_one_way_to_quickbooks_a_change_there_never_reaches_invoiced(company: Company) -> None:
    invoice, _ = billed(company)
    company.invoice(invoice)
    choose(company, customers="to QuickBooks")
    standing = company.quickbooks.one("Customer")
    company.quickbooks.by_hand("Customer", {**standing, "PrimaryPhone": {"FreeFormNumber": "555"}})
    company.invoiced.edit("customers", invoice["customer"], email="new@acme.test")
    assert company.look(Kind.CUSTOMER, invoice["customer"]).outcome is Outcome.SYNCED
    assert company.quickbooks.one("Customer")["PrimaryEmailAddr"]["Address"] == "new@acme.test"
    assert company.invoiced.call("GET", f"/customers/{invoice['customer']}")["phone"] is None


def test_edits_in_invoiced_are_made_up_for_once_customers_go_to_quickbooks_again(company: Company) -> None:
    invoice, _ = billed(company)
    company.invoice(invoice)
    choose(company, customers="from QuickBooks")
    company.invoiced.edit("customers", invoice["customer"], email="new@acme.test")
    assert company.look(Kind.CUSTOMER, invoice["customer"]).outcome is Outcome.SKIPPED
    standing = company.quickbooks.one("Customer")
    company.quickbooks.by_hand("Customer", {**standing, "PrimaryPhone": {"FreeFormNumber": "555"}})
    company.look(Kind.QUICKBOOKS_CUSTOMER, standing["Id"])
    assert company.invoiced.call("GET", f"/customers/{invoice['customer']}")["phone"] == "555"
    choose(company, customers="both")
    company.settle()
    assert company.quickbooks.one("Customer")["PrimaryEmailAddr"]["Address"] == "new@acme.test"


def test_nothing_is_matched_automatically_where_nobody_wants_it(company: Company) -> None:
    choose(company, customer_matching="never automatically")
    customer = company.invoiced.customer("Acme", number="C-1")
    born = company.quickbooks.by_hand("Customer", {"DisplayName": "Acme C-1"})
    invoice = company.invoiced.invoice(customer["id"])
    assert company.invoice(invoice).outcome is Outcome.WAITING
    company.settle()
    row = company.record(Kind.QUICKBOOKS_CUSTOMER, born["Id"])
    assert (row.outcome, row.waiting_for) == (Outcome.WAITING, "choice")
    assert row.versions is not None
    assert [one["number"] for one in row.versions["candidates"]] == ["C-1"]
    assert company.quickbooks.objects("Invoice") == []

    choose(company, customer_matching="default")
    company.settle()
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == born["Id"]


def test_deposits_go_by_method_then_currency_then_to_the_general_account(company: Company) -> None:
    by_method, by_currency = account(company, "Bank", "Checks"), account(company, "Bank", "Dollars")
    choose(company, deposit_by_method=f"check={by_method}", deposit_by_currency=f"usd={by_currency}")
    customer = company.invoiced.customer("Acme")
    check = company.invoiced.pay(customer["id"], "5")
    wire = company.invoiced.pay(customer["id"], "6", method="wire_transfer")
    for payment in (check, wire):
        assert company.payment(payment).outcome is Outcome.SYNCED
    accounts = {one["TotalAmt"]: one["DepositToAccountRef"]["value"] for one in company.quickbooks.objects("Payment")}
    assert accounts == {Decimal(5): by_method, Decimal(6): by_currency}

    # A change is for what is first posted afterwards.
    choose(company, deposit_by_method="")
    company.invoiced.edit("payments", check["id"], reference="2002")
    company.payment(check)
    changed = company.quickbooks.one("Payment", TotalAmt=Decimal(5))
    assert (changed["PaymentRefNum"], changed["DepositToAccountRef"]["value"]) == ("2002", by_method)


def test_a_start_date_moved_back_releases_what_it_had_kept_out(start_company: StartCompany) -> None:
    company = start_company(start_date=date(2026, 12, 1))
    invoice, payment = billed(company)
    company.payment(payment)
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.SKIPPED
    choose(company, start_date="2026-01-01")
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0


@on_both_databases
def test_a_selection_is_posted_again_under_todays_settings(company: Company) -> None:
    invoice, payment = billed(company)
    other = company.invoiced.invoice(invoice["customer"])
    company.payment(payment)
    company.invoice(other)
    bank = account(company, "Bank", "Second bank")
    choose(company, number_prefix="N-", deposit_account=bank)
    keys = [
        RecordKey(company.id, Kind.INVOICE, str(invoice["id"])),
        RecordKey(company.id, Kind.PAYMENT, str(payment["id"])),
    ]
    with company.wiring.sessions.begin() as session:
        accepted, refused = repost(session, company.id, keys, WHO, company.now())
    assert (set(accepted), refused) == (set(keys), [])
    company.settle()
    numbers = {one["DocNumber"] for one in company.quickbooks.objects("Invoice")}
    assert numbers == {f"N-{invoice['number']}", f"INVD-{other['number']}"}
    assert company.quickbooks.one("Payment")["DepositToAccountRef"]["value"] == bank
    assert all(link.terms is not None for link in company.links() if link.kind in ("invoice", "payment"))
    # What is posted again keeps its new terms.
    choose(company, number_prefix="X-")
    company.invoice(invoice)
    assert f"N-{invoice['number']}" in {one["DocNumber"] for one in company.quickbooks.objects("Invoice")}


def test_a_closed_period_is_never_posted_again(company: Company) -> None:
    invoice, _ = billed(company)
    company.invoice(invoice)
    company.quickbooks.prefer(AccountingInfoPrefs={"BookCloseDate": "2026-12-31"})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    key = RecordKey(company.id, Kind.INVOICE, str(invoice["id"]))
    with company.wiring.sessions.begin() as session:
        accepted, refused = repost(session, company.id, [key], WHO, company.now())
        assert accepted == []
        assert "closed in QuickBooks, until 2026-12-31" in refused[0].reason
        link = links.find(session, LinkKey(key))
        assert link is not None and link.terms is not None


def test_another_account_releases_what_failed_for_the_former(start_company: StartCompany) -> None:
    company = start_company(settings=Settings(deposit_account="9999"))
    customer = company.invoiced.customer("Acme")
    payment = company.invoiced.pay(customer["id"], "5")
    assert company.payment(payment).outcome is Outcome.FAILED
    bank = account(company, "Bank", "Second bank")
    choose(company, deposit_account=bank)
    company.settle()
    assert company.quickbooks.one("Payment")["DepositToAccountRef"]["value"] == bank


def test_a_change_is_audited_in_words_and_a_wrong_type_is_refused_at_its_field(company: Company) -> None:
    bank = account(company, "Bank", "Second bank")
    choose(company, deposit_account=bank)
    with company.wiring.sessions() as session:
        entry = audit.list_latest(session, company.id)[0]
    assert (entry.who, entry.what, entry.after) == (WHO, "Deposit account", "Second bank")
    assert entry.before == "Undeposited Funds, as QuickBooks does by itself"
    with pytest.raises(SettingsRefusedError) as refusal:
        choose(company, income_account=bank, number_prefix="A-")
    assert list(refusal.value.problems) == ["income_account"]
    assert "of the type Bank" in refusal.value.cause
    with company.wiring.sessions() as session:
        assert len(audit.list_latest(session, company.id)) == 1


def test_choices_are_quickbooks_own_active_ones_of_the_right_type(company: Company) -> None:
    bank, gone = account(company, "Bank", "Second bank"), account(company, "Bank", "Old bank")
    company.quickbooks.by_hand("Account", {**company.quickbooks.one("Account", Id=gone), "Active": False})
    choices = find_lists(company.wiring, company.id).choices
    assert bank in [one.id for one in choices["deposit_account"]]
    assert gone not in [one.id for one in choices["deposit_account"]]
    assert {one.type for one in choices["income_account"]} <= {"Income", "Other Income"}
    assert not {"TAX", "NON"} & {one.id for one in choices["tax_code"]}
