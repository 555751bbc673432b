"""Every error that ends or postpones the sync of a record, and what it asks for next. Pure.

Each class is raised where an answer is read, settled once in `consumer.worker`, and shown to people by its
`cause` (what is wrong, in plain words) and `remedy` (what to do about it).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime


class SyncError(Exception):
    """Base of all errors below.

    `cause` and `remedy` are sentences for a bookkeeper; `code` and `detail` are QuickBooks' own words.
    """

    def __init__(self, cause: str, *, remedy: str = "", code: str | None = None, detail: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.code = code
        self.detail = detail


class TransientError(SyncError):
    """A time-out, a reset connection or a 5xx: try again, backing off.

    With `outcome_unknown` the vendor may have done the work although no answer arrived.
    """

    def __init__(
        self,
        cause: str,
        *,
        outcome_unknown: bool = False,
        remedy: str = "",
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(cause, remedy=remedy, code=code, detail=detail)
        self.outcome_unknown = outcome_unknown


class RateLimitedError(SyncError):
    """429, or our own pacing: try again after `retry_after_s` seconds; this is not a failed attempt."""

    def __init__(self, cause: str, *, retry_after_s: float) -> None:
        super().__init__(cause)
        self.retry_after_s = retry_after_s


class AuthExpiredError(SyncError):
    """401 on an access token: refresh once and call again. Only `shared.quickbooks` and tokens see it."""


class AuthLostError(SyncError):
    """The authorization is gone (refresh token refused, API key revoked): park until somebody reconnects."""


class AccessRevokedError(AuthLostError):
    """QuickBooks itself says that this app has no access to the company any more: the connection has ended."""


class InvoicedKeyError(AuthLostError):
    """Invoiced refuses the API key: park until somebody gives another one."""


class ConflictError(SyncError):
    """5010: the sync token we sent is not the current one."""


class NotFoundError(SyncError):
    """The record does not exist (Invoiced 404), or does not exist any more (QuickBooks 610)."""


class DuplicateNumberError(SyncError):
    """6140: another document carries this DocNumber; `holder_id` is its QuickBooks id where named."""

    def __init__(self, cause: str, *, holder_id: str | None, code: str, detail: str) -> None:
        super().__init__(cause, code=code, detail=detail)
        self.holder_id = holder_id


class DuplicateNameError(SyncError):
    """6240: another list entity carries this name; `holder_id` is its QuickBooks id where named."""

    def __init__(self, cause: str, *, holder_id: str | None, code: str, detail: str) -> None:
        super().__init__(cause, code=code, detail=detail)
        self.holder_id = holder_id


class RejectedError(SyncError):
    """Refused by QuickBooks, by Invoiced or by our own rules: waits for a person or for the record to change.

    `setting` names what would release it, if anything: one of QuickBooks' preferences (`discounts`, `sales_tax`) or of
    our settings (`customers`, `invoices`, `payments`, `start_date`); `topic` is a key of `shared.causes`, where neither
    that nor `code` says what it has in common with others.
    """

    def __init__(
        self,
        cause: str,
        *,
        remedy: str = "",
        code: str | None = None,
        detail: str | None = None,
        setting: str | None = None,
        topic: str | None = None,
    ) -> None:
        super().__init__(cause, remedy=remedy, code=code, detail=detail)
        self.setting = setting
        self.topic = topic


class ChangedInQuickBooksError(SyncError):
    """A person changed a field that we own; `ours` and `theirs` are the two versions, by field."""

    def __init__(self, cause: str, *, remedy: str, ours: dict[str, object], theirs: dict[str, object]) -> None:
        super().__init__(cause, remedy=remedy)
        self.ours = ours
        self.theirs = theirs


class WaitingError(SyncError):
    """The record cannot go on before something else: another record (`waiting_for`), a time, a choice.

    `waiting_for` is `kind:id` of a record of the same connection; `until` an aware UTC instant to look again;
    `candidates` what a person may choose between, each with `id`, `name` and `number`.
    """

    def __init__(
        self,
        cause: str,
        *,
        remedy: str = "",
        waiting_for: str | None = None,
        until: datetime | None = None,
        candidates: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(cause, remedy=remedy)
        self.waiting_for = waiting_for
        self.until = until
        self.candidates = [dict(candidate) for candidate in candidates]


class LeaseLostError(SyncError):
    """The lease on the record ran out while it was in work; somebody else has it now."""


class BrokerUnavailableError(SyncError):
    """The broker did not confirm a message: whoever handed it in must hand it in again."""
