"""`python -m bench.vendor NAME`: an empty simulator as a process of its own, as the vendors are, that also tells when
each call came and how long it took. That of Invoiced may begin with invoices.

Instants are of `time.perf_counter`, which all processes of a machine share.
"""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from wsgiref.types import StartResponse, WSGIEnvironment

import click
import requests
from flask import Flask, Response, jsonify, request

from shared.money import decode_json, encode_json
from simulators.clock import Clock
from simulators.command_line import Options
from simulators.fault_hooks import CONTROL
from simulators.invoiced.app import create_simulator as create_invoiced
from simulators.invoiced.switches import Switches as InvoicedSwitches
from simulators.quickbooks.app import create_simulator as create_quickbooks
from simulators.quickbooks.switches import Switches as QuickBooksSwitches
from simulators.server import serve

Name = Literal["quickbooks", "invoiced"]
ITEMS = ("Consulting", "Hosting", "Support")

_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.01


@dataclass(frozen=True)
class Timed:
    """One call: when it came, and how long it took."""

    began_at: float
    seconds: float

    @property
    def ended_at(self) -> float:
        return self.began_at + self.seconds


@dataclass
class Vendor:
    """One running simulator, called over HTTP."""

    url: str
    process_id: int
    auth: tuple[str, str] | None = None
    http: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make one call and return the decoded answer."""
        answer = self.http.request(
            method,
            f"{self.url}{path}",
            data=None if body is None else encode_json(body),
            headers={"Content-Type": "application/json", "Accept": "application/json", **headers},
            auth=self.auth,
            timeout=_WITHIN_S,
        )
        answer.raise_for_status()
        return decode_json(answer.content) if answer.content else None

    def access_token(self, credentials: dict[str, Any]) -> str:
        """Trade the refresh token of a company's credentials for an access token, as any app does."""
        basic = base64.b64encode(f"{credentials['client_id']}:{credentials['client_secret']}".encode()).decode()
        answer = self.http.post(
            f"{self.url}/oauth2/v1/tokens/bearer",
            data={"grant_type": "refresh_token", "refresh_token": credentials["companies"][0]["refresh_token"]},
            headers={"Authorization": f"Basic {basic}"},
            timeout=_WITHIN_S,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def first_call(self, what: str) -> Timed:
        """Wait for the first call about something (see `_about`), and return it.

        Raises:
            RuntimeError: it did not come.
        """
        give_up_at = time.monotonic() + _WITHIN_S
        while time.monotonic() < give_up_at:
            answer = self.http.get(f"{self.url}{CONTROL}/timed", params={"what": what}, timeout=_WITHIN_S)
            if found := answer.json():
                return Timed(*found)
            time.sleep(_LOOK_EVERY_S)
        raise RuntimeError(f"a call never came: {what}")


@contextmanager
def running(name: Name, *, limits: bool = False, invoices: int = 0) -> Iterator[Vendor]:
    """Run a vendor."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.vendor", name, "--invoices", str(invoices), *(["--limits"] if limits else [])],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout is not None
        vendor = Vendor(process.stdout.readline().split()[-1], process.pid)
        yield vendor
        vendor.http.close()
    finally:
        process.terminate()
        process.wait(timeout=_WITHIN_S)


def resident_mb(process_id: int) -> int:
    """Return how much memory a process takes, as Linux tells it; 0 elsewhere."""
    status = Path(f"/proc/{process_id}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))


def _about(environ: WSGIEnvironment) -> str | None:
    """Return what a call is about, of those that are timed: an invoice written to QuickBooks, by its number (`write
    INVD-7`), or one read at Invoiced, by its path (`read /invoices/7`)."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method == "POST" and path.endswith("/invoice"):
        return f"write {json.loads(environ['wsgi.input'].getvalue() or b'{}').get('DocNumber')}"
    if method == "GET" and path.startswith("/invoices/"):
        return f"read {path}"
    return None


def _install_timing(app: Flask) -> None:
    timed: dict[str, Timed] = {}
    serve_call: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = app.wsgi_app

    def timing(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        began_at = time.perf_counter()
        answer = serve_call(environ, start)
        what = _about(environ)
        if what is not None:
            timed.setdefault(what, Timed(began_at, time.perf_counter() - began_at))
        return answer

    app.wsgi_app = timing  # type: ignore[assignment, method-assign]

    @app.get(f"{CONTROL}/timed")
    def first() -> Response:
        found = timed.get(request.args["what"])
        return jsonify(None if found is None else [found.began_at, found.seconds])


def _issue(app: Flask, invoices: int) -> None:
    """Issue invoices of which no webhook tells."""
    client = app.test_client()
    auth = (client.get(f"{CONTROL}/credentials").get_json()["api_key"], "")
    customer = client.post("/customers", json={"name": "Standing"}, auth=auth).get_json()["id"] if invoices else None
    for number in range(invoices):
        lines = [{"name": name, "quantity": number % 7 + 1, "unit_cost": 33.35} for name in ITEMS]
        client.post("/invoices", json={"customer": customer, "items": lines}, auth=auth)
    client.delete(f"{CONTROL}/requests")


@click.command()
@click.argument("name", type=click.Choice(["quickbooks", "invoiced"]))
@click.option("--limits", is_flag=True, help="Apply the vendor's throttles.")
@click.option("--invoices", type=int, default=0, help="How many invoices stand in Invoiced, all of one customer.")
def main(name: Name, limits: bool, invoices: int) -> None:
    """Serve until SIGTERM; the first line that is printed ends in the address."""
    options = Options(port=0, empty=True, limits=limits)
    if name == "quickbooks":
        quickbooks = create_quickbooks(options, QuickBooksSwitches(), Clock())
        _install_timing(quickbooks.app)
        serve(quickbooks.app, 0, "QuickBooks", quickbooks.close)
    else:
        invoiced = create_invoiced(options, InvoicedSwitches(), Clock())
        _install_timing(invoiced.app)
        _issue(invoiced.app, invoices)
        serve(invoiced.app, 0, "Invoiced", invoiced.close)


if __name__ == "__main__":
    main()
