"""Synchronize: webhooks during a sweep against an idle product, and what a sweep over what stands already costs.

`python -m bench.bench_sweep --invoices N` takes more invoices than `make bench` does; `--paced` keeps to Intuit's
limits, as the product does in production; `--cancel` ends the sweep once the webhooks were measured.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.bench_live_path import LivePath, running, seconds_to_books

INVOICES = 300
_MEASURED = 15
_APART_S = 0.5
# A look that began this long after a change has certainly seen it: `consumer.learned.CLEARLY_AFTER`, rounded up.
_CLEARLY_AFTER_S = 12
_WITHIN_S = 3600.0


def main(invoices: int = INVOICES, *, paced: bool = False, cancel: bool = False) -> None:
    """Print the latency during a sweep as a ratio, and the calls of a sweep over unchanged invoices."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), at_intuits_pace=paced) as path:
        customer = int(path.invoiced.call("POST", "/customers", {"name": "Acme"})["id"])
        idle = [_by_itself(path, customer, number) for number in range(1, _MEASURED + 1)]
        _miss(path, customer, invoices)
        number = path.command("sweep", "start")["number"]
        time.sleep(1)
        busy = [_by_itself(path, customer, number) for number in range(1, _MEASURED + 1)]
        shown = path.command("sweep", "show", str(number))
        print(
            f"webhooks during a sweep of {invoices} invoices ({shown['state']}, {shown['done']} done): median"
            f" {statistics.median(busy):.3f} s, idle {statistics.median(idle):.3f} s,"
            f" ratio {statistics.median(busy) / statistics.median(idle):.1f}"
        )
        if cancel:
            path.command("sweep", "cancel")
            return
        swept = _wait_for_end(path, number)
        minutes = (_instant(swept["ended_at"]) - _instant(swept["began_at"])) / timedelta(minutes=1)
        throttled = sum(row["status"] == 429 for row in path.quickbooks.call("GET", "/_simulator/requests"))
        print(
            f"a sweep of {swept['found']} records: {swept['outcomes']} at {swept['found'] / minutes:.0f} a minute,"
            f" {throttled} calls throttled by QuickBooks"
        )
        _again(path, customer)
        time.sleep(_CLEARLY_AFTER_S)
        _, looked = _everything(path)
        time.sleep(_CLEARLY_AFTER_S)
        outcome, calls = _everything(path)
        listed = sum(calls.invoiced.values())
        print(
            f"a sweep over everything, {outcome['found']} records that stand: {outcome['outcomes'].get('unchanged', 0)}"
            f" unchanged, {listed} calls to Invoiced of which {calls.invoiced.get('read', 0)} of one record"
            f" (the first such sweep: {looked.invoiced.get('read', 0)}),"
            f" {calls.writes} writes to QuickBooks"
        )


def _by_itself(path: LivePath, customer: int, number: int) -> float:
    """Return how long an invoice takes to QuickBooks; a string of them would use Intuit's pace up by itself."""
    seconds = seconds_to_books(path, customer, number)
    time.sleep(_APART_S)
    return seconds


def _miss(path: LivePath, customer: int, invoices: int) -> None:
    """Issue invoices of which no webhook tells."""
    path.invoiced.call("POST", "/_simulator/webhooks", {"url": "http://127.0.0.1:9/", "secret": "bench"})
    for number in range(invoices):
        path.issue(customer, quantity=number % 7 + 1)
    path.invoiced.call("POST", "/_simulator/webhooks", {"url": path.webhook_url, "secret": "bench"})


def _again(path: LivePath, customer: int) -> None:
    """Let the last webhooks come to their end."""
    path.wait_for_rest(path.issue(customer, quantity=1), None)


@dataclass(frozen=True)
class _Cost:
    """What one sweep cost: calls to Invoiced by operation, and writes to QuickBooks."""

    invoiced: dict[str, int]
    writes: int


def _everything(path: LivePath) -> tuple[dict[str, Any], _Cost]:
    """Sweep over everything; return how it ended, and what it cost."""
    for vendor in (path.invoiced, path.quickbooks):
        vendor.call("DELETE", "/_simulator/requests")
    number = path.command("sweep", "start", "--everything")["number"]
    outcome = _wait_for_end(path, number)
    counts: dict[str, int] = {}
    for row in path.invoiced.call("GET", "/_simulator/requests"):
        counts[row["operation"]] = counts.get(row["operation"], 0) + 1
    writes = sum(
        row["operation"] in ("create", "update", "sparse", "void", "delete")
        for row in path.quickbooks.call("GET", "/_simulator/requests")
    )
    return outcome, _Cost(counts, writes)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _wait_for_end(path: LivePath, number: int) -> dict[str, Any]:
    give_up_at = time.monotonic() + _WITHIN_S
    while time.monotonic() < give_up_at:
        shown: dict[str, Any] = path.command("sweep", "show", str(number))
        if shown["ended_at"] is not None:
            return shown
        time.sleep(1)
    raise RuntimeError("the sweep did not end")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--invoices", type=int, default=INVOICES)
    arguments.add_argument("--paced", action="store_true")
    arguments.add_argument("--cancel", action="store_true")
    chosen = arguments.parse_args()
    main(chosen.invoices, paced=chosen.paced, cancel=chosen.cancel)
