"""Whatever is done to an account in whatever order: its books add up, and its events tell how they stand."""

import random
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.invoiced.app import create_simulator
from simulators.invoiced.switches import Switches
from simulators.json_numbers import read_json, write_json

DOCUMENTS = ("invoices", "credit_notes")
DEEDS = (
    "apply_anew", "bill", "charge", "credit", "delete", "edit", "end_charge", "pay", "put_on_account", "refund", "turn",
    "void", "void_payment", "write_off",
)  # fmt: skip


class Bookkeeping:
    """Somebody who works in one account at random; what makes no sense is refused and changes nothing."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.simulator = create_simulator(Options(port=0, empty=True), Switches(), Clock())
        self.http = self.simulator.app.test_client()
        self.sign_in = {"Content-Type": "application/json"}
        key = self.call("GET", "/_simulator/credentials")["api_key"]
        self.sign_in["Authorization"] = f"Basic {b64encode(f'{key}:'.encode()).decode()}"
        self.call("POST", "/tax_rates", {"id": "seven", "name": "7 %", "value": 7})
        self.call("POST", "/coupons", {"id": "ten", "name": "10 %", "value": 10})
        self.customers = [
            self.call("POST", "/customers", {"name": "Acme", "taxes": taxes})["id"] for taxes in ([], ["seven"])
        ]
        self.done: set[str] = set()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer, None if it is a refusal."""
        data = None if body is None else write_json(body)
        answer = self.http.open(path, method=method, headers=self.sign_in, data=data)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            return None
        return read_json(answer.data) if answer.data else {}

    def all(self, query: str) -> list[Any]:
        """Return all pages of a list."""
        found: list[Any] = []
        while page := self.call("GET", f"/{query}{'&' if '?' in query else '?'}page={len(found) // 100 + 1}"):
            found += page
            if len(page) < 100:
                break
        return found

    def act(self) -> str:
        """Do one thing and return what; a thing that was not refused is noted in `done`."""
        deed = self.chance.choice([*DEEDS, *["bill"] * 6, *["pay", "charge"] * 2])
        if getattr(self, deed)() is not None:
            self.done.add(deed)
        return deed

    def one(self, plural: str, **wanted: Any) -> Any:
        """Return one of the objects whose members are as wanted, or of all; something unknown if there is none."""
        found = self.all(plural)
        fitting = [one for one in found if all(one[name] == value for name, value in wanted.items())]
        return self.chance.choice(fitting or found or [{"id": 1, "amount": 1, "balance": 1, "customer": 1}])

    def cents(self) -> Decimal:
        return Decimal(self.chance.randint(1, 30_000)) / 100

    def part_of(self, amount: Any) -> Decimal:
        return round(Decimal(amount) / self.chance.choice((1, 1, 2, 3)), 2)

    def lines(self) -> list[Any]:
        return [
            {
                "quantity": self.chance.choice((1, 2, Decimal("0.333"))),
                "unit_cost": self.cents(),
                "taxable": self.chance.random() < 0.8,
                "discounts": ["ten"] if self.chance.random() < 0.2 else [],
            }
            for _ in range(self.chance.choice((0, 1, 1, 2, 3)))
        ]

    def to_invoice(self, **wanted: Any) -> tuple[Any, Any]:
        """Return an invoice and a split over it or a part of it."""
        invoice = self.one("invoices", **wanted)
        return invoice, {"type": "invoice", "invoice": invoice["id"], "amount": self.part_of(invoice["balance"])}

    def bill(self) -> Any:
        body = {"customer": self.chance.choice(self.customers), "items": self.lines()}
        return self.call("POST", f"/{self.chance.choice(DOCUMENTS)}", body | {"draft": self.chance.random() < 0.2})

    def pay(self) -> Any:
        invoice, split = self.to_invoice(closed=False, draft=False)
        charge = self.chance.choice((None, None, {"status": self.chance.choice(("succeeded", "pending", "failed"))}))
        amount = split["amount"] + self.chance.choice((0, 0, 5))
        body = {"customer": invoice["customer"], "amount": amount, "applied_to": [split], "charge": charge}
        return self.call("POST", "/payments", body)

    def charge(self) -> Any:
        invoice, split = self.to_invoice(closed=False, draft=False)
        token = self.chance.choice(("tok", "fail", "pending"))
        body = {"customer": invoice["customer"], "amount": split["amount"], "method": "ach", "gateway_token": token}
        return self.call("POST", "/charges", body | {"applied_to": [split]})

    def credit(self) -> Any:
        _, split = self.to_invoice(closed=False, draft=False)
        note = self.one("credit_notes", status="open")
        split |= {"type": "credit_note", "credit_note": note["id"], "amount": min(split["amount"], note["balance"])}
        body = {"customer": note["customer"], "amount": split["amount"], "applied_to": [split]}
        return self.call("POST", "/payments", body)

    def put_on_account(self) -> Any:
        amount = round(self.cents() / 10, 2) + 1  # little: else it would pay all that is billed later
        body = {"customer": self.chance.choice(self.customers), "amount": amount}
        return self.call("POST", "/payments", body | {"applied_to": [{"type": "credit", "amount": amount}]})

    def edit(self) -> Any:
        plural = self.chance.choice(DOCUMENTS)
        document = self.one(plural, paid=self.chance.random() < 0.5)
        return self.call("PATCH", f"/{plural}/{document['id']}", {"items": self.lines()})

    def turn(self) -> Any:
        plural, (name, value) = self.chance.choice(DOCUMENTS), self.chance.choice((
            ("draft", False), ("closed", True), ("closed", False), ("calculate_taxes", True),
        ))  # fmt: skip
        return self.call("PATCH", f"/{plural}/{self.one(plural)['id']}", {name: value})

    def apply_anew(self) -> Any:
        _, split = self.to_invoice(closed=False)
        return self.call("PATCH", f"/payments/{self.one('payments', voided=False)['id']}", {"applied_to": [split]})

    def void(self) -> Any:
        plural = self.chance.choice(DOCUMENTS)
        return self.call("POST", f"/{plural}/{self.one(plural, status='paid')['id']}/void")

    def delete(self) -> Any:
        plural = self.chance.choice(DOCUMENTS)
        return self.call("DELETE", f"/{plural}/{self.one(plural)['id']}")

    def void_payment(self) -> Any:
        return self.call("DELETE", f"/payments/{self.one('payments', voided=False)['id']}")

    def end_charge(self) -> Any:
        pending = [one for one in self.all("charges") if one["status"] == "pending"]
        payment = next((one for one in self.all("payments") if pending and one["charge"] in pending), {"id": 1})
        status = self.chance.choice(("succeeded", "failed"))
        return self.call("POST", f"/_simulator/payments/{payment['id']}/charge", {"status": status})

    def refund(self) -> Any:
        charge = self.one("charges", status="succeeded")
        return self.call("POST", f"/charges/{charge['id']}/refunds", {"amount": self.part_of(charge["amount"])})

    def write_off(self) -> Any:
        return self.call("POST", f"/_simulator/invoices/{self.one('invoices', closed=False)['id']}/write_off")


def check_books(books: Bookkeeping) -> None:
    """Check that documents, payments and what customers owe agree to the cent."""
    payments = books.all("payments?include=applied_to")
    for payment in payments:
        taken = sum((split["amount"] for split in payment["applied_to"]), Decimal(0))
        assert payment["balance"] == (0 if payment["voided"] else payment["amount"] - taken) >= 0, payment
        assert not (payment["voided"] and payment["applied_to"]), payment
    counted = [one for one in payments if one["charge"] is None or one["charge"]["status"] == "succeeded"]
    splits = [split for one in counted for split in one["applied_to"]]
    for kind, plural in (("invoice", "invoices"), ("credit_note", "credit_notes")):
        for document in books.all(plural):
            applied = sum((one["amount"] for one in splits if one.get(kind) == document["id"]), Decimal(0))
            if document["draft"] or document["status"] == "voided":
                assert applied == document["balance"] == document["paid"] == 0, document
            elif document["balance"] > 0:
                assert document["balance"] == document["total"] - applied and not document["paid"], document
            else:
                assert document["total"] == applied and document["closed"], document
                assert document["paid"] == (document["status"] != "bad_debt"), document
    for customer in books.customers:
        invoices = books.all(f"invoices?filter[customer]={customer}&filter[closed]=0")
        outstanding = books.call("GET", f"/customers/{customer}/balance")["total_outstanding"]
        assert outstanding == sum(one["balance"] for one in invoices)


def check_events(books: Bookkeeping) -> None:
    """Check that the last event of each object shows it as it is, its customer aside."""
    shown = {"customer": None}
    last: dict[tuple[str, int], Any] = {}
    for event in books.all("events"):
        told = event["data"]["object"]
        last.setdefault((told["object"], told["id"]), told)
    for plural in (*DOCUMENTS, "payments"):
        for one in books.all(f"{plural}?include=applied_to"):
            assert last[one["object"], one["id"]] | shown == one | shown


@pytest.mark.parametrize("seed", range(3))
def test_the_books_add_up_after_any_work(seed: int) -> None:
    books = Bookkeeping(random.Random(seed))
    for number in range(1000):
        deed = books.act()
        try:
            check_books(books)
        except AssertionError as error:
            error.add_note(f"after deed {number}: {deed}")
            raise
        if number >= 150 and books.done == set(DEEDS):
            break
    check_events(books)
    assert books.done == set(DEEDS)
    books.simulator.close()
