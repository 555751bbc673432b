"""Synchronize: webhooks during a sweep against an idle product, and what a sweep over what stands already costs.

`python -m bench.bench_sweep --invoices N` takes more invoices than `make bench` does; `--paced` keeps to Intuit's
limits, as the product does in production; `--cancel` ends the sweep once the webhooks were measured.
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.bench_live_path import Journey, LivePath, journey_to_books, running
from bench.vendor import Vendor, resident_mb

INVOICES = 300
_MEASURED = 15
_APART_S = 0.5
# A look that began this long after a change has certainly seen it: `consumer.learned.CLEARLY_AFTER`, rounded up.
_CLEARLY_AFTER_S = 12
_WITHIN_S = 3600.0
_PARTS: dict[str, Callable[[Journey], float]] = {
    "from webhook to QuickBooks": lambda one: one.seconds_to_books,
    "of that, until the invoice was read": lambda one: one.until_read,
    "of that, Invoiced's answer": lambda one: one.read,
    "of that, until the write arrived": lambda one: one.until_written,
    "QuickBooks' answer": lambda one: one.write,
}


def main(invoices: int = INVOICES, *, paced: bool = False, cancel: bool = False) -> None:
    """Print the latency during a sweep as a ratio, and the calls of a sweep over unchanged invoices."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), at_intuits_pace=paced, standing=invoices) as path,
    ):
        customer = int(path.invoiced.call("POST", "/customers", {"name": "Acme"})["id"])
        idle = _journeys(path, customer)
        path.quickbooks.call("DELETE", "/_simulator/requests")
        memory_mb = resident_mb(path.consumer_id)
        number = path.command("sweep", "start")["number"]
        time.sleep(1)
        busy = _journeys(path, customer)
        shown = path.command("sweep", "show", str(number))
        if cancel:
            path.command("sweep", "cancel")
            _wait_until_queues_are_empty(path)
            # Before and after: what else the machine does meets both.
            idle += _journeys(path, customer)
        print(f"webhooks during a sweep of {invoices} invoices ({shown['state']}, {shown['done']} done):")
        for what, seconds in _PARTS.items():
            busy_s, idle_s = (statistics.median(map(seconds, journeys)) for journeys in (busy, idle))
            print(f"  {what}: median {busy_s:.3f} s, idle {idle_s:.3f} s, ratio {busy_s / idle_s:.1f}")
        if cancel:
            return
        swept = _wait_for_end(path, number)
        minutes = (_instant(swept["ended_at"]) - _instant(swept["began_at"])) / timedelta(minutes=1)
        calls = _calls(path.quickbooks)
        print(
            f"a sweep of {swept['found']} records: {swept['outcomes']} at {swept['found'] / minutes:.0f} a minute;"
            f" calls to QuickBooks {dict(calls)}; the consumer's memory {memory_mb} MB before and"
            f" {resident_mb(path.consumer_id)} MB after; {_differences(path)} invoices that differ"
        )
        _again(path, customer)
        time.sleep(_CLEARLY_AFTER_S)
        _, looked = _everything(path)
        time.sleep(_CLEARLY_AFTER_S)
        outcome, cost = _everything(path)
        listed = sum(cost.invoiced.values())
        print(
            f"a sweep over everything, {outcome['found']} records that stand: {outcome['outcomes'].get('unchanged', 0)}"
            f" unchanged, {listed} calls to Invoiced of which {cost.invoiced['read']} of one record"
            f" (the first such sweep: {looked.invoiced['read']}),"
            f" {cost.writes} writes to QuickBooks"
        )


def _journeys(path: LivePath, customer: int) -> list[Journey]:
    """Follow invoices to QuickBooks one by one; a string of them would use Intuit's pace up by itself."""
    journeys = []
    for number in range(_MEASURED):
        journeys.append(journey_to_books(path, customer, quantity=number + 1))
        time.sleep(_APART_S)
    return journeys


def _wait_until_queues_are_empty(path: LivePath) -> None:
    while path.command("status")["queued"]:
        time.sleep(1)


def _again(path: LivePath, customer: int) -> None:
    """Let the last webhooks come to their end."""
    path.wait_for_rest(path.issue(customer, quantity=1), None)


@dataclass(frozen=True)
class _Cost:
    """What one sweep cost: calls to Invoiced by operation, and writes to QuickBooks."""

    invoiced: Counter[str]
    writes: int


def _everything(path: LivePath) -> tuple[dict[str, Any], _Cost]:
    """Sweep over everything; return how it ended, and what it cost."""
    for vendor in (path.invoiced, path.quickbooks):
        vendor.call("DELETE", "/_simulator/requests")
    number = path.command("sweep", "start", "--everything")["number"]
    outcome = _wait_for_end(path, number)
    calls, writes = _calls(path.invoiced), _calls(path.quickbooks)
    return outcome, _Cost(calls, sum(writes[what] for what in ("create", "update", "sparse", "void", "delete")))


def _calls(vendor: Vendor) -> Counter[str]:
    """Return how many calls there were since they were last forgotten, by operation; those that were refused for their
    number as `throttled`, and those inside a batch not."""
    rows = vendor.call("GET", "/_simulator/requests")
    return Counter("throttled" if row["status"] == 429 else row["operation"] for row in rows if not row.get("batch"))


def _differences(path: LivePath) -> int:
    """Return how many invoices stand in one of the two systems alone, or with another total or balance."""
    realm_id = path.credentials["companies"][0]["realm_id"]
    posted = path.quickbooks.call("GET", f"/_simulator/companies/{realm_id}/objects/Invoice")
    billed: list[dict[str, Any]] = []
    page = 1
    while found := path.invoiced.call("GET", f"/invoices?page={page}"):
        billed, page = billed + found, page + 1
    return len(
        {(f"INVD-{one['number']}", one["total"], one["balance"]) for one in billed}
        ^ {(one["DocNumber"], one["TotalAmt"], one["Balance"]) for one in posted}
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _wait_for_end(path: LivePath, number: int) -> dict[str, Any]:
    give_up_at = time.monotonic() + _WITHIN_S
    while time.monotonic() < give_up_at:
        shown: dict[str, Any] = path.command("sweep", "show", str(number))
        if shown["ended_at"] is not None:
            return shown
        # It shows every record that is left, and asking costs the product what looks could have.
        time.sleep(1 if shown["found"] < INVOICES * 2 else 10)
    raise RuntimeError("the sweep did not end")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--invoices", type=int, default=INVOICES)
    arguments.add_argument("--paced", action="store_true")
    arguments.add_argument("--cancel", action="store_true")
    chosen = arguments.parse_args()
    main(chosen.invoices, paced=chosen.paced, cancel=chosen.cancel)
