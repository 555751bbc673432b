"""What happened to a record can be read afterwards: looks, calls, and no secret among them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consumer.schedule import prune_history
from shared.db import connections, history
from shared.db.models import HistoryEntry
from shared.db.records import RecordKey
from shared.messages import Kind, Why
from shared.money import encode_json
from tests.conftest import Database
from tests.flows.company import Company
from tests.flows.conftest import StartCompany


def entries_of(company: Company, kind: Kind, record_id: object) -> list[HistoryEntry]:
    """The oldest first."""
    with company.wiring.sessions() as session:
        return history.find(session, RecordKey(company.id, kind, str(record_id)))[::-1]


@pytest.mark.parametrize("database_name", ["sqlite_database", "postgresql_database"])
def test_a_look_and_its_calls_are_remembered_without_secrets(
    start_company: StartCompany, database_name: str, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(database_name)
    company = start_company(database=database)
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])

    company.hear(Kind.INVOICE, invoice["id"], Why.WEBHOOK, event_id="evt_1")

    *calls, look = entries_of(company, Kind.INVOICE, invoice["id"])
    assert (look.what, look.why, look.event_id, look.outcome) == ("look", "webhook", "evt_1", "synced")
    assert look.delay_ms is not None and 0 <= look.delay_ms < 60_000
    assert calls and all(call.what == "call" and call.intuit_tid for call in calls)
    assert calls[-1].request is not None and calls[-1].request["method"] == "POST"
    assert calls[-1].reply is not None and calls[-1].reply["status"] == 200
    with company.wiring.sessions() as session:
        everything = session.scalars(sa.select(HistoryEntry)).all()
        row = connections.get(session, company.id)
    assert row.last_write_at is not None
    texts = [encode_json([entry.request, entry.reply, entry.cause]) for entry in everything]
    assert company.invoiced.auth is not None
    assert not [text for text in texts if "Bearer" in text or company.invoiced.auth[0] in text]

    record = company.record(Kind.INVOICE, invoice["id"])
    assert (record.amount, record.currency, record.customer_name) == (invoice["total"], "USD", "Acme")
    # Its customer was posted on the way, and is called as people call it.
    posted = company.record(Kind.CUSTOMER, customer["id"])
    assert (posted.label, posted.customer_name) == (customer["number"], "Acme")


def test_old_entries_and_the_surplus_of_a_record_are_deleted(company: Company) -> None:
    key = RecordKey(company.id, Kind.INVOICE, "1")
    other = RecordKey(company.id, Kind.INVOICE, "2")
    now = company.now()
    with company.wiring.sessions.begin() as session:
        history.add(session, [history.of_record(key, now, history.LOOK, cause=str(n)) for n in range(310)])
        history.add(session, [history.of_record(other, now - timedelta(days=181), history.LOOK)])
        history.add(session, [history.of_record(other, now - timedelta(days=179), history.LOOK)])

    assert prune_history(company.wiring) == 11

    assert prune_history(company.wiring) == 0
    with company.wiring.sessions() as session:
        assert [entry.cause for entry in history.find(session, key, limit=500)][-1] == "10"
        assert len(history.find(session, other)) == 1
