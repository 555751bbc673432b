"""Runs the processes of the product together: all of them, or none.

When it is told to stop, when one of them ends by itself, and when make above it has gone, every process that
was started is ended: by SIGTERM, and by SIGKILL if that does not help.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any

from invoiced_quickbooks.tether import MakeAbove, end_with_parent

_LOOK_EVERY_S = 0.1
# Signals that come within this time are one request to end.
_ONE_REQUEST_S = 1.0
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(Exception):
    """Somebody asked for an end."""


class BrokenError(Exception):
    """The product cannot start or go on; the message says why, in a person's words."""


@dataclass(frozen=True)
class Program:
    """A process to run. Its output goes to the file `log`, or where our own goes.

    It gets `grace_s` seconds to end after a SIGTERM; of the programs to be ended, those of the highest `stage`
    are first, and those of a lower one wait for them.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    grace_s: float = 10.0
    stage: int = 0


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[bytes]


@dataclass
class Supervisor:
    """Use it as a context: whatever ends the block, nothing that was started is left afterwards."""

    _running: list[_Running] = field(default_factory=list)
    _signals_at_s: list[float] = field(default_factory=list)
    _handlers_before: dict[signal.Signals, Any] = field(default_factory=dict)
    _make: MakeAbove = field(default_factory=MakeAbove)

    def __enter__(self) -> "Supervisor":
        for number in _STOPPING:
            self._handlers_before[number] = signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_all()
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)

    def start(self, program: Program) -> None:
        """Start a program, in a session of its own: a terminal's Ctrl-C is ours to pass on.

        Raises:
            StoppedError: somebody asked for an end.
            BrokenError: it cannot be started.
        """
        self.look()
        output: IO[bytes] | None = None
        try:
            if program.log is not None:
                program.log.parent.mkdir(parents=True, exist_ok=True)
                output = program.log.open("wb")
            process = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(end_with_parent, os.getpid()),
            )
        except OSError as error:
            raise BrokenError(f"{program.name} cannot be started: {error}") from error
        finally:
            if output is not None:
                output.close()
        self._running.append(_Running(program, process))

    def run_to_its_end(self, program: Program) -> None:
        """Start a program and return when it has ended well.

        Raises:
            StoppedError: somebody asked for an end.
            BrokenError: it failed.
        """
        self.start(program)
        mine = self._running[-1]
        while mine.process.poll() is None:
            self.look(besides=mine)
            time.sleep(_LOOK_EVERY_S)
        self._running.remove(mine)
        if mine.process.returncode != 0:
            raise BrokenError(_why_it_ended(mine))

    def wait_until(self, is_ready: Callable[[], bool], what: str, within_s: float) -> None:
        """Return once `is_ready()`.

        Raises:
            StoppedError: somebody asked for an end.
            BrokenError: one of the programs ended, or the time is over.
        """
        deadline = time.monotonic() + within_s
        while not is_ready():
            self.look()
            if time.monotonic() > deadline:
                raise BrokenError(f"{what} did not answer within {within_s:.0f} seconds.{self._tails()}")
            time.sleep(_LOOK_EVERY_S)

    def watch(self, every_s: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Call `meanwhile` every so often for as long as all programs run and nobody asks for an end.

        Raises:
            StoppedError: somebody asked for an end.
            BrokenError: one of the programs ended.
        """
        while True:
            meanwhile()
            next_at = time.monotonic() + every_s
            while time.monotonic() < next_at:
                self.look()
                time.sleep(_LOOK_EVERY_S)

    def look(self, besides: _Running | None = None) -> None:
        """See whether to go on.

        Raises:
            StoppedError: somebody asked for an end.
            BrokenError: one of the programs ended.
        """
        if self._signals_at_s or self._make.has_ended():
            raise StoppedError
        for running in self._running:
            if running is not besides and running.process.poll() is not None:
                raise BrokenError(_why_it_ended(running))

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals_at_s.append(time.monotonic())

    def _end_all(self) -> None:
        began_s = time.monotonic()
        for stage in sorted({running.program.stage for running in self._running}, reverse=True):
            ending = [running for running in self._running if running.program.stage == stage]
            for running in ending:
                if running.process.poll() is None:
                    running.process.terminate()
            stage_began_s = time.monotonic()
            for running in ending:
                deadline_s = stage_began_s + running.program.grace_s
                while running.process.poll() is None and time.monotonic() < deadline_s:
                    # Whoever asks again does not want to wait; make and a process group ask twice at once.
                    if any(at_s > began_s + _ONE_REQUEST_S for at_s in self._signals_at_s):
                        break
                    time.sleep(_LOOK_EVERY_S / 2)
                # The whole session, a server's workers included; where all have ended, this finds nobody.
                with suppress(ProcessLookupError):
                    os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
        self._running.clear()

    def _tails(self) -> str:
        return "".join(_tail(running.program) for running in self._running)


def own_environment() -> dict[str, str]:
    """Return this process's environment; programs of this virtual environment are found first."""
    own = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _why_it_ended(running: _Running) -> str:
    code = running.process.returncode
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
    return f"{running.program.name} ended unexpectedly, {how}.{_tail(running.program)}"


def _tail(program: Program) -> str:
    """Return the last lines of a program's log, if it has one of its own."""
    if program.log is None or not program.log.exists():
        return ""
    lines = program.log.read_text(errors="replace").splitlines()[-15:]
    return "".join(f"\n  {program.name}: {line}" for line in lines)
