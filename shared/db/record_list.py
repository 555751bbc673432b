"""The list of records: searched by number, customer and amount, and read page by page, the newest first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import Instant, Link, Record
from shared.db.records import RecordKey
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome

PAGE = 50

# What can be asked for beside the outcomes.
NOT_LOOKED_AT = "not looked at yet"
IGNORED = "ignored"

SHOWN_AT = sa.func.coalesce(Record.outcome_at, Record.first_seen_at)

_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,4})?\Z")
# 1,234.50 as people write it; a point always begins the cents.
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d{1,4})?\Z")
# As the page shows it (-$5.00, CA$5.00) or tells it (5.00 USD).
_WITH_CURRENCY = re.compile(r"(-?)(?:[A-Z]{0,2}[$\u00a2-\u00a5\u20a0-\u20cf])?([\d,.]+)(?:[ \u00a0][A-Z]{3})?\Z")


@dataclass(frozen=True)
class Search:
    """Which records are wanted; what is left out does not matter.

    `text` is part of a number or of a customer's name, or an amount; `outcome` one of `Outcome`, `NOT_LOOKED_AT` or
    `IGNORED`; `cause_group` a key of `shared.causes`; `is_ignored` whether a person has put them aside; `dated_from`
    and `dated_to` the first and the last day of an invoice or a payment.
    """

    text: str = ""
    kind: Kind | None = None
    outcome: str | None = None
    cause_group: str | None = None
    is_ignored: bool | None = None
    dated_from: date | None = None
    dated_to: date | None = None


@dataclass(frozen=True)
class ListedRecord:
    """A record as the list shows it; `quickbooks` are pairs of entity and id of what stands for it in QBO."""

    connection_id: str
    kind: str
    record_id: str
    label: str | None
    outcome: str | None
    cause: str | None
    remedy: str | None
    detail: str | None
    amount: Decimal | None
    currency: str | None
    dated_on: date | None
    customer_name: str | None
    cause_group: str | None
    waiting_for: str | None
    next_look_at: datetime | None
    ignored_at: datetime | None
    ignored_by: str | None
    choice: str | None
    versions: dict[str, Any] | None
    shown_at: datetime
    quickbooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Page:
    """Some records, and where the next page begins (None: there is none)."""

    records: tuple[ListedRecord, ...]
    next_page: str | None


_COLUMNS = [
    getattr(Record, name) for name in ListedRecord.__dataclass_fields__ if name not in ("shown_at", "quickbooks")
]


def find(
    session: Session, connection_id: str, search: Search = Search(), *, after: str | None = None, limit: int = PAGE
) -> Page:
    """Return the records that a search finds, from where `after` (the `next_page` of the page before) says.

    Raises:
        RejectedError: `after` is not such a place.
    """
    _plan_for_this_search(session, search)
    wanted = sa.select(*_COLUMNS, SHOWN_AT.label("shown_at")).where(*conditions(connection_id, search))
    if after is not None:
        place = sa.tuple_(SHOWN_AT, Record.kind, Record.record_id)
        shown_at, kind, record_id = _place(after)
        wanted = wanted.where(place < sa.tuple_(sa.literal(shown_at, Instant), sa.literal(kind), sa.literal(record_id)))
    wanted = wanted.order_by(SHOWN_AT.desc(), Record.kind.desc(), Record.record_id.desc()).limit(limit + 1)
    rows = session.execute(wanted).all()
    shown = rows[:limit]
    linked = find_linked(session, connection_id, [(row.kind, row.record_id) for row in shown])
    listed = tuple(
        ListedRecord(**row._mapping, quickbooks=tuple(linked.get((row.kind, row.record_id), ()))) for row in shown
    )
    last = listed[-1] if len(rows) > limit else None
    return Page(listed, None if last is None else f"{last.shown_at.isoformat()}|{last.kind}|{last.record_id}")


def count(session: Session, connection_id: str, search: Search) -> int:
    """Return how many records a search finds."""
    _plan_for_this_search(session, search)
    wanted = sa.select(sa.func.count()).select_from(Record).where(*conditions(connection_id, search))
    return session.execute(wanted).scalar_one()


def find_keys(session: Session, connection_id: str, search: Search) -> list[RecordKey]:
    """Return the keys of all records that a search finds, by kind and id."""
    wanted = sa.select(Record.kind, Record.record_id).where(*conditions(connection_id, search))
    found = session.execute(wanted.order_by(Record.kind, Record.record_id))
    return [RecordKey(connection_id, Kind(kind), record_id) for kind, record_id in found]


def conditions(connection_id: str, search: Search) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that make a search, for whoever selects or changes what it finds."""
    found = [Record.connection_id == connection_id]
    if search.kind is not None:
        found.append(Record.kind == search.kind.value)
    if search.outcome == NOT_LOOKED_AT:
        found.append(Record.outcome.is_(None))
    elif search.outcome == IGNORED:
        found.append(Record.ignored_at.is_not(None))
    elif search.outcome is not None:
        found.append(Record.outcome == search.outcome)
    if search.cause_group is not None:
        found.append(Record.cause_group == search.cause_group)
    if search.is_ignored is not None:
        found.append(Record.ignored_at.is_not(None) if search.is_ignored else Record.ignored_at.is_(None))
    if search.dated_from is not None:
        found.append(Record.dated_on >= search.dated_from)
    if search.dated_to is not None:
        found.append(Record.dated_on <= search.dated_to)
    text = search.text.strip()
    if text:
        found.append(_has(text))
    return found


def count_by_outcome(session: Session, connection_id: str, kind: Kind | None = None) -> dict[str, int]:
    """Return the number of records by outcome, with `NOT_LOOKED_AT` for those without one."""
    wanted = sa.select(Record.outcome, sa.func.count()).where(Record.connection_id == connection_id)
    if kind is not None:
        wanted = wanted.where(Record.kind == kind.value)
    found = {outcome or NOT_LOOKED_AT: count for outcome, count in session.execute(wanted.group_by(Record.outcome))}
    return {name: found[name] for name in (*(outcome.value for outcome in Outcome), NOT_LOOKED_AT) if name in found}


def count_ignored(session: Session, connection_id: str) -> int:
    """Return how many records a person has put aside."""
    wanted = sa.select(sa.func.count()).where(
        Record.connection_id == connection_id, Record.cause_group.is_not(None), Record.ignored_at.is_not(None)
    )
    return session.execute(wanted).scalar_one()


def currencies(session: Session, connection_id: str) -> set[str]:
    """Return the ISO codes of all documents that were looked at."""
    known = sa.select(Record.currency).where(Record.connection_id == connection_id, Record.currency.is_not(None))
    return {str(currency).upper() for currency in session.scalars(known.distinct())}


def _plan_for_this_search(session: Session, search: Search) -> None:
    """Keep PostgreSQL, in this transaction, from one plan for all texts: a search for what nobody has took it twice as
    long, since it reads as if any text were found soon, and makes the pattern anew for each record."""
    if search.text and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _has(text: str) -> sa.ColumnElement[bool]:
    ways: list[sa.ColumnElement[bool]] = [
        Record.label.icontains(text, autoescape=True),
        Record.customer_name.icontains(text, autoescape=True),
        Record.record_id == text,
    ]
    with_currency = _WITH_CURRENCY.match(text)
    bare = "".join(with_currency.groups()) if with_currency else text
    amount = bare.replace(",", "") if _GROUPED.match(bare) else bare
    if _AMOUNT.match(amount):
        ways.append(sa.cast(Record.amount, sa.String).in_(_spellings(Decimal(amount))))
    return sa.or_(*ways)


def _spellings(amount: Decimal) -> list[str]:
    """Return the texts under which one amount may be stored."""
    shortest = format(amount.normalize(), "f")
    whole, _, fraction = shortest.partition(".")
    spelled = {f"{whole}.{fraction.ljust(places, '0')}" for places in range(1, 5) if len(fraction) <= places}
    return sorted(spelled | {shortest})


def _place(text: str) -> tuple[datetime, str, str]:
    instant, _, rest = text.partition("|")
    kind, _, record_id = rest.partition("|")
    try:
        shown_at = datetime.fromisoformat(instant)
        shown_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RejectedError("There is no such page of the list.", remedy="Begin with the first page.") from error
    if shown_at.tzinfo is None or not record_id:
        raise RejectedError("There is no such page of the list.", remedy="Begin with the first page.")
    return shown_at, kind, record_id


def find_linked(
    session: Session, connection_id: str, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return QBO entity and id of every link of these records."""
    linked: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for kind in sorted({kind for kind, _ in keys}):
        ids = [record_id for of_kind, record_id in keys if of_kind == kind]
        for record_id, entity, qbo_id in session.execute(_links_of(connection_id, kind, ids)):
            linked.setdefault((kind, record_id), []).append((entity, qbo_id))
    return linked


def _links_of(connection_id: str, kind: str, ids: Iterable[str]) -> sa.Select[str, str, str]:
    columns = sa.select(Link.record_id, Link.qbo_entity, Link.qbo_id).where(Link.connection_id == connection_id)
    if kind == Kind.QUICKBOOKS_CUSTOMER.value:
        # The link belongs to the customer in Invoiced that this one stands for.
        columns = sa.select(Link.qbo_id, Link.qbo_entity, Link.qbo_id).where(Link.connection_id == connection_id)
        return columns.where(Link.qbo_entity == "Customer", Link.qbo_id.in_(list(ids)))
    return columns.where(Link.kind == kind, Link.record_id.in_(list(ids))).order_by(Link.id)
