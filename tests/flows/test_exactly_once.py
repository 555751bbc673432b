"""Nothing is posted twice and nothing is lost, whatever the network, the vendors or our own processes do."""

import itertools
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from consumer import carry_out, remember
from shared.db import connections, links, records
from shared.db.models import Link, PendingWrite, Record
from shared.db.records import RecordKey
from shared.messages import Kind, Why
from shared.outcomes import Outcome
from tests.conftest import Database
from tests.flows.company import ISSUED_AT, Company
from tests.flows.conftest import StartCompany

LOST = [
    {"what": "cut_after"},
    {"what": "cut_before"},
    {"what": "truncate"},
    {"what": "status", "status": 500},
    {"what": "status", "status": 503},
    {"what": "html"},
]


def paid_invoice(company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer, ("One", "1", "60"), ("Two", "1", "40"))
    return invoice, company.invoiced.pay(customer, "100", (invoice["id"], "100"))


# Every company in QuickBooks Online is founded with these.
FOUNDED_ITEMS = {"Services", "Hours"}


def count(company: Company) -> dict[str, int]:
    entities = ("Customer", "Item", "Invoice", "Payment", "CreditMemo")
    return {entity: len(made(company, entity)) for entity in entities}


def made(company: Company, entity: str) -> list[dict[str, Any]]:
    return [one for one in company.quickbooks.objects(entity) if one.get("Name") not in FOUNDED_ITEMS]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: "-".join(str(value) for value in fault.values()))
@pytest.mark.parametrize("target", [{"operation": "batch"}, {"entity": "Invoice"}, {"entity": "Payment"}], ids=str)
def test_a_lost_answer_makes_no_duplicate(company: Company, fault: dict[str, Any], target: dict[str, str]) -> None:
    invoice, payment = paid_invoice(company)
    company.quickbooks.fault(**fault, **target, count=2)

    company.hear(Kind.INVOICE, invoice["id"])
    company.hear(Kind.PAYMENT, payment["id"])
    company.settle()

    assert count(company) == {"Customer": 1, "Item": 2, "Invoice": 1, "Payment": 1, "CreditMemo": 0}
    assert company.quickbooks.one("Invoice")["Balance"] == 0
    assert company.outcome(Kind.PAYMENT, payment["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)
    assert company.pending_writes() == 0


def test_an_edit_after_a_lost_answer_follows_as_an_update(company: Company) -> None:
    invoice, _ = paid_invoice(company)
    company.quickbooks.fault("cut_after", entity="Invoice", count=1)
    assert company.invoice(invoice).outcome == Outcome.WAITING
    company.invoiced.edit("invoices", invoice["id"], due_date=ISSUED_AT + 5 * 86_400)
    company.quickbooks.forget_calls()

    company.invoice(invoice)

    assert company.quickbooks.calls() == ["create Invoice", "sparse Invoice"]
    assert company.quickbooks.one("Invoice")["DueDate"] == "2026-10-10"


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("entity", ["Customer", "Item", "Invoice", "Payment"])
def test_long_lost_answers_are_looked_for_before_anything_is_written(
    company: Company, entity: str, arrived: bool
) -> None:
    company.quickbooks.call("PATCH", "/_simulator/switches", {"requestid_hours": 1})
    customer = company.invoiced.customer()["id"]
    company.invoice(company.invoiced.invoice(company.invoiced.customer("Else")["id"]))
    invoice = company.invoiced.invoice(customer, ("New", "1", "100"))
    payment = company.invoiced.pay(customer, "100", (invoice["id"], "100"))
    before = count(company)
    company.quickbooks.fault("cut_after" if arrived else "cut_before", entity=entity, operation="create")
    if entity in ("Customer", "Item"):
        company.quickbooks.fault("cut_after" if arrived else "cut_before", operation="batch")
    company.hear(Kind.PAYMENT, payment["id"])
    company.quickbooks.heal()
    company.later(2 * 3600)
    company.quickbooks.call("POST", "/_simulator/clock", {"advance_seconds": 2 * 3600})

    company.settle()

    added = {name: number - before[name] for name, number in count(company).items()}
    assert added == {"Customer": 1, "Item": 1, "Invoice": 1, "Payment": 1, "CreditMemo": 0}
    assert company.outcome(Kind.PAYMENT, payment["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_what_a_person_made_meanwhile_is_not_taken_for_a_long_lost_create(company: Company) -> None:
    customer = company.invoiced.customer("Acme", number="C1")["id"]
    invoice = company.invoiced.invoice(customer)
    company.quickbooks.fault("cut_before", operation="batch")
    company.hear(Kind.INVOICE, invoice["id"])
    company.quickbooks.heal()
    theirs = company.quickbooks.by_hand("Customer", {"DisplayName": "ACME C1"})
    company.later(2 * 3600)

    company.settle()

    ours = company.quickbooks.one("Customer", DisplayName=f"Acme C1 #{customer}")
    assert company.quickbooks.one("Invoice")["CustomerRef"]["value"] == ours["Id"] != theirs["Id"]


def test_an_orphan_is_adopted_by_its_marker(company: Company) -> None:
    """The database was restored from before the invoice was posted."""
    invoice, payment = paid_invoice(company)
    company.payment(payment)
    with company.wiring.sessions.begin() as session:
        session.execute(sa.delete(Link).where(Link.kind.in_(["invoice", "customer", "item"])))

    assert company.invoice(invoice).outcome in (Outcome.SYNCED, Outcome.MISMATCH, Outcome.WAITING)

    assert count(company) == {"Customer": 1, "Item": 2, "Invoice": 1, "Payment": 1, "CreditMemo": 0}


def test_expired_and_throttled_calls_are_made_up_for(company: Company) -> None:
    invoice, payment = paid_invoice(company)
    company.quickbooks.fault("expired_token", count=1)
    assert company.invoice(invoice).outcome == Outcome.WAITING  # for its payment
    company.quickbooks.fault("throttle", count=1)
    throttled = company.payment(payment)
    assert throttled.outcome == Outcome.WAITING and throttled.attempts == 0
    company.settle()
    assert company.outcome(Kind.PAYMENT, payment["id"]) == Outcome.SYNCED


def test_a_lost_authorization_parks_and_a_reconnect_releases(company: Company) -> None:
    invoice, payment = paid_invoice(company)
    realm = company.quickbooks.realm_id
    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", {"connection": "revoked"})
    for settlement in (company.invoice(invoice), company.payment(payment)):
        assert (settlement.outcome, settlement.waiting_for) == (Outcome.WAITING, "reconnect")
    company.settle()

    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", {"connection": "connected"})
    token = company.quickbooks.call("GET", "/_simulator/credentials")["companies"][0]["refresh_token"]
    with company.wiring.sessions.begin() as session:
        connections.replace_refresh_token(session, company.wiring.vault, company.id, token)
        records.release_reconnected(session, company.id, company.now())
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0


def test_a_closed_period_fails_with_its_code_and_the_next_record_goes_on(company: Company) -> None:
    invoice, payment = paid_invoice(company)
    company.quickbooks.fault("closed_period", entity="Invoice", count=1)
    settlement = company.invoice(invoice)
    assert settlement.outcome == Outcome.FAILED and settlement.code in ("6200", "6210")
    assert company.payment(payment).outcome == Outcome.WAITING

    company.look(Kind.INVOICE, invoice["id"], Why.MANUAL)
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0


@pytest.mark.parametrize("which", ["sqlite_database", "postgresql_database"])
def test_one_writer_a_record(start_company: StartCompany, which: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(which)
    company = start_company(database)
    invoice, _ = paid_invoice(company)
    key = records.RecordKey(company.id, Kind.INVOICE, str(invoice["id"]))
    sessions = company.wiring.sessions
    with sessions.begin() as session:
        assert records.claim(session, key, "somebody else", company.now()) is not None

    assert company.hear(Kind.INVOICE, invoice["id"]) is None
    row = company.record(Kind.INVOICE, invoice["id"])
    assert row.dirty and company.quickbooks.calls() == []

    company.later(records.LEASE_S + 1)  # somebody else has died
    with sessions.begin() as session:
        due = records.take_due(session, company.now())
    assert due == [key]
    company.look(Kind.INVOICE, invoice["id"])
    assert len(company.quickbooks.objects("Invoice")) == 1
    assert not company.record(Kind.INVOICE, invoice["id"]).dirty


def test_work_that_outlived_its_lease_writes_nothing(company: Company) -> None:
    """Its process stood still (a suspended machine); another one has the record meanwhile."""
    invoice, _ = paid_invoice(company)
    key = records.RecordKey(company.id, Kind.INVOICE, str(invoice["id"]))
    deps = company.wiring.deps(company.id, "slow")
    with deps.sessions.begin() as session:
        row = records.claim(session, key, "slow", company.now())
    assert row is not None
    with deps.sessions.begin() as session:
        session.execute(
            sa.update(Record).values(lease_owner="quick", lease_until=company.now() + timedelta(seconds=40))
        )
    from consumer.handlers import HANDLERS
    from consumer.work import look_at

    look_at(deps, key, HANDLERS[Kind.INVOICE], row)

    assert company.quickbooks.objects("Invoice") == []
    with deps.sessions() as session:
        assert session.scalars(sa.select(PendingWrite)).all() == []
        assert links.find(session, links.LinkKey(key)) is None
    assert company.record(Kind.INVOICE, invoice["id"]).lease_owner == "quick"


def test_the_trusted_time_of_a_replay_is_that_of_the_rules() -> None:
    assert carry_out.TRUSTED_REPLAY_S == 600


def test_one_failed_item_of_an_answered_batch_goes_in_a_new_one(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    company.invoice(company.invoiced.invoice(customer))
    invoice = company.invoiced.invoice(customer, ("A", "1", "5"), ("B", "1", "6"), ("C", "1", "7"))
    company.quickbooks.fault("status", status=500, entity="Item", operation="create", count=1)
    company.invoice(invoice)
    company.settle()
    assert sorted(item["Name"] for item in made(company, "Item")) == ["A", "B", "C", "Service"]
    assert company.outcome(Kind.INVOICE, invoice["id"]) == Outcome.SYNCED
    assert company.pending_writes() == 0


def test_a_batch_whose_answers_were_half_recorded_is_sent_again_as_it_was(company: Company) -> None:
    """What QuickBooks does with another body under a request id that it knows is documented nowhere."""
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer, ("A", "1", "5"), ("B", "1", "6"))
    recorded = itertools.count(1)

    class Died(BaseException):
        pass

    def dying(*args: Any) -> Any:
        if next(recorded) == 2:
            raise Died
        return remember.remember(*args)

    with pytest.MonkeyPatch.context() as patch, suppress(Died):
        patch.setattr(carry_out, "remember", dying)
        company.invoice(invoice)
    company.later(records.LEASE_S + 1)
    company.look(Kind.INVOICE, invoice["id"])
    company.settle()

    sent = [
        row["body"] for row in company.quickbooks.call("GET", "/_simulator/requests") if row["operation"] == "batch"
    ]
    assert sent[0] == sent[1]
    assert company.outcome(Kind.INVOICE, invoice["id"]) is Outcome.SYNCED


def test_an_old_answer_told_again_is_no_mismatch(company: Company) -> None:
    invoice, payment = paid_invoice(company)
    company.invoice(invoice)
    company.invoiced.edit("invoices", invoice["id"], due_date=ISSUED_AT + 5 * 86_400)
    company.quickbooks.fault("cut_after", entity="Invoice", count=1)
    company.invoice(invoice)
    company.payment(payment)
    company.settle()
    assert company.quickbooks.one("Invoice")["Balance"] == 0
    assert company.outcome(Kind.INVOICE, invoice["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)


def test_an_invoice_that_a_person_set_right_is_no_mismatch_any_more(company: Company) -> None:
    company.quickbooks.call("PATCH", "/_simulator/switches", {"honour_total_tax": False})
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer, taxes=[{"amount": 8}])
    assert company.invoice(invoice).outcome == Outcome.MISMATCH
    company.quickbooks.call("PATCH", "/_simulator/switches", {"honour_total_tax": True})
    posted = company.quickbooks.one("Invoice")
    tax = {"TxnTaxCodeRef": posted["TxnTaxDetail"]["TxnTaxCodeRef"], "TotalTax": 8}
    company.quickbooks.by_hand(
        "Invoice", {"Id": posted["Id"], "sparse": True, "Line": posted["Line"][:1], "TxnTaxDetail": tax}
    )
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED


def test_changed_preferences_leave_posted_documents_alone(company: Company) -> None:
    customer = company.invoiced.customer()["id"]
    invoice = company.invoiced.invoice(customer, taxes=[{"amount": 8}])
    company.invoice(invoice)
    realm = company.quickbooks.realm_id
    company.quickbooks.call("PATCH", f"/_simulator/companies/{realm}", {"sales_tax": "automated"})
    company.quickbooks.prefer(CurrencyPrefs={"MultiCurrencyEnabled": True})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    company.quickbooks.forget_calls()
    assert company.invoice(invoice).outcome == Outcome.UNCHANGED
    assert company.quickbooks.calls() == []


@pytest.mark.parametrize("answers_at_once", [True, False])
def test_two_invoices_that_pass_on_a_number_end_with_their_own(company: Company, answers_at_once: bool) -> None:
    customer = company.invoiced.customer()["id"]
    first = company.invoiced.invoice(customer, number="INV-1")
    company.invoice(first)
    company.invoiced.edit("invoices", first["id"], number="INV-9")
    second = company.invoiced.invoice(customer, number="INV-1")
    if not answers_at_once:
        company.quickbooks.fault("status", status=503, entity="Invoice", operation="create", count=1)
    assert company.invoice(second).outcome == Outcome.WAITING
    company.settle()
    numbers = [invoice["DocNumber"] for invoice in company.quickbooks.objects("Invoice")]
    assert numbers == ["INVD-INV-9", "INVD-INV-1"]


def test_an_invoice_that_failed_for_a_number_goes_on_when_the_number_is_free(company: Company) -> None:
    """The process that had the former holder of the number in work has died; its lease outlasts all tries."""
    customer = company.invoiced.customer()["id"]
    first = company.invoiced.invoice(customer, number="INV-1")
    company.invoice(first)
    company.invoiced.edit("invoices", first["id"], number="INV-9")
    second = company.invoiced.invoice(customer, number="INV-1")
    with company.wiring.sessions.begin() as session:
        records.claim(session, RecordKey(company.id, Kind.INVOICE, str(first["id"])), "dead", company.now())
    for _ in range(5):
        company.invoice(second)
    assert company.outcome(Kind.INVOICE, second["id"]) is Outcome.FAILED

    company.later(records.LEASE_S + 1)
    company.invoice(first)
    company.settle()
    numbers = [invoice["DocNumber"] for invoice in company.quickbooks.objects("Invoice")]
    assert numbers == ["INVD-INV-9", "INVD-INV-1"]


def test_a_restored_database_finds_the_payments_too(company: Company) -> None:
    _, payment = paid_invoice(company)
    company.payment(payment)
    with company.wiring.sessions.begin() as session:
        session.execute(sa.delete(Link).where(Link.kind.in_(["invoice", "payment"])))
    company.payment(payment)
    company.settle()
    assert count(company)["Payment"] == 1 and count(company)["Invoice"] == 1
    assert company.quickbooks.one("Invoice")["Balance"] == 0
