"""The list of records, what needs a person, and what people do about it; on the database of each set-up."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db import attention, connections, history, record_actions, record_list, records, sweeps
from shared.db.models import AuditEntry, Connection, Record
from shared.db.record_actions import Selection
from shared.db.record_list import IGNORED, NOT_LOOKED_AT, Search
from shared.db.records import RecordKey
from shared.db.session import make_sessions
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome, Settlement, synced

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
COMPANY = "c1"


@pytest.fixture(params=["sqlite_database", "postgresql_database"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A database with one connection."""
    engine = request.getfixturevalue(request.param).engine
    with Session(engine, expire_on_commit=False) as session:
        session.add(
            Connection(
                id=COMPANY, name="Company", realm_id="1", time_zone="America/Chicago", invoiced_api_key_encrypted="",
                invoiced_webhook_secret_encrypted="", refresh_token_encrypted="", preferences={}, settings={},
                created_at=NOW,
            )
        )  # fmt: skip
        session.commit()
        yield session


def add(session: Session, record_id: int, kind: Kind = Kind.INVOICE, **columns: Any) -> RecordKey:
    columns = {"first_seen_at": NOW, "outcome": "synced", "outcome_at": NOW + timedelta(seconds=record_id)} | columns
    session.add(Record(connection_id=COMPANY, kind=kind.value, record_id=str(record_id), **columns))
    session.flush()
    return RecordKey(COMPANY, kind, str(record_id))


def found(session: Session, **search: Any) -> list[str]:
    return [row.record_id for row in record_list.find(session, COMPANY, Search(**search)).records]


def act(session: Session, action: Callable[..., int], selection: Selection) -> int:
    """Have a person act on records; what is not seen yet is committed first."""
    session.commit()
    engine = session.get_bind()
    assert isinstance(engine, sa.Engine)
    return action(make_sessions(engine), COMPANY, selection, "me@x.test", NOW)


def settle(session: Session, key: RecordKey, settlement: Settlement) -> Record:
    row = records.claim(session, key, "me", NOW)
    assert row is not None
    assert records.finish(session, key, "me", settlement, NOW)
    return row


def test_records_are_found_by_number_customer_and_amount(session: Session) -> None:
    add(session, 1, label="INV-0001", customer_name="Acme Corp", amount=Decimal("1234.50"), currency="USD")
    add(session, 2, label="INV-0002", customer_name="100% Cotton", amount=Decimal("100"))
    add(session, 3, Kind.PAYMENT, label="check 12", customer_name="Acme Corp", amount=Decimal("100.00"))

    assert found(session, text="inv-000") == ["2", "1"]
    assert found(session, text="acme") == ["3", "1"]
    assert found(session, text="acme", kind=Kind.INVOICE) == ["1"]
    assert found(session, text="1,234.5") == found(session, text="1234.50") == ["1"]
    # As it stands on the page, copied from there.
    for shown in ("$1,234.50", "€1,234.50", "CA$1234.50", "1234.50 USD"):
        assert found(session, text=shown) == ["1"], shown
    assert found(session, text="100.0") == ["3", "2"]
    assert found(session, text="%") == ["2"]
    assert found(session, text="_") == []


def test_documents_are_found_by_their_days(session: Session) -> None:
    for day in (1, 2, 3):
        add(session, day, dated_on=date(2026, 10, day))
    add(session, 4, Kind.CUSTOMER)

    assert found(session, dated_from=date(2026, 10, 2)) == ["3", "2"]
    assert found(session, dated_from=date(2026, 10, 2), dated_to=date(2026, 10, 2)) == ["2"]


def test_few_that_a_search_finds_are_due_at_once_and_many_are_left_to_a_sweep(session: Session) -> None:
    for number in range(record_actions.AT_ONCE + 1):
        add(session, number, label=f"INV-{number}", outcome="failed")
    add(session, 900, Kind.PAYMENT, label="INV-9")

    def resync(**search: Any) -> record_actions.Resync:
        return record_actions.resync_found(session, COMPANY, Search(**search), "me@x.test", NOW)

    assert resync(text="INV-9") == record_actions.Resync(2)
    assert resync(text="nobody") == record_actions.Resync(0)
    # A sweep of chosen records is for a company that posts.
    with pytest.raises(RejectedError):
        resync(kind=Kind.INVOICE)
    connections.start(session, COMPANY, NOW)
    asked = resync(kind=Kind.INVOICE)
    assert asked.sweep_id is not None and asked.number == record_actions.AT_ONCE + 1
    keys = sweeps.not_queued(session, asked.sweep_id, 1000)
    assert {key.kind for key in keys} == {Kind.INVOICE} and len(keys) == asked.number
    due = session.scalars(sa.select(Record.record_id).where(Record.next_look_at.is_not(None))).all()
    assert sorted(due) == ["9", "900"]


def test_pages_follow_each_other_without_gap_or_double(session: Session) -> None:
    for number in range(1, 8):
        # Three of them share one instant.
        add(session, number, outcome_at=NOW + timedelta(seconds=number // 3))
    add(session, 8, outcome=None, outcome_at=None, first_seen_at=NOW + timedelta(hours=1))

    seen, after = [], None
    while True:
        page = record_list.find(session, COMPANY, after=after, limit=3)
        seen += [row.record_id for row in page.records]
        after = page.next_page
        if after is None:
            break

    assert seen[0] == "8"
    assert sorted(seen) == [str(number) for number in range(1, 9)]
    assert record_list.count_by_outcome(session, COMPANY) == {"synced": 7, NOT_LOOKED_AT: 1}


def test_failures_are_grouped_and_retried_by_group(session: Session) -> None:
    closed = Settlement(Outcome.FAILED, cause="Closed.", code="6200")
    odd = Settlement(Outcome.FAILED, cause="Never seen before.", remedy="Ask.", code="9876")
    for number in (1, 2, 3):
        settle(session, add(session, number), odd if number == 3 else closed)
    settle(session, add(session, 4), Settlement(Outcome.WAITING, waiting_for="invoice:1"))
    in_work = add(session, 5)
    settle(session, in_work, closed)
    records.claim(session, in_work, "somebody", NOW)

    groups = attention.groups(session, COMPANY)
    assert [(group.cause.key, group.count) for group in groups] == [("closed-books", 3), ("code-9876", 1)]
    assert groups[1].cause.explanation == "Never seen before."
    assert attention.count(session, COMPANY) == 4

    assert act(session, record_actions.retry, Selection(cause_group="closed-books")) == 3
    session.expire_all()
    rows = {row.record_id: row for row in session.scalars(sa.select(Record))}
    assert [rows[n].next_look_at for n in ("1", "2", "3")] == [NOW, NOW, None]
    assert (rows["5"].dirty, rows["5"].asked_by_person) == (True, True)
    [entry] = history.find(session, RecordKey(COMPANY, Kind.INVOICE, "1"))
    assert (entry.what, entry.who, entry.cause) == ("person", "me@x.test", "retry")
    [audited] = session.scalars(sa.select(AuditEntry))
    assert (audited.who, audited.after) == ("me@x.test", "3 records: all of cause closed-books")


@pytest.mark.parametrize("action", [record_actions.retry, record_actions.ignore])
def test_very_many_are_acted_on_in_short_transactions(
    session: Session, action: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_actions, "SLICE", 2)
    closed = Settlement(Outcome.FAILED, cause="Closed.", code="6200")
    keys = [add(session, number, kind) for number in (1, 2, 3) for kind in (Kind.INVOICE, Kind.PAYMENT)]
    for key in keys:
        settle(session, key, closed)
    engine = session.get_bind()
    updated = []

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE records"):
            updated.append(cursor.rowcount)

    sa.event.listen(engine, "after_cursor_execute", note)
    assert act(session, action, Selection(cause_group="closed-books")) == len(keys)
    sa.event.remove(engine, "after_cursor_execute", note)

    assert max(updated) == 2
    assert [len(history.find(session, key)) for key in keys] == [1] * len(keys)
    [audited] = session.scalars(sa.select(AuditEntry))
    assert audited.after == "6 records: all of cause closed-books"


def test_what_is_ignored_stays_aside_until_it_is_well_or_fails_otherwise(session: Session) -> None:
    closed = Settlement(Outcome.FAILED, cause="Closed.", code="6200")
    first, second, third = (add(session, number) for number in (1, 2, 3))
    for key in (first, second, third):
        settle(session, key, closed)

    assert act(session, record_actions.ignore, Selection((first, second))) == 2
    assert act(session, record_actions.ignore, Selection()) == 1
    assert attention.count(session, COMPANY) == 0
    assert sorted(found(session, outcome=IGNORED)) == ["1", "2", "3"]
    assert act(session, record_actions.retry, Selection()) == 0

    # A passing trouble and the same failure again change nothing; another failure and success do.
    settle(session, first, Settlement(Outcome.WAITING, next_look_at=NOW))
    settle(session, first, closed)
    assert attention.count(session, COMPANY) == 0
    settle(session, second, Settlement(Outcome.FAILED, cause="Taken.", code="6140"))
    settle(session, third, synced())
    session.expire_all()
    assert attention.count(session, COMPANY) == 1
    assert found(session, outcome=IGNORED) == ["1"]

    assert act(session, record_actions.take_back, Selection((first,))) == 1
    session.expire_all()
    assert attention.count(session, COMPANY) == 2
