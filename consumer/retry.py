"""What becomes of a look that ended in an error: when to try again, or whom it waits for. Pure."""

from datetime import datetime, timedelta

from shared.errors import (
    AuthLostError,
    BrokerUnavailableError,
    ChangedInQuickBooksError,
    ConflictError,
    InvoicedKeyError,
    LeaseLostError,
    RateLimitedError,
    SyncError,
    TransientError,
    WaitingError,
)
from shared.outcomes import WAITS_FOR_INVOICED_KEY, WAITS_FOR_RECONNECT, Outcome, Settlement

FIRST_RETRY_S = 4.0
LONGEST_RETRY_S = 3600.0
# A fault of our own may come from something passing (a database that restarts), hence a few tries.
TRIES_OF_A_BUG = 3

_POSTPONED = (TransientError, ConflictError, LeaseLostError, BrokerUnavailableError)


def backoff_s(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after `attempts` failed tries; `jitter` in [0, 1) spreads them over half the time."""
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts, 20))
    return longest * (0.5 + jitter / 2)


def settle(error: Exception, attempts: int, now: datetime, jitter: float) -> Settlement:
    """Return the outcome that an error makes of a record which had failed `attempts` times before."""
    match error:
        case RateLimitedError():
            return Settlement(
                Outcome.WAITING,
                cause=f"{error.cause.removesuffix('.')}; it goes on by itself.",
                next_look_at=now + timedelta(seconds=error.retry_after_s * (1 + jitter / 10)),
                attempts=attempts,
            )
        case AuthLostError():
            return Settlement(
                Outcome.WAITING,
                cause=error.cause,
                remedy=error.remedy,
                code=error.code,
                detail=error.detail,
                waiting_for=WAITS_FOR_INVOICED_KEY if isinstance(error, InvoicedKeyError) else WAITS_FOR_RECONNECT,
                attempts=attempts,
            )
        case WaitingError():
            return Settlement(
                Outcome.WAITING,
                cause=error.cause,
                remedy=error.remedy,
                waiting_for=error.waiting_for,
                next_look_at=error.until,
                attempts=attempts,
                versions={"candidates": error.candidates} if error.candidates else None,
            )
        case ChangedInQuickBooksError():
            return Settlement(
                Outcome.CHANGED_IN_QUICKBOOKS,
                cause=error.cause,
                remedy=error.remedy,
                versions={"ours": error.ours, "theirs": error.theirs},
            )
        case SyncError() if isinstance(error, _POSTPONED):
            return Settlement(
                Outcome.WAITING,
                cause=f"{error.cause}; it is tried again by itself (attempt {attempts + 1} failed).",
                code=error.code,
                detail=error.detail,
                next_look_at=now + timedelta(seconds=backoff_s(attempts, jitter)),
                attempts=attempts + 1,
            )
        case SyncError():
            return Settlement(
                Outcome.FAILED,
                cause=error.cause,
                remedy=error.remedy,
                code=error.code,
                detail=error.detail,
                setting=getattr(error, "setting", None),
                topic=getattr(error, "topic", None),
                attempts=attempts + 1,
            )
        case _:
            return _settle_bug(error, attempts, now, jitter)


def _settle_bug(error: Exception, attempts: int, now: datetime, jitter: float) -> Settlement:
    cause = f"A fault in the sync itself: {type(error).__name__}: {error}"[:2000]
    if attempts + 1 < TRIES_OF_A_BUG:
        return Settlement(
            Outcome.WAITING,
            cause=cause,
            next_look_at=now + timedelta(seconds=backoff_s(attempts, jitter)),
            attempts=attempts + 1,
        )
    return Settlement(
        Outcome.FAILED,
        cause=cause,
        topic="ours",
        remedy="Nothing is lost. Report it with the log lines of this record; sync the record again once it is mended.",
        attempts=attempts + 1,
    )
