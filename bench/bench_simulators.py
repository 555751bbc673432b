"""Calls per second to the simulator of QuickBooks Online, in an empty company and in a large one.

The simulator is a process of its own, called over HTTP on loopback, in memory and with a data directory: by one
client with a kept-alive connection, by several at once, and in batches. The figure to look at is the ratio: a
call must cost what it answers, not what the company holds. `python -m bench.bench_simulators --documents 100000`
is the size that the simulator is made for; it also tells how long filling and starting again take, and how much
memory.
"""

import argparse
import base64
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bench.vendor import resident_mb

DOCUMENTS = 5000
WRITES = 300
CLIENTS = 4
BATCH = 30
READS = 200
PAGES = 5
ROUNDS = 3
_FILL_WITHIN_S = 1800.0


def main(documents: int = DOCUMENTS) -> None:
    """Print rates of writes and reads and times of pages, empty and full, by where the state is kept."""
    for where in ("in memory", "with a data directory"):
        with ExitStack() as stack:
            small, large = (stack.enter_context(_simulator(where != "in memory")) for _ in range(2))
            began_at = time.perf_counter()
            large.company().control("fill", {"documents": documents})
            filled = f"{time.perf_counter() - began_at:.0f} s to fill it, {large.megabytes()} MB of memory"
            print(f"QuickBooks simulator {where}, {documents} documents: {filled}")
            for name, work in _WRITING.items():
                # By turns: what else the machine does meets both.
                rates = [(_writes_a_second(small, work), _writes_a_second(large, work)) for _ in range(ROUNDS)]
                empty, full = (statistics.median(column) for column in zip(*rates, strict=True))
                print(f"  writes per second, {name}: {full:.0f}, empty {empty:.0f}, ratio {full / empty:.2f}")
            print(f"  reads by id per second: {_reads_a_second(large.company()):.0f}")
            for name, call in _pages(large.company()).items():
                print(f"  {name}: {_median_ms(call):.1f} ms")
            if large.folder:
                print(f"  {large.start_again():.1f} s to start again, {large.megabytes()} MB of memory")


class Simulator:
    """A process; with a folder it keeps its companies there."""

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self._start()

    def company(self) -> "Company":
        """Return its one company, over a connection of its own."""
        return Company(self._url)

    def megabytes(self) -> int:
        return resident_mb(self._process.pid)

    def start_again(self) -> float:
        """End it and return the seconds until its next start listens."""
        self.end()
        began_at = time.perf_counter()
        self._start()
        return time.perf_counter() - began_at

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def _start(self) -> None:
        arguments = ["--data-dir", self.folder] if self.folder else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulators.quickbooks", "--port", "0", "--empty", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        assert self._process.stdout is not None
        self._url = self._process.stdout.readline().split()[-1]


class Company:
    """The one company of a running simulator, over one connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_FILL_WITHIN_S)
        known = self._send("GET", "/_simulator/credentials", None, {})
        self._realm, refresh = (known["companies"][0][name] for name in ("realm_id", "refresh_token"))
        basic = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
        form = f"grant_type=refresh_token&refresh_token={quote(refresh)}"
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        token = self._send("POST", "/oauth2/v1/tokens/bearer", form, headers)["access_token"]
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call to the API; raises RuntimeError if it is refused."""
        text = None if body is None else json.dumps(body)
        return self._send(method, f"/v3/company/{self._realm}/{path}", text, self._headers)

    def query(self, statement: str) -> Any:
        return self.call("GET", f"query?query={quote(statement)}")["QueryResponse"]

    def control(self, path: str, body: Any) -> Any:
        return self._send("POST", f"/_simulator/companies/{self._realm}/{path}", json.dumps(body), {})

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Any:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content!r}")
        return json.loads(content)


@contextmanager
def _simulator(keeps: bool) -> Iterator[Simulator]:
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(folder if keeps else None)
        try:
            yield simulator
        finally:
            simulator.end()


def _writes_a_second(simulator: Simulator, work: Callable[[list["Sales"]], int]) -> float:
    """Documents a second: invoices of three lines, and a payment of each."""
    sales = [Sales(simulator.company()) for _ in range(CLIENTS)]
    began_at = time.perf_counter()
    return work(sales) / (time.perf_counter() - began_at)


class Sales:
    """A customer of a company to whom something is sold."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._mark = time.time_ns()
        name = f"Bench {self._mark}"
        self._customer = {"value": company.call("POST", "customer", {"DisplayName": name})["Customer"]["Id"]}
        account = company.query("SELECT * FROM Account WHERE AccountSubType = 'SalesOfProductIncome'")["Account"][0]
        new_item = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": account["Id"]}}
        item = {"value": company.call("POST", "item", new_item)["Item"]["Id"]}
        detail = {"ItemRef": item, "TaxCodeRef": {"value": "NON"}}
        self._line = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": detail}

    def write(self, count: int) -> None:
        for number in range(count // 2):
            invoice = self.company.call("POST", "invoice", self._invoice(number))["Invoice"]
            self.company.call("POST", "payment", self._payment(invoice))

    def write_in_batches(self, count: int) -> None:
        for begun in range(0, count // 2, BATCH):
            numbers = range(begun, min(begun + BATCH, count // 2))
            invoices = self._batch("Invoice", [self._invoice(number) for number in numbers])
            self._batch("Payment", [self._payment(invoice) for invoice in invoices])

    def _batch(self, entity: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        items = [{"bId": str(n), "operation": "create", entity: body} for n, body in enumerate(bodies)]
        answered = self.company.call("POST", "batch", {"BatchItemRequest": items})
        return [item[entity] for item in answered["BatchItemResponse"]]

    def _invoice(self, number: int) -> dict[str, Any]:
        doc_number = f"{self._mark}-{number}"[-21:]
        return {"CustomerRef": self._customer, "DocNumber": doc_number, "Line": [self._line] * 3}

    def _payment(self, invoice: dict[str, Any]) -> dict[str, Any]:
        link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        return {"CustomerRef": self._customer, "TotalAmt": 300, "Line": [{"Amount": 300, "LinkedTxn": [link]}]}


def _by_one(sales: list[Sales]) -> int:
    sales[0].write(WRITES)
    return WRITES


def _by_several(sales: list[Sales]) -> int:
    threads = [threading.Thread(target=one.write, args=(WRITES // 2,)) for one in sales]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(sales) * (WRITES // 2)


def _by_batch(sales: list[Sales]) -> int:
    sales[0].write_in_batches(2 * WRITES)
    return 2 * WRITES


_WRITING = {
    "one client": _by_one,
    f"{CLIENTS} clients at once": _by_several,
    f"one client in batches of {BATCH}": _by_batch,
}


def _reads_a_second(company: Company) -> float:
    ids = [row["Id"] for row in company.query(f"SELECT * FROM Invoice MAXRESULTS {READS}")["Invoice"]]
    began_at = time.perf_counter()
    for id in ids:
        company.call("GET", f"invoice/{id}")
    return len(ids) / (time.perf_counter() - began_at)


def _pages(company: Company) -> dict[str, Callable[[], Any]]:
    count = company.query("SELECT COUNT(*) FROM Invoice")["totalCount"]
    last = max(1, count - 999)
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    by_time = f"SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime > '{hour_ago}' ORDERBY MetaData.LastUpdatedTime"
    changes = f"cdc?entities=Invoice,Payment&changedSince={quote(hour_ago)}"
    return {
        "query by DocNumber": lambda: company.query("SELECT * FROM Invoice WHERE DocNumber = 'BULK-1'"),
        "COUNT(*)": lambda: company.query("SELECT COUNT(*) FROM Invoice"),
        "first page of 1000 by LastUpdatedTime": lambda: company.query(f"{by_time} MAXRESULTS 1000"),
        "last page of 1000": lambda: company.query(f"SELECT * FROM Invoice STARTPOSITION {last} MAXRESULTS 1000"),
        "change data capture, 1000 objects": lambda: company.call("GET", changes),
        "the whole company by a field without an index": lambda: company.query(
            "SELECT COUNT(*) FROM Invoice WHERE Balance > '0'"
        ),
    }


def _median_ms(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(PAGES):
        began_at = time.perf_counter()
        call()
        times.append((time.perf_counter() - began_at) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="how many the large company holds")
    main(parser.parse_args().documents)
