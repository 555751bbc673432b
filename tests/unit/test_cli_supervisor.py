"""Everything that was started is ended, however the end comes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from invoiced_quickbooks.ports import Wanted, check_ports
from shared.config import ConfigError
from tests.patience import PATIENCE_S, eventually
from tests.ports import free_port

# One child ends when it is asked to, one does not listen, one has a child of its own. Each leaves its pid.
POLITE = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
DEAF = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(600)"
PARENT = (
    "import os, subprocess, sys, time; print(os.getpid(), flush=True);"
    f"subprocess.Popen([sys.executable, '-c', {DEAF!r}]); time.sleep(600)"
)
# It ends once the one before it has left its pid.
UNLUCKY = (
    "import os, time, pathlib; print(os.getpid(), flush=True)\n"
    "while not pathlib.Path('0.log').read_text(): time.sleep(0.02)\n"
    "raise SystemExit('no luck')"
)
SUPERVISED = """
import sys
from pathlib import Path
from invoiced_quickbooks.supervisor import BrokenError, Program, StoppedError, Supervisor, own_environment

with Supervisor() as supervisor:
    for number, code in enumerate(sys.argv[2:]):
        log = Path(sys.argv[1]) / f"{number}.log"
        command = [sys.executable, "-c", code]
        supervisor.start(Program(f"child {number}", command, own_environment(), log, grace_s=0.5, stage=number))
    try:
        supervisor.watch(every_s=0.1)
    except StoppedError:
        print("stopped", flush=True)
    except BrokenError as error:
        sys.exit(str(error))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which children leave their pids; none outlives the test."""
    yield tmp_path
    for pid in pids(tmp_path):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def supervising(folder: Path, *children: str, above: list[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a supervisor with these children; `above` is the command that runs it, by default none."""
    script = folder / "supervised.py"
    script.write_text(SUPERVISED)
    command = [sys.executable, str(script), str(folder), *children]
    if above is not None:
        (folder / "Makefile").write_text(f"run:\n\t@exec {' '.join(map(quoted, command))}\n")
        command = above
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that puts the tests in the background has them ignore it, and their children with them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        grandchildren = sum(child == PARENT for child in children)
        eventually(lambda: len(pids(folder)) == len(children) + grandchildren)
        yield process
    finally:
        process.kill()
        process.communicate()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''").replace("$", "$$") + "'"


def pids(folder: Path) -> list[int]:
    lines = [line for log in folder.glob("*.log") for line in log.read_text().splitlines()]
    return [int(line) for line in lines if line.isdecimal()]


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_process_even_those_that_do_not_listen(folder: Path, number: signal.Signals) -> None:
    with supervising(folder, POLITE, DEAF, PARENT) as supervisor:
        supervisor.send_signal(number)
        assert supervisor.communicate(timeout=PATIENCE_S)[0] == "stopped\n"
        assert supervisor.returncode == 0
        assert not [pid for pid in pids(folder) if is_alive(pid)]


def test_when_one_process_ends_all_end_and_it_is_told_which(folder: Path) -> None:
    with supervising(folder, DEAF, UNLUCKY) as supervisor:
        _, said = supervisor.communicate(timeout=PATIENCE_S)
        assert supervisor.returncode == 1
        assert "child 1 ended unexpectedly, with status 1." in said
        assert "child 1: no luck" in said
        assert not [pid for pid in pids(folder) if is_alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel has to help")
def test_children_end_when_the_supervisor_is_killed(folder: Path) -> None:
    with supervising(folder, POLITE, POLITE) as supervisor:
        supervisor.kill()
        eventually(lambda: not [pid for pid in pids(folder) if is_alive(pid)])


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("make"), reason="make is looked at in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_ends_every_process(folder: Path, number: signal.Signals) -> None:
    with supervising(folder, POLITE, DEAF, above=["make", "run"]) as make:
        make.send_signal(number)
        make.communicate(timeout=PATIENCE_S)
        eventually(lambda: not [pid for pid in pids(folder) if is_alive(pid)])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_ports_that_are_taken_are_named_with_what_changes_them(taken_port: int) -> None:
    with pytest.raises(ConfigError) as refused:
        check_ports([Wanted(taken_port, "PORT", "the receiver", host="0.0.0.0"), Wanted(taken_port, "TWO", "another")])
    assert refused.value.problems == [
        f"Port {taken_port} for the receiver is in use: set PORT to another.",
        f"Port {taken_port} for another is in use: set TWO to another.",
    ]


def test_one_port_is_not_given_twice() -> None:
    port = free_port()
    check_ports([Wanted(port, "PORT", "the receiver")])
    with pytest.raises(ConfigError) as refused:
        check_ports([Wanted(port, "PORT", "the receiver"), Wanted(port, "TWO", "another")])
    assert refused.value.problems == [f"Port {port} for another is in use: set TWO to another."]
