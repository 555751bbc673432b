"""From webhook to QuickBooks: seconds against the simulator's own latency, and calls per invoice by case.

Receiver and consumer run as they do in production, on SQLite and the embedded broker in a folder of their own,
by default with no pacing of our own in the way. Both simulators are processes of their own, as the vendors are, and
tell when each call came; QuickBooks' own webhooks go nowhere.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from bench import vendor
from bench.vendor import ITEMS, Vendor

INVOICES = 25
_WITHIN_S = 30.0
_WEBHOOK_SECRET = "bench"

# How many calls each case may cost.
_CASES = {
    "a new customer with three new items and a payment": 4,
    "a known customer with known items and a payment": 2,
    "an edit": 1,
    "no change": 0,
}


@dataclass
class LivePath:
    """The product between both vendors: QuickBooks' credentials, and the environment of the product's processes."""

    invoiced: Vendor
    quickbooks: Vendor
    credentials: dict[str, Any]
    variables: dict[str, str]
    webhook_url: str = ""
    consumer_id: int = 0

    def command(self, *arguments: str) -> Any:
        """Return what a command of the product prints with `--json`."""
        command = [sys.executable, "-m", "invoiced_quickbooks", *arguments, "--json"]
        done = subprocess.run(command, env=self.variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout, parse_float=Decimal)

    def issue(self, customer: int, quantity: int) -> int:
        """Issue an invoice over every item, and return its id."""
        lines = [{"name": name, "quantity": quantity, "unit_cost": Decimal("33.35")} for name in ITEMS]
        return int(self.invoiced.call("POST", "/invoices", {"customer": customer, "items": lines})["id"])

    def pay(self, customer: int, invoice: int) -> None:
        """Pay a part of an invoice."""
        split = {"type": "invoice", "invoice": invoice, "amount": 50}
        body = {"customer": customer, "amount": 50, "method": "check", "applied_to": [split]}
        self.invoiced.call("POST", "/payments", body)

    def wait_for_rest(self, invoice: int, seen_before: str | None) -> str:
        """Return when the invoice was last looked at, once it was after `seen_before` and nothing is left to do."""
        give_up_at = time.monotonic() + _WITHIN_S
        while time.monotonic() < give_up_at:
            status = self.command("status")
            if status["queued"] == status["in_work"] == status["waiting"] == 0 and status["outcomes"]["synced"]:
                looked_at = str(self.command("record", "invoice", str(invoice))["looked_at"])
                if looked_at != seen_before:
                    return looked_at
            time.sleep(0.2)
        raise RuntimeError("the product did not come to rest")


def main() -> None:
    """Print the latency with its ratio, and the calls by case."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as path:
        customer = int(path.invoiced.call("POST", "/customers", {"name": "Acme"})["id"])
        calls = _calls_by_case(path, customer)
        seconds = [_seconds_to_books(path, customer, number) for number in range(INVOICES)]
        own = _own_latencies(path)
    median, own_median = statistics.median(seconds), statistics.median(own)
    print(
        f"seconds from webhook to QuickBooks write, {INVOICES} invoices: median {median:.3f}, "
        f"slowest {max(seconds):.3f}; the simulator's own latency {own_median:.4f}, ratio {median / own_median:.1f}"
    )
    for case, count in calls.items():
        print(f"calls to QuickBooks for {case}: {count} (at most {_CASES[case]})")


def _calls_by_case(path: LivePath, customer: int) -> dict[str, int]:
    counts: list[int] = []
    invoice, looked_at = 0, None
    for first in (True, False):
        path.quickbooks.call("DELETE", "/_simulator/requests")
        invoice = path.issue(customer, quantity=2 if first else 3)
        path.pay(customer, invoice)
        looked_at = path.wait_for_rest(invoice, None)
        counts.append(_count(path))
    for change in ({"items": [{"name": "Hosting", "quantity": 9, "unit_cost": 20}]}, {"notes": "Thank you"}):
        path.quickbooks.call("DELETE", "/_simulator/requests")
        path.invoiced.call("PATCH", f"/invoices/{invoice}", change)
        looked_at = path.wait_for_rest(invoice, looked_at)
        counts.append(_count(path))
    return dict(zip(_CASES, counts, strict=True))


def _count(path: LivePath) -> int:
    """Return the calls since the log was cleared; a batch is one, and a refresh of tokens none."""
    rows = path.quickbooks.call("GET", "/_simulator/requests")
    return sum(1 for row in rows if not row.get("batch") and row["operation"] != "token")


def _seconds_to_books(path: LivePath, customer: int, number: int) -> float:
    """Issue an invoice; return how long after the event it reached QuickBooks."""
    seconds = journey_to_books(path, customer, quantity=number + 1).seconds_to_books
    # So that the next one meets an idle product.
    time.sleep(0.1)
    return seconds


@dataclass(frozen=True)
class Journey:
    """Where the time of a webhook went, in seconds: until the invoice was read, the read itself (the vendor's time),
    from there to the write's arrival, and the write (the vendor's time again)."""

    until_read: float
    read: float
    until_written: float
    write: float

    @property
    def seconds_to_books(self) -> float:
        """From the event to the arrival of the write in QuickBooks."""
        return self.until_read + self.read + self.until_written


def journey_to_books(path: LivePath, customer: int, quantity: int) -> Journey:
    """Issue an invoice, and follow it to QuickBooks."""
    invoice = path.issue(customer, quantity)
    issued_at = time.perf_counter()
    read = path.invoiced.first_call(f"read /invoices/{invoice}")
    number = path.invoiced.call("GET", f"/invoices/{invoice}")["number"]
    write = path.quickbooks.first_call(f"write INVD-{number}")
    return Journey(read.began_at - issued_at, read.seconds, write.began_at - read.ended_at, write.seconds)


def _own_latencies(path: LivePath) -> list[float]:
    """Return how long the simulator takes for the same invoices when it is called directly."""
    rows = path.quickbooks.call("GET", "/_simulator/requests")
    bodies = [row["body"] for row in rows if (row["entity"], row["operation"]) == ("Invoice", "create")]
    token = path.quickbooks.access_token(path.credentials)
    realm_id = path.credentials["companies"][0]["realm_id"]
    seconds = []
    for number, body in enumerate(bodies[-INVOICES:]):
        began_at = time.perf_counter()
        path.quickbooks.call(
            "POST",
            f"/v3/company/{realm_id}/invoice?minorversion=75&requestid=bench-{number}",
            body | {"DocNumber": f"BENCH-{number}"},
            Authorization=f"Bearer {token}",
        )
        seconds.append(time.perf_counter() - began_at)
    return seconds


@contextmanager
def running(folder: Path, *, at_intuits_pace: bool = False, standing: int = 0) -> Iterator[LivePath]:
    """Run both simulators, connect them, and run the product; with Intuit's limits and our own pace, or without.
    `standing`: how many invoices are in Invoiced of which no webhook told."""
    with ExitStack() as stack:
        to_quickbooks = stack.enter_context(vendor.running("quickbooks", limits=at_intuits_pace))
        to_invoiced = stack.enter_context(vendor.running("invoiced", invoices=standing))
        app = to_quickbooks.call("GET", "/_simulator/credentials")
        realm_id, refresh_token = app["companies"][0]["realm_id"], app["companies"][0]["refresh_token"]
        key = to_invoiced.call("GET", "/_simulator/credentials")["api_key"]
        to_invoiced.auth = (key, "")
        variables = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "BROKER_URL": "embedded://",
            "PORT": str(_free_port()),
            "PUBLIC_URL": "",
            "INVOICED_API_URL": to_invoiced.url,
            "INVOICED_API_KEY": key,
            "INVOICED_WEBHOOK_SECRET": _WEBHOOK_SECRET,
            "QUICKBOOKS_API_URL": to_quickbooks.url,
            "QUICKBOOKS_DISCOVERY_URL": f"{to_quickbooks.url}/.well-known/openid_sandbox_configuration",
            "QUICKBOOKS_CLIENT_ID": app["client_id"],
            "QUICKBOOKS_CLIENT_SECRET": app["client_secret"],
            "QUICKBOOKS_VERIFIER_TOKEN": app["verifier_token"],
            "QUICKBOOKS_REFRESH_TOKEN": refresh_token,
            "SECRET_KEY": "bench",
            "TOKEN_KEYS": Fernet.generate_key().decode(),
        }
        if not at_intuits_pace:
            variables["QUICKBOOKS_CALLS_PER_MINUTE"] = "100000"
        path = LivePath(to_invoiced, to_quickbooks, app, variables)
        path.command("migrate")
        address = path.command("connection", "add", "--realm-id", realm_id, "--time-zone", "UTC")["webhook_url"]
        stack.enter_context(_process(["gunicorn", "--config", "python:webhook_receiver.gunicorn_conf"], variables))
        path.consumer_id = stack.enter_context(_process(["consumer"], variables))
        _wait_for(f"http://127.0.0.1:{variables['PORT']}/healthz")
        to_invoiced.call("POST", "/_simulator/webhooks", {"url": address, "secret": _WEBHOOK_SECRET})
        path.webhook_url = address
        yield path


@contextmanager
def _process(module: list[str], variables: dict[str, str]) -> Iterator[int]:
    """Run a process of the product, whose id this gives."""
    process = subprocess.Popen([sys.executable, "-m", *module], env=variables, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_WITHIN_S)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(url: str) -> None:
    give_up_at = time.monotonic() + _WITHIN_S
    while True:
        try:
            requests.get(url, timeout=5).raise_for_status()
            return
        except requests.RequestException:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
