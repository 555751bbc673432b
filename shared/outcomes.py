"""How the last look at a record ended, and what follows. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What people are told of a record."""

    SYNCED = "synced"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WAITING = "waiting"
    FAILED = "failed"
    MISMATCH = "mismatch"
    CHANGED_IN_QUICKBOOKS = "changed in QuickBooks"


# What was wanted stands on both sides.
SETTLED_WELL = (Outcome.SYNCED, Outcome.UNCHANGED)
# After these there is nothing left to wait for: whoever waited looks again, and decides anew.
RELEASING = (*SETTLED_WELL, Outcome.SKIPPED, Outcome.MISMATCH)

# What a record waits for that is no record: somebody must reconnect, or choose.
WAITS_FOR_RECONNECT = "reconnect"
WAITS_FOR_INVOICED_KEY = "invoiced-key"
WAITS_FOR_CHOICE = "choice"
# … or press Synchronize for the first time.
WAITS_FOR_START = "start"


@dataclass(frozen=True)
class Settlement:
    """The outcome of one look, as it is stored.

    `next_look_at` (aware UTC) is when to look again by ourselves; `waiting_for` names a record (`kind:id`), a
    reconnect or a choice; `attempts` counts failed tries since the last success. `topic` is a key of `shared.causes`.
    `versions` is what a person has to hold against each other: `ours` and `theirs`, or the `candidates` of a choice.
    """

    outcome: Outcome
    cause: str = ""
    remedy: str = ""
    code: str | None = None
    detail: str | None = None
    setting: str | None = None
    topic: str | None = None
    waiting_for: str | None = None
    next_look_at: datetime | None = None
    attempts: int = 0
    versions: dict[str, Any] | None = field(default=None)


def synced(remark: str = "") -> Settlement:
    """QuickBooks (or Invoiced) was written and agrees."""
    return Settlement(Outcome.SYNCED, cause=remark)


def unchanged(remark: str = "") -> Settlement:
    """Both sides agreed already; nothing was written."""
    return Settlement(Outcome.UNCHANGED, cause=remark)


def skipped(reason: str, setting: str | None = None) -> Settlement:
    """The record is not for QuickBooks; `reason` says why, `setting` which setting of ours would change that."""
    return Settlement(Outcome.SKIPPED, cause=reason, setting=setting)


def mismatch(difference: str, remedy: str = "", topic: str | None = None) -> Settlement:
    """The ledgers differ; `difference` names both figures."""
    return Settlement(Outcome.MISMATCH, cause=difference, remedy=remedy, topic=topic)


def waits_with(settlement: Settlement) -> str | None:
    """Return what a record waits for that waits for this one, where both wait for the same: a reconnect, or a key."""
    is_same = settlement.waiting_for in (WAITS_FOR_RECONNECT, WAITS_FOR_INVOICED_KEY)
    return settlement.waiting_for if is_same else None
