"""Waiting for a state instead of a time, and measuring a time on a machine that is busy with something else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# It only ends what hangs: whoever waits for less on a busy machine is wrong now and then.
PATIENCE_S = 60.0
_TICK_S = 0.01


def eventually(condition: Callable[[], object], what: str = "it", within_s: float = PATIENCE_S) -> None:
    """Return once the condition holds; fails the test if it does not."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up_at, f"{what} never happened"
        time.sleep(0.01)


@contextmanager
def own_seconds() -> Iterator[Callable[[], float]]:
    """Yield what tells the seconds since the beginning, less those in which this process did not come to run.

    For claims on how long our own code waits: on a quiet machine these are the seconds of the clock.
    """
    ended, ticks = threading.Event(), 0

    def tick() -> None:
        nonlocal ticks
        while not ended.wait(_TICK_S):
            ticks += 1

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield lambda: ticks * _TICK_S
    finally:
        ended.set()
        thread.join()
