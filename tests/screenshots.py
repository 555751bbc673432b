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
from tests.ports import free_port
from tests.receiver_setup import REPOSITORY

_IMAGES = REPOSITORY / "docs" / "images"
_WITHIN_S = 180.0
_USER = "demo@example.com"
_OTHER = "North Wind Trading"
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
            url, quickbooks_url, invoiced_url = (f"http://localhost:{port}" for port in ports.values())
            _wait_for_sample_company(quickbooks_url)
            _wait_for_rest(folder)
            password = _password(Path(folder))
            _take_all(url, password)
            _take_simulator(invoiced_url)
            _take_first_sync(url, password, quickbooks_url, invoiced_url)
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
            visitor.go(f"{company}/")
            _save(visitor, "dark")
        with Visitor.at(browser, url, width=390) as visitor:
            visitor.log_in(_USER, password)
            visitor.page.get_by_role("button", name="Re-sync all").wait_for()
            _save(visitor, "phone", height=900)


def _take_first_sync(url: str, password: str, quickbooks_url: str, invoiced_url: str) -> None:
    """Connect the account with another, empty company of QuickBooks, and take what leads to its first Synchronize."""
    requests.post(f"{quickbooks_url}/_simulator/companies", json={"name": _OTHER}, timeout=10).raise_for_status()
    api_key = requests.get(f"{invoiced_url}/_simulator/credentials", timeout=10).json()["api_key"]
    with chromium() as browser, Visitor.at(browser, url) as visitor:
        page = visitor.page
        visitor.log_in(_USER, password)
        visitor.go("/connect")
        page.get_by_role("link", name="Connect to QuickBooks").click()
        page.get_by_label(_OTHER).check()
        page.get_by_role("button", name="Connect", exact=True).click()
        page.get_by_label("API key of Invoiced").fill(api_key)
        page.get_by_role("button", name="Save the key").click()
        page.get_by_label("Time zone").select_option("America/Chicago")
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_role("link", name="See what would be posted").click()
        page.get_by_role("button", name="Synchronize").wait_for()
        _save(visitor, "first-look")
        page.get_by_role("button", name="Synchronize").click()
        while page.get_by_role("progressbar").evaluate("bar => bar.position") < 0.3:
            page.wait_for_timeout(200)
        _save(visitor, "progress")


def _take_simulator(invoiced_url: str) -> None:
    """Take one invoice on the page of the Invoiced simulator."""
    with chromium() as browser, Visitor.at(browser, invoiced_url) as visitor:
        _shot(visitor, "invoiced-simulator", f"/_simulator/pages/account-1/invoices/{_INVOICE}", height=1000)


def _shot(visitor: Visitor, name: str, path: str, height: int = 900) -> None:
    visitor.go(path)
    _save(visitor, name, height)


def _save(visitor: Visitor, name: str, height: int = 900) -> None:
    visitor.page.set_viewport_size({"width": visitor.page.viewport_size["width"], "height": height})  # type: ignore[index]
    visitor.page.wait_for_timeout(300)
    visitor.page.screenshot(path=str(_IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
