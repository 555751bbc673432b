"""`python -m simulators.traffic`: a day at the office, at both vendors.

Every few seconds somebody issues, edits or pays an invoice in Invoiced, or edits a customer in QuickBooks, and
one line on stdout says so. Invoiced is used through its API; QuickBooks as a person uses it in the browser.
"""

import random
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import click
import requests

from simulators.json_numbers import read_json, write_json

Object = dict[str, Any]

_TIMEOUT_S = 15
_METHODS = ("check", "check", "ach", "ach", "credit_card", "wire_transfer", "cash")
_REASONS = ("Additional work", "Change order", "Extra hours on site", "Second delivery")
_STREETS = ("Prairie Avenue", "Station Road", "Harbor Street", "Willow Court", "Foundry Lane", "University Drive")


class RefusedError(Exception):
    """A vendor did not do what was asked; the message says what it answered."""


@dataclass
class Vendor:
    """One vendor's simulator, with its address and, where it wants one, its key."""

    url: str
    http: requests.Session
    key: str = ""

    def call(self, method: str, path: str, body: Object | None = None, **query: str) -> Any:
        """Make one call and return the decoded answer.

        Raises:
            RefusedError: it was answered with an error.
            requests.RequestException: it was not answered.
        """
        answer = self.http.request(
            method,
            f"{self.url}{path}",
            params=query,
            data=None if body is None else write_json(body),
            headers={"Content-Type": "application/json"},
            auth=(self.key, "") if self.key else None,
            timeout=_TIMEOUT_S,
        )
        if not answer.ok:
            raise RefusedError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return read_json(answer.content) if answer.content else None


class Office:
    """The people who work at both vendors. Each deed returns the line that tells of it, None if nothing was to do."""

    def __init__(self, invoiced: Vendor, quickbooks: Vendor, realm_id: str, dice: random.Random) -> None:
        self._invoiced = invoiced
        self._quickbooks = quickbooks
        self._realm_id = realm_id
        self._dice = dice

    def do_something(self) -> str | None:
        """Do one of the deeds, the usual ones more often."""
        deeds: tuple[tuple[Callable[[], str | None], int], ...] = (
            (self.issue, 40),
            (self.pay, 28),
            (self.edit, 18),
            (self.edit_customer, 14),
        )
        deed = self._dice.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]
        return deed()

    def issue(self) -> str | None:
        """Issue an invoice to a customer who pays in US dollars."""
        customers = [one for one in self._invoiced.call("GET", "/customers") if one["currency"] in (None, "usd")]
        items = self._invoiced.call("GET", "/items")
        if not customers or not items:
            return None
        customer = self._dice.choice(customers)
        lines = [self._line(self._dice.choice(items)) for _ in range(self._dice.choice((1, 1, 2, 2, 3, 4)))]
        body: Object = {"customer": customer["id"], "items": lines}
        if self._dice.random() < 0.4:
            body["taxes"] = [{"tax_rate": "state"}] if self._has_tax("state") else []
        if self._dice.random() < 0.15:
            body["discounts"] = [{"amount": Decimal(self._dice.randrange(500, 2500)) / 100}]
        invoice = self._invoiced.call("POST", "/invoices", body)
        return f"Invoice {invoice['number']} issued to {customer['name']}: {_usd(invoice['total'])}"

    def pay(self) -> str | None:
        """Pay an open invoice, wholly or in part."""
        invoice = self._open_invoice()
        if invoice is None:
            return None
        is_partial = self._dice.random() < 0.25
        amount = Decimal(invoice["balance"])
        if is_partial:
            amount = (amount * self._dice.choice((Decimal("0.25"), Decimal("0.5")))).quantize(Decimal("0.01"))
        method = self._dice.choice(_METHODS)
        body: Object = {
            "customer": invoice["customer"],
            "amount": amount,
            "method": method,
            "applied_to": [{"type": "invoice", "invoice": invoice["id"], "amount": amount}],
        }
        if method in ("check", "wire_transfer"):
            body["reference"] = str(self._dice.randrange(10_000, 99_999))
        self._invoiced.call("POST", "/payments", body)
        words = method.replace("_", " ")
        return f"{_usd(amount)} received on invoice {invoice['number']} by {words}{', in part' if is_partial else ''}"

    def edit(self) -> str | None:
        """Add a line to an invoice that nobody has paid yet, or change the quantity of one."""
        invoice = self._open_invoice(unpaid=True)
        if invoice is None:
            return None
        lines: list[Object] = [{"id": line["id"]} for line in invoice["items"]]
        if self._dice.random() < 0.5:
            price = Decimal(self._dice.randrange(2500, 25_000)) / 100
            lines.append({"name": self._dice.choice(_REASONS), "quantity": 1, "unit_cost": price})
        else:
            lines[0]["quantity"] = invoice["items"][0]["quantity"] + 1
        after = self._invoiced.call("PATCH", f"/invoices/{invoice['id']}", {"items": lines})
        return f"Invoice {invoice['number']} edited: {_usd(invoice['total'])} becomes {_usd(after['total'])}"

    def edit_customer(self) -> str | None:
        """Correct a customer's telephone, e-mail or street in QuickBooks."""
        path = f"/_simulator/companies/{self._realm_id}"
        customers = [one for one in self._quickbooks.call("GET", f"{path}/objects/Customer") if one.get("Active")]
        if not customers:
            return None
        customer = self._dice.choice(customers)
        what = self._dice.choice(("telephone", "e-mail address", "street"))
        change: Object = {"Id": customer["Id"], "sparse": True}
        if what == "telephone":
            change["PrimaryPhone"] = {"FreeFormNumber": f"(312) 555-01{self._dice.randrange(100):02d}"}
        elif what == "e-mail address":
            desk = self._dice.choice(("accounts", "billing", "office", "payables"))
            change["PrimaryEmailAddr"] = {"Address": f"{desk}@customer{customer['Id']}.example"}
        else:
            street = f"{self._dice.randrange(10, 9900)} {self._dice.choice(_STREETS)}"
            change["BillAddr"] = {**customer.get("BillAddr", {}), "Line1": street}
        self._quickbooks.call("POST", f"{path}/edit", {"entity": "Customer", "body": change})
        return f"In QuickBooks, {customer['DisplayName']} gets another {what}"

    def _open_invoice(self, unpaid: bool = False) -> Object | None:
        """Return an open invoice in US dollars, a recent one sooner than an old one; `unpaid`: nothing is paid yet."""
        invoices = self._invoiced.call("GET", "/invoices", sort="date desc", per_page="60")
        found = [
            one
            for one in invoices
            if one["status"] in ("not_sent", "sent", "viewed", "past_due")
            and one["currency"] == "usd"
            and one["balance"] > 0
            and (not unpaid or one["balance"] == one["total"])
        ]
        return found[int(len(found) * self._dice.random() ** 2)] if found else None

    def _line(self, item: Object) -> Object:
        quantity: int | Decimal = self._dice.randrange(1, 9)
        if item["type"] == "hours":
            quantity = Decimal(self._dice.randrange(4, 40)) / 4
        elif Decimal(item["unit_cost"]) < 1:
            quantity = self._dice.randrange(50, 600)
        return {"catalog_item": item["id"], "quantity": quantity}

    def _has_tax(self, id: str) -> bool:
        return any(rate["id"] == id for rate in self._invoiced.call("GET", "/tax_rates"))


def _usd(amount: Decimal | int) -> str:
    return f"${Decimal(amount):,.2f}"


@click.command()
@click.option("--invoiced", "invoiced_url", metavar="URL", default="http://127.0.0.1:8082", show_default=True)
@click.option("--quickbooks", "quickbooks_url", metavar="URL", default="http://127.0.0.1:8081", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Other people for another number.")
@click.option(
    "--pause", "pause_s", type=float, default=4.0, show_default=True, help="Seconds between two deeds, on average."
)
def main(invoiced_url: str, quickbooks_url: str, seed: int, pause_s: float) -> None:
    """Keep both simulators busy until SIGINT or SIGTERM."""
    stop = threading.Event()
    # Set from a thread: a handler that ran while the event is being waited for would block on its lock.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    with requests.Session() as http:
        http.trust_env = False
        quickbooks = Vendor(quickbooks_url, http)
        invoiced = Vendor(invoiced_url, http)
        realm_id = quickbooks.call("GET", "/_simulator/credentials")["companies"][0]["realm_id"]
        invoiced.key = invoiced.call("GET", "/_simulator/credentials")["api_key"]
        # The next start goes on with other dice than the last, and still every run can be repeated.
        known = int(http.get(f"{invoiced_url}/invoices", auth=(invoiced.key, "")).headers["X-Total-Count"])
        dice = random.Random(f"traffic {seed} {known}")
        office = Office(invoiced, quickbooks, realm_id, dice)
        while not stop.wait(pause_s * dice.uniform(0.5, 1.5)):
            try:
                line = office.do_something()
            except (RefusedError, requests.RequestException) as error:
                line = f"did not succeed: {error}"
            if line is not None:
                click.echo(f"          ‣ {line}")


if __name__ == "__main__":
    main()
