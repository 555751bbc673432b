"""What is to happen to a posted document: the decision, apart from carrying it out. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from consumer.mapping.marker import with_marker
from consumer.mapping.refs import Body
from shared.db.models import Link


@dataclass(frozen=True)
class Create:
    """Nothing stands in QuickBooks yet."""

    body: Body
    note: str


@dataclass(frozen=True)
class Update:
    """What stands there is not what is meant; `note` is the PrivateNote where it has to change."""

    body: Body
    note: str | None


@dataclass(frozen=True)
class Keep:
    """What was written last is still what is meant."""


def plan_document(link: Link | None, body: Body, marker: str) -> Create | Update | Keep:
    """Compare what is meant with what we wrote last; nobody reads QuickBooks for it.

    A document that we adopted was not written by us yet, and is written once.
    """
    if link is None:
        return Create(body, with_marker(None, marker))
    standing_note = str(link.standing.get("PrivateNote") or "")
    note = with_marker(standing_note, marker)
    if link.body == body and note == standing_note:
        return Keep()
    return Update(body, note if note != standing_note else None)


@dataclass(frozen=True)
class BadDebt:
    """What has to happen to the credit memo of a bad debt, in this order."""

    unapply: bool = False
    delete_memo: bool = False
    write_memo: bool = False
    apply: bool = False


def plan_bad_debt(owed: Decimal, memo: Decimal | None, applied: Decimal | None) -> BadDebt:
    """Plan the way from what stands (sum of the memo, sum that it has applied; None: does not stand) to `owed`."""
    if owed == 0:
        return BadDebt(unapply=applied is not None, delete_memo=memo is not None)
    if memo == owed:
        return BadDebt(apply=applied != owed)
    return BadDebt(unapply=bool(applied), write_memo=True, apply=True)
