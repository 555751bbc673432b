"""A process of the product or a simulator, with a log of its own; it can be killed as a machine's failure would."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.patience import PATIENCE_S


class Process:
    """A running process and all its children. `log` is the file of what it wrote."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, variables: dict[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def children(self) -> list[int]:
        """Return the process ids of its children (gunicorn's workers)."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def wait_for_line(self, text: str, within_s: float = PATIENCE_S) -> str:
        """Return the first line of the log that holds `text`."""
        give_up_at = time.monotonic() + within_s
        while True:
            for line in self.log.read_text().splitlines():
                if text in line:
                    return line
            assert self.is_running, f"{self.name} ended:\n{self.log.read_text()}"
            assert time.monotonic() < give_up_at, f"{self.name} never said {text!r}:\n{self.log.read_text()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and its children at once, without a chance to do anything."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE_S)

    def ask_to_end(self) -> None:
        """Send SIGTERM, as a service manager does."""
        self._process.terminate()

    def wait_for_end(self, within_s: float) -> int:
        """Return the exit status."""
        return self._process.wait(timeout=within_s)
