"""Calls per second to the simulator of QuickBooks Online, in an empty company and in a large one.

The simulator is a process of its own, called over HTTP on loopback by one client with a kept-alive connection,
in memory and with a data directory. The figure to look at is the ratio: a call must cost what it answers, not
what the company holds. `python -m bench.bench_simulators --documents 100000` is the size that the simulator
is made for.
"""

import argparse
import base64
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

DOCUMENTS = 5000
WRITES = 300
READS = 200
PAGES = 5
ROUNDS = 3
_FILL_WITHIN_S = 1800.0


def main(documents: int = DOCUMENTS) -> None:
    """Print rates of writes and reads and times of pages, empty and full, by where the state is kept."""
    for where in ("in memory", "with a data directory"):
        with ExitStack() as stack:
            small, large = (stack.enter_context(_simulator(where != "in memory")) for _ in range(2))
            large.control("fill", {"documents": documents})
            # By turns: what else the machine does meets both.
            rates = [(_writes_a_second(small), _writes_a_second(large)) for _ in range(ROUNDS)]
            empty, full = (statistics.median(column) for column in zip(*rates, strict=True))
            print(
                f"QuickBooks simulator {where}, writes per second: empty {empty:.0f}, "
                f"with {documents} documents {full:.0f}, ratio {full / empty:.2f}; "
                f"reads by id {_reads_a_second(large):.0f}"
            )
            for name, call in _pages(large).items():
                print(f"  {name}: {_median_ms(call):.1f} ms")


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

    def close(self) -> None:
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Any:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content!r}")
        return json.loads(content)


@contextmanager
def _simulator(keeps: bool) -> Iterator[Company]:
    folder = tempfile.TemporaryDirectory()
    arguments = ["--data-dir", folder.name] if keeps else []
    process = subprocess.Popen(
        [sys.executable, "-m", "simulators.quickbooks", "--port", "0", "--empty", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout is not None
        company = Company(process.stdout.readline().split()[-1])
        yield company
        company.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
        folder.cleanup()


def _writes_a_second(company: Company) -> float:
    """Invoices of three lines, each followed by its payment."""
    mark = time.time_ns()
    customer = {"value": company.call("POST", "customer", {"DisplayName": f"Bench {mark}"})["Customer"]["Id"]}
    account = company.query("SELECT * FROM Account WHERE AccountSubType = 'SalesOfProductIncome'")["Account"][0]
    new_item = {"Name": f"Bench {mark}", "Type": "Service", "IncomeAccountRef": {"value": account["Id"]}}
    item = {"value": company.call("POST", "item", new_item)["Item"]["Id"]}
    detail = {"ItemRef": item, "TaxCodeRef": {"value": "NON"}}
    line = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": detail}
    began_at = time.perf_counter()
    for number in range(WRITES // 2):
        body = {"CustomerRef": customer, "DocNumber": f"{mark}-{number}"[-21:], "Line": [line] * 3}
        invoice = company.call("POST", "invoice", body)["Invoice"]
        link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        paid = {"CustomerRef": customer, "TotalAmt": 300, "Line": [{"Amount": 300, "LinkedTxn": [link]}]}
        company.call("POST", "payment", paid)
    return WRITES / (time.perf_counter() - began_at)


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
