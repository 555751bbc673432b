"""The pace of calls to one company, on a clock of the test's own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.db.migrate import migrate
from shared.db.pacing import LONGEST_WAIT_S, RealmPace, limits
from shared.db.session import Sessions, make_engine, make_sessions
from shared.errors import RateLimitedError


class Clock:
    """Goes on only when somebody sleeps; remembers the start of each call."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LONGEST_WAIT_S
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    engine = make_engine(f"sqlite:///{tmp_path / 'pace.db'}")
    migrate(engine)
    yield make_sessions(engine)
    engine.dispose()


def pace(sessions: Sessions, clock: Clock, realm_id: str = "123", calls_per_minute: int = 450) -> RealmPace:
    return RealmPace(sessions, realm_id, calls_per_minute, clock=clock, sleep=clock.sleep)


def most_within(instants: list[datetime], span: timedelta) -> int:
    """Return the largest number of instants in any closed window of that length."""
    return max(sum(first <= other <= first + span for other in instants) for first in instants)


def test_calls_stay_under_intuits_limits_however_fast_they_are_asked_for(sessions: Sessions) -> None:
    clock = Clock()
    one, other = pace(sessions, clock), pace(sessions, clock)
    went: list[datetime] = []
    for n in range(600):
        if n == 300:
            # What was not used in a quiet time is not saved up.
            clock.now += timedelta(minutes=5)
        (one if n % 3 else other).before_call()
        went.append(clock.now)
    assert most_within(went, timedelta(seconds=1)) <= 10
    assert most_within(went, timedelta(minutes=1)) <= 500
    assert went[-1] - went[0] < timedelta(minutes=5, seconds=81)


def test_batches_stay_under_theirs_and_count_as_calls(sessions: Sessions) -> None:
    clock = Clock()
    company = pace(sessions, clock)
    went: list[datetime] = []
    for _ in range(100):
        company.before_batch()
        went.append(clock.now)
    assert most_within(went, timedelta(minutes=1)) <= 40
    assert most_within(went, timedelta(seconds=1)) <= 10


def test_a_batch_is_free_until_the_burst_is_used_up_and_asking_books_nothing(sessions: Sessions) -> None:
    clock = Clock()
    company = pace(sessions, clock)
    free = 0
    while company.batch_is_free():
        assert company.batch_is_free()
        company.before_batch()
        free += 1
    assert 8 <= free <= 10
    clock.now += timedelta(seconds=2)
    assert company.batch_is_free()


def test_a_call_that_would_wait_long_books_nothing_and_says_when(sessions: Sessions) -> None:
    clock = Clock()
    stuck = RealmPace(sessions, "123", 60, clock=clock, sleep=lambda _: None)
    for _ in range(4):
        stuck.before_call()
    for _ in range(5):
        with pytest.raises(RateLimitedError) as caught:
            stuck.before_call()
        assert caught.value.retry_after_s == 3.0
    clock.now += timedelta(seconds=1)
    stuck.before_call()


def test_a_refused_batch_gives_back_what_it_had_booked(sessions: Sessions) -> None:
    clock = Clock()
    company = pace(sessions, clock)
    company.refused(30)
    for _ in range(20):
        with pytest.raises(RateLimitedError):
            company.before_batch()
    assert company.batch_is_free()


def test_a_429_holds_all_calls_to_that_company_and_to_no_other(sessions: Sessions) -> None:
    clock = Clock()
    company = pace(sessions, clock)
    company.refused(60)
    company.refused(5)
    with pytest.raises(RateLimitedError) as caught:
        pace(sessions, clock).before_call()
    assert caught.value.retry_after_s == 60.0
    pace(sessions, clock, realm_id="456").before_call()
    clock.now += timedelta(seconds=60)
    company.before_call()


def test_bulk_work_leaves_every_second_call_of_a_burst_to_others(sessions: Sessions) -> None:
    clock = Clock()
    live, bulk = (RealmPace(sessions, "123", 450, bulk=bulk, clock=clock, sleep=clock.sleep) for bulk in (False, True))
    for _ in range(20):
        bulk.before_call()
    now = clock.now
    live.before_call()
    assert clock.now == now
    bulk.before_call()
    assert clock.now > now


def test_bulk_work_leaves_half_of_the_batches_to_others_and_waits_for_its_turn_only_so_long(
    sessions: Sessions,
) -> None:
    clock = Clock()
    live, bulk = (RealmPace(sessions, "123", 450, bulk=bulk, clock=clock, sleep=clock.sleep) for bulk in (False, True))
    while bulk.batch_is_free():
        bulk.before_batch()
    assert live.batch_is_free()
    live.refused(60)
    with pytest.raises(RateLimitedError) as caught:
        bulk.before_call()
    assert caught.value.retry_after_s == pytest.approx(60 + 60 / 450)


def test_a_higher_number_lifts_calls_and_batches_alike() -> None:
    calls, batches = limits(45_000)
    assert (calls.per_minute, batches.per_minute) == (45_000, 3_000)
    assert calls.burst >= 100
    assert batches.burst >= 800
    calls, batches = limits(60)
    assert (calls.per_minute, batches.per_minute, calls.burst) == (60, 30, 2)
