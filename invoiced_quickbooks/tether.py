"""Ties child processes to this one, and this one to make: nobody outlives whoever started it.

What Linux offers for it is used where it is there; elsewhere signals alone have to do.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_MAKES = ("make", "gmake")

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent_pid: int) -> None:
    """Have the kernel send SIGTERM to this process when its parent dies, however it does.

    Runs in a child between fork and exec.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before that
            os._exit(1)


class MakeAbove:
    """The make whose recipe this process is, if it is one.

    GNU make passes a SIGTERM on to its recipe, but not a SIGINT that was sent to make alone: it waits for the
    recipe to end. What tells is that make no longer catches SIGINT then. And a make that was killed is gone.
    """

    def __init__(self) -> None:
        self._pid = os.getppid() if "MAKELEVEL" in os.environ else None
        if self._pid is not None and _name_of(self._pid) not in _MAKES:
            self._pid = None
        self._caught_interrupts = self._pid is not None and _catches_interrupts(self._pid)

    def has_ended(self) -> bool:
        """Tell whether make has gone, or was interrupted and only waits for us."""
        if self._pid is None:
            return False
        if os.getppid() != self._pid:
            return True
        return self._caught_interrupts and not _catches_interrupts(self._pid)


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _catches_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) & 1 << signal.SIGINT - 1)
