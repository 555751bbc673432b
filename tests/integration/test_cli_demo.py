"""`make run`'s own command: everything comes up, flows, ends together, and goes on where it stopped."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli_commands import CommandLine
from tests.patience import PATIENCE_S, eventually
from tests.ports import free_port

REPOSITORY = Path(__file__).parents[2]
INVOICES = 25


class Demo:
    """A running demo: what it printed, and its simulators and page over HTTP."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, ports: dict[str, str]) -> None:
        self.process = process
        self._output = output
        self._ports = ports

    @property
    def printed(self) -> str:
        return self._output.read_text()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 3 * PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.2)

    def get(self, port: str, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self._ports[port]}{path}", timeout=PATIENCE_S)

    def page(self) -> str:
        """Log in with what it printed, and return the page that it leads to."""
        found = re.search(r"Log in there as (\S+), password (\S+)", self.printed)
        assert found is not None, self.printed
        with requests.Session() as browser:
            address = f"http://127.0.0.1:{self._ports['PORT']}/login"
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(address, timeout=PATIENCE_S).text)
            assert token is not None
            form = {"csrf_token": token[1], "email": found[1], "password": found[2]}
            return browser.post(address, data=form, timeout=PATIENCE_S).text

    def invoices(self) -> list[dict[str, Any]]:
        """Return the invoices that stand in QuickBooks."""
        realm_id = self.get("QUICKBOOKS_SIMULATOR_PORT", "/_simulator/credentials").json()["companies"][0]["realm_id"]
        path = f"/_simulator/companies/{realm_id}/objects/Invoice"
        found: list[dict[str, Any]] = self.get("QUICKBOOKS_SIMULATOR_PORT", path).json()
        return found

    def processes(self) -> list[int]:
        """Return the supervisor, its children and theirs."""
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            found += [int(child) for child in children.read_text().split()]
        return found


@pytest.fixture
def ports() -> dict[str, str]:
    return {name: str(free_port()) for name in ("PORT", "QUICKBOOKS_SIMULATOR_PORT", "INVOICED_SIMULATOR_PORT")}


@contextmanager
def running(folder: Path, ports: dict[str, str], name: str) -> Iterator[Demo]:
    """Run the demo with its data in `folder`; where the test did not end it, it is killed."""
    output = folder / f"{name}.txt"
    environment = {
        variable: value
        for variable, value in os.environ.items()
        if variable in ("HOME", "LANG", "PATH", "TMPDIR", "TZ")
    }
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoiced_quickbooks", "demo"],
            cwd=folder,
            env={**environment, **ports, "DATA_DIR": str(folder / "var"), "PYTHONPATH": str(REPOSITORY)},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    demo = Demo(process, output, ports)
    try:
        demo.wait_for(lambda: "Ctrl-C ends every process" in demo.printed)
        yield demo
    finally:
        # Its children end with it, each in its own time.
        processes = demo.processes() if process.poll() is None else []
        process.kill()
        process.wait()
        eventually(lambda: not any(is_alive(pid) for pid in processes), "the end of its processes")


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="its processes are looked up in /proc")
def test_the_demo_flows_ends_as_a_whole_and_goes_on_where_it_stopped(tmp_path: Path, ports: dict[str, str]) -> None:
    cli = CommandLine({"DATA_DIR": str(tmp_path / "var")})
    with running(tmp_path, ports, "first") as demo:
        demo.wait_for(lambda: len(demo.invoices()) >= INVOICES)
        assert f"http://localhost:{ports['PORT']}" in demo.printed
        demo.wait_for(lambda: "invoice INV-00" in demo.printed)
        assert "INV-00" in demo.page()
        # Somebody is at work at both vendors.
        demo.wait_for(lambda: "‣" in demo.printed)
        assert "did not succeed" not in demo.printed
        # Commands beside it need no more than DATA_DIR.
        assert cli.json("connection", "show")["state"] == "connected"
        # Each record leads to its pages at both simulators.
        number = demo.invoices()[0]["DocNumber"].removeprefix("INVD-")
        sides = cli.json("record", "invoice", number, "--compare")["both_sides"]
        pages = [sides["invoiced_urls"][0], sides["quickbooks_urls"][0]]
        assert [number in requests.get(page, timeout=PATIENCE_S).text for page in pages] == [True, True]
        assert (tmp_path / "var" / "demo.env").stat().st_mode & 0o777 == 0o600
        processes = demo.processes()
        assert len(processes) >= 6
        demo.process.send_signal(signal.SIGTERM)
        assert demo.process.wait(timeout=2 * PATIENCE_S) == 0
        assert not [pid for pid in processes if is_alive(pid)]
    known = cli.json("connection", "show")
    with running(tmp_path, ports, "second") as demo:
        again = cli.json("connection", "show")
        demo.wait_for(lambda: len(demo.invoices()) >= 2 * INVOICES)
        numbers = [invoice["DocNumber"] for invoice in demo.invoices()]
        assert len(numbers) == len(set(numbers))
        assert (again["id"], again["created_at"]) == (known["id"], known["created_at"])
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(timeout=2 * PATIENCE_S) == 0


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path, ports: dict[str, str]) -> None:
    with running(tmp_path, ports, "first"):
        other = CommandLine({"DATA_DIR": str(tmp_path / "var"), "PORT": "1"})
        assert other.failure("demo")[0].startswith(f"Another `make run` uses {tmp_path / 'var'}")
