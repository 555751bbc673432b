"""What becomes of a look that ended in an error."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.retry import FIRST_RETRY_S, LONGEST_RETRY_S, TRIES_OF_A_BUG, backoff_s, settle
from shared.errors import (
    AccessRevokedError,
    AuthLostError,
    BrokerUnavailableError,
    ChangedInQuickBooksError,
    ConflictError,
    LeaseLostError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
    WaitingError,
)
from shared.outcomes import WAITS_FOR_RECONNECT, Outcome

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "outcome", "attempts", "comes_up_again"),
    [
        (TransientError("down"), Outcome.WAITING, 3, True),
        (ConflictError("stale twice"), Outcome.WAITING, 3, True),
        (LeaseLostError("ran out"), Outcome.WAITING, 3, True),
        (BrokerUnavailableError("down"), Outcome.WAITING, 3, True),
        (RateLimitedError("slow down", retry_after_s=60), Outcome.WAITING, 2, True),
        (WaitingError("customer", waiting_for="customer:1"), Outcome.WAITING, 2, False),
        (WaitingError("charge", until=NOW), Outcome.WAITING, 2, True),
        (AuthLostError("gone"), Outcome.WAITING, 2, False),
        (AccessRevokedError("gone"), Outcome.WAITING, 2, False),
        (RejectedError("no"), Outcome.FAILED, 3, False),
        (NotFoundError("not there"), Outcome.FAILED, 3, False),
        (
            ChangedInQuickBooksError("by hand", remedy="undo", ours={"a": 1}, theirs={"a": 2}),
            Outcome.CHANGED_IN_QUICKBOOKS,
            0,
            False,
        ),
        (ZeroDivisionError("ours"), Outcome.FAILED, TRIES_OF_A_BUG, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_error_has_one_fate(error: Exception, outcome: Outcome, attempts: int, comes_up_again: bool) -> None:
    settlement = settle(error, 2, NOW, 0.5)
    assert (settlement.outcome, settlement.attempts) == (outcome, attempts)
    assert (settlement.next_look_at is not None) is comes_up_again
    assert settlement.cause
    if isinstance(error, AuthLostError):
        assert settlement.waiting_for == WAITS_FOR_RECONNECT


def test_what_quickbooks_said_is_kept() -> None:
    error = RejectedError("closed", remedy="open it", code="6200", detail="The period", setting="discounts")
    settlement = settle(error, 0, NOW, 0.5)
    assert (settlement.cause, settlement.remedy, settlement.code, settlement.detail, settlement.setting) == (
        "closed",
        "open it",
        "6200",
        "The period",
        "discounts",
    )


def test_a_bug_is_tried_a_few_times_before_it_waits_for_a_person() -> None:
    outcomes = [settle(KeyError("x"), attempts, NOW, 0).outcome for attempts in range(TRIES_OF_A_BUG)]
    assert outcomes == [Outcome.WAITING] * (TRIES_OF_A_BUG - 1) + [Outcome.FAILED]


@given(st.integers(0, 10_000), st.floats(0, 0.999))
def test_waits_grow_to_an_hour_and_never_beyond(attempts: int, jitter: float) -> None:
    assert FIRST_RETRY_S / 2 <= backoff_s(attempts, jitter) <= LONGEST_RETRY_S
    assert backoff_s(attempts, jitter) <= backoff_s(attempts + 1, jitter)
    assert backoff_s(60, 0) == LONGEST_RETRY_S / 2


def test_a_rate_limit_waits_as_long_as_it_says() -> None:
    settlement = settle(RateLimitedError("slow", retry_after_s=60), 0, NOW, 0)
    assert settlement.next_look_at == NOW + timedelta(seconds=60)


def test_every_error_class_is_settled_by_name() -> None:
    """A new error class must be given a fate here, not fall into one by chance."""
    known = {
        "TransientError",
        "RateLimitedError",
        "AuthExpiredError",
        "AuthLostError",
        "ConflictError",
        "NotFoundError",
        "DuplicateNumberError",
        "DuplicateNameError",
        "RejectedError",
        "ChangedInQuickBooksError",
        "WaitingError",
        "LeaseLostError",
        "BrokerUnavailableError",
    }
    assert {cls.__name__ for cls in SyncError.__subclasses__()} == known
