"""`make screenshots`: the pictures of the docs, taken of the running demo in Debian's Chromium."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.e2e.browser import Visitor, chromium
from tests.receiver_setup import REPOSITORY, free_port

_IMAGES = REPOSITORY / "docs" / "images"
_WITHIN_S = 180.0
_USER = "demo@example.com"
# It has discounts and taxes on both levels, and is paid in part.
_INVOICE = 20015


def main() -> None:
    """Bring the demo up in a folder of its own, wait for its sample company, and take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        ports = {name: str(free_port()) for name in ("PORT", "QUICKBOOKS_SIMULATOR_PORT", "INVOICED_SIMULATOR_PORT")}
        demo = subprocess.Popen(
            [sys.executable, "-m", "invoiced_quickbooks", "demo"],
            env={**os.environ, **ports, "DATA_DIR": folder},
            stdout=subprocess.DEVNULL,
            cwd=REPOSITORY,
        )
        try:
            url = f"http://localhost:{ports['PORT']}"
            _wait_for_sample_company(f"http://127.0.0.1:{ports['QUICKBOOKS_SIMULATOR_PORT']}")
            _wait_for_rest(folder)
            _take_all(url, _password(Path(folder)))
            _take_simulator(f"http://127.0.0.1:{ports['INVOICED_SIMULATOR_PORT']}")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=60)


def _wait_for_sample_company(quickbooks_url: str) -> None:
    """Wait until the invoices of the sample company stand in QuickBooks."""
    give_up_at = time.monotonic() + _WITHIN_S
    while time.monotonic() < give_up_at:
        try:
            books = requests.get(f"{quickbooks_url}/_simulator/books", timeout=10).json()["companies"][0]
        except (requests.ConnectionError, requests.Timeout):
            books = {}
        if len(books.get("invoices", [])) > 140:
            return
        time.sleep(1)
    raise RuntimeError("the sample company did not arrive in QuickBooks")


def _wait_for_rest(folder: str) -> None:
    """Wait until what arrived has been looked at; somebody is always at work at both vendors."""
    command = [sys.executable, "-m", "invoiced_quickbooks", "status", "--json"]
    give_up_at = time.monotonic() + _WITHIN_S
    while time.monotonic() < give_up_at:
        done = subprocess.run(
            command, env={**os.environ, "DATA_DIR": folder}, cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        status = json.loads(done.stdout)
        if status["queued"] + status["in_work"] + status["waiting"] < 4:
            return
        time.sleep(2)
    raise RuntimeError("the demo did not come to rest")


def _password(folder: Path) -> str:
    pairs = (line.split("=", 1) for line in (folder / "demo.env").read_text().splitlines())
    return next(value.strip("'") for name, value in pairs if name == "DEMO_PASSWORD")


def _take_all(url: str, password: str) -> None:
    with chromium() as browser:
        with Visitor.at(browser, url) as visitor:
            _shot(visitor, "login", "/login", height=520)
            visitor.log_in(_USER, password)
            company = visitor.page.url.rstrip("/").removeprefix(url)
            _shot(visitor, "page", f"{company}/")
            _shot(visitor, "check-up", f"{company}/preflight/", height=700)
            _shot(visitor, "settings", f"{company}/settings/")
            visitor.go(f"{company}/attention")
            visitor.page.get_by_role("link", name="INV-0031").click()
            visitor.page.wait_for_load_state()
            _save(visitor, "record", height=1000)
        with Visitor.at(browser, url, dark=True) as visitor:
            visitor.log_in(_USER, password)
            _shot(visitor, "attention", f"{company}/attention")
        with Visitor.at(browser, url, width=390) as visitor:
            visitor.log_in(_USER, password)
            visitor.page.get_by_role("button", name="Re-sync all").wait_for()
            _save(visitor, "phone", height=900)


def _take_simulator(invoiced_url: str) -> None:
    """Take one invoice on the page of the Invoiced simulator."""
    with chromium() as browser, Visitor.at(browser, invoiced_url) as visitor:
        _shot(visitor, "invoiced-simulator", f"/_simulator/pages/account-1/invoices/{_INVOICE}", height=1000)


def _shot(visitor: Visitor, name: str, path: str, height: int = 900) -> None:
    visitor.go(path)
    _save(visitor, name, height)


def _save(visitor: Visitor, name: str, height: int) -> None:
    visitor.page.set_viewport_size({"width": visitor.page.viewport_size["width"], "height": height})  # type: ignore[index]
    visitor.page.wait_for_timeout(300)
    visitor.page.screenshot(path=str(_IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
