"""What people do at Invoiced in the course of a day, drawn at random."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.flows.company import DAY_S, ISSUED_AT, InvoicedAccount

ITEMS = ("Consulting", "Travel", "Hosting", "Support", "License: annual", "Training")


class Business:
    """Customers, invoices and payments of one Invoiced account; `chance` decides what happens next."""

    def __init__(self, invoiced: InvoicedAccount, chance: random.Random) -> None:
        self._invoiced = invoiced
        self._chance = chance
        self._customers: list[int] = []
        self._open: list[dict[str, Any]] = []
        self._payments: list[int] = []

    def of_a_day(self, invoices: int) -> Iterator[None]:
        """Issue so many invoices and pay most of them; edit, void and refund in between. Yields after each act."""
        for _ in range(invoices):
            self._issue()
            yield
            if self._chance.random() < 0.75:
                self._pay()
                yield
            if self._chance.random() < 0.6:
                self._chance.choice((self._edit, self._edit, self._rename, self._void, self._take_back))()
                yield

    def _issue(self) -> None:
        if not self._customers or self._chance.random() < 0.2:
            number = len(self._customers) + 1
            self._customers.append(self._invoiced.customer(f"Customer {number}", email=f"c{number}@example.test")["id"])
        self._open.append(
            self._invoiced.invoice(
                self._chance.choice(self._customers),
                *self._lines(),
                discounts=[{"amount": self._amount(1, 500)}] if self._chance.random() < 0.3 else [],
                taxes=[{"amount": self._amount(1, 900)}] if self._chance.random() < 0.5 else [],
            )
        )

    def _lines(self) -> list[tuple[str | None, str, str]]:
        return [
            (name, str(self._chance.randint(1, 9)), str(self._amount(1000, 30_000)))
            for name in self._chance.sample(ITEMS, self._chance.randint(1, 3))
        ]

    def _pay(self) -> None:
        """Pay an invoice in part or in full, sometimes two of a customer at once, sometimes too much."""
        first = self._chance.choice(self._open)
        others = [one for one in self._open if one["customer"] == first["customer"] and one is not first]
        paid = [first, *self._chance.sample(others, min(len(others), self._chance.randint(0, 1)))]
        parts: list[tuple[int, str]] = []
        for invoice in paid:
            balance = Decimal(self._now(invoice)["balance"])
            part = balance if self._chance.random() < 0.6 else (balance / 3).quantize(Decimal("0.01"))
            if part > 0:
                parts.append((invoice["id"], str(part)))
        if parts:
            more = self._amount(1, 5000) if self._chance.random() < 0.1 else Decimal(0)
            amount = sum((Decimal(part) for _, part in parts), more)
            self._payments.append(self._invoiced.pay(first["customer"], str(amount), *parts)["id"])

    def _edit(self) -> None:
        invoice = self._chance.choice(self._open)
        lines = [
            {"name": name, "quantity": Decimal(quantity), "unit_cost": Decimal(cost)}
            for name, quantity, cost in self._lines()
        ]
        due_date = ISSUED_AT + self._chance.randint(1, 60) * DAY_S
        self._invoiced.edit("invoices", invoice["id"], items=lines, due_date=due_date)

    def _rename(self) -> None:
        customer = self._chance.choice(self._customers)
        self._invoiced.edit("customers", customer, name=f"Renamed {self._chance.randint(1, 10**6)}")

    def _void(self) -> None:
        unpaid = [one for one in self._open if (now := self._now(one))["balance"] == now["total"]]
        if unpaid:
            invoice = self._chance.choice(unpaid)
            self._open.remove(invoice)
            self._invoiced.call("POST", f"/invoices/{invoice['id']}/void")

    def _take_back(self) -> None:
        if self._payments:
            payment = self._payments.pop(self._chance.randrange(len(self._payments)))
            self._invoiced.call("DELETE", f"/payments/{payment}")

    def _now(self, invoice: dict[str, Any]) -> dict[str, Any]:
        # From a list: a fault on reads by id, which the sync makes, is not meant for people.
        rows = self._invoiced.call("GET", "/invoices", **{"filter[number]": invoice["number"]})
        found: dict[str, Any] = rows[0]
        return found

    def _amount(self, least: int, most: int) -> Decimal:
        return Decimal(self._chance.randint(least, most)) / 100
