"""Furnishes a new account with about two months of a small firm's business, told in order of time.

It goes through the very functions that answer API calls, with a clock that is moved along, so that numbers,
balances and events are what they would be. The same seed gives the same company on the same day.
"""

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.clock import StoppedClock
from simulators.invoiced.account import Account
from simulators.invoiced.documents import catalog, credit_notes, emails, invoices
from simulators.invoiced.money import payments
from simulators.invoiced.people import customers
from simulators.invoiced.sample.data import (
    COMPANIES,
    CONTACTS,
    EUROPEAN,
    PEOPLE,
    PLACES,
    STREETS,
    WARES,
)
from simulators.invoiced.sample.invoices import KINDS, body_of
from simulators.store import Object

# The account's own zone: dates entered by hand are midnight there.
ZONE = ZoneInfo("America/Chicago")
_DAYS = 58


@dataclass
class _Story:
    """What will happen, as (instant, deed); deeds are done in order of time."""

    account: Account
    clock: StoppedClock
    dice: random.Random
    today: date
    deeds: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    customers: list[Object] = field(default_factory=list)

    def plan(self, at: datetime, deed: Callable[[], object]) -> None:
        self.deeds.append((at, len(self.deeds), deed))

    def office_hours(self, days_ago: int) -> datetime:
        """Return some instant of a working day of that long ago."""
        minutes = self.dice.randrange(9 * 60, 17 * 60)
        day = self.today - timedelta(days=days_ago)
        return datetime.combine(day, time(minutes // 60, minutes % 60, self.dice.randrange(60)), ZONE)

    def midnight(self, days_ago: int) -> int:
        """Return the timestamp of a date as it is entered by hand: midnight in the account's zone."""
        return int(datetime.combine(self.today - timedelta(days=days_ago), time(), ZONE).timestamp())


def furnish(account: Account, seed: int, empty: bool) -> None:
    """Give an account its sample data, once; with `empty` it is only marked as begun."""
    with account.company.transaction():
        if account.company.setting("furnished"):
            return
        account.company.set_setting("furnished", True)
        if not empty:
            _tell(account, seed)


def _tell(account: Account, seed: int) -> None:
    now = account.clock.now()
    clock = StoppedClock(now)
    story = _Story(
        dataclasses.replace(account, clock=clock),
        clock,
        random.Random(f"{seed} {account.company.id}"),
        now.astimezone(ZONE).date(),
    )
    _plan_catalog(story)
    _plan_customers(story)
    for position, kind in enumerate(KINDS):
        _plan_invoice(story, position, kind, _DAYS - position * (_DAYS - 1) // len(KINDS))
    day = None
    for at, _, deed in sorted(story.deeds, key=lambda one: one[:2]):
        clock.instant = at
        if at.date() != day:
            day = at.date()
            invoices.pass_time(story.account)
        deed()
    clock.instant = datetime.combine(story.today, time(), ZONE)
    invoices.pass_time(story.account)


def _plan_catalog(story: _Story) -> None:
    account = story.account

    def stock() -> None:
        for id, name, price, kind, _ in WARES:
            body = {"id": id, "name": name, "unit_cost": Decimal(price), "type": kind}
            catalog.create(account, "item", body)
        catalog.create(account, "tax_rate", {"id": "state", "name": "State Sales Tax", "value": Decimal("6.25")})
        catalog.create(account, "tax_rate", {"id": "city", "name": "City Tax", "value": Decimal("1.25")})
        catalog.create(account, "tax_rate", {"id": "food", "name": "Meals Tax", "value": 5, "inclusive": True})
        catalog.create(account, "coupon", {"id": "loyal", "name": "Loyal Customer", "value": 10})
        catalog.create(account, "coupon", {"id": "early", "name": "Early Order", "value": Decimal("2.5")})

    story.plan(story.office_hours(80), stock)


def _plan_customers(story: _Story) -> None:
    names = [(name, "company", "usd") for name in COMPANIES]
    names += [(name, "person", "usd") for name in PEOPLE]
    names.append((EUROPEAN, "company", "eur"))
    for position, (name, kind, currency) in enumerate(names):
        body = _customer_body(story, position, name, kind, currency)

        def create(body: Object = body) -> None:
            story.customers.append(customers.create(story.account, body))

        story.plan(story.office_hours(79 - position // 4), create)


def _customer_body(story: _Story, position: int, name: str, kind: str, currency: str) -> Object:
    dice = story.dice
    city, state, postal_code = dice.choice(PLACES)
    body: Object = {
        "name": name,
        "type": kind,
        "email": f"billing{position + 1}@customer{position + 1}.example",
        "phone": f"(312) 555-01{position:02d}",
        "address1": f"{dice.randrange(10, 9900)} {dice.choice(STREETS)}",
        "address2": f"Suite {dice.randrange(100, 900)}" if dice.random() < 0.3 else None,
        "city": city,
        "state": state,
        "postal_code": postal_code,
        "country": "US",
        "currency": currency,
        "payment_terms": dice.choice(("NET 7", "NET 14", "NET 30", None)),
        "attention_to": dice.choice(CONTACTS) if kind == "company" else None,
    }
    if currency == "eur":
        body |= {"address1": "14 Rue des Archives", "address2": None, "city": "Paris", "state": None,
                 "postal_code": "75004", "country": "FR"}  # fmt: skip
    if position % 7 == 3:
        body["number"] = f"{name[:3].upper().strip()}-{100 + position}"
    return body


def _plan_invoice(story: _Story, position: int, kind: str, days_ago: int) -> None:
    """Plan one invoice and all that happens to it later."""
    dice, account = story.dice, story.account
    at = story.office_hours(days_ago)
    made: Object = {}

    def create() -> None:
        usd = [one for one in story.customers if one["currency"] == "usd"]
        customer = dice.choice(usd)
        if kind == "foreign":
            customer = next(one for one in story.customers if one["currency"] == "eur")
        elif kind == "together":
            customer = usd[0]
        body = {"customer": customer["id"], "date": story.midnight(days_ago)} | body_of(kind, dice)
        made.update(invoices.create(account, body))

    def later(days: int, deed: Callable[[], object]) -> None:
        if days < days_ago:
            story.plan(story.office_hours(days_ago - days), deed)

    story.plan(at, create)
    if kind == "draft":
        return
    if dice.random() < 0.8:
        story.plan(at + timedelta(minutes=20), lambda: _send(account, made))
    if kind == "voided":
        later(2, lambda: _void(account, made))
    elif kind == "bad_debt":
        later(25, lambda: _close(account, made))
    elif kind == "credited":
        later(3, lambda: _credit(account, made))
    elif kind == "pending":
        later(1, lambda: _pay(account, made, "credit_card", charge={"status": "pending"}))
    elif kind == "overpaid":
        later(8, lambda: _pay(account, made, "check", extra=Decimal("50"), reference=f"{dice.randrange(10**4)}"))
    elif kind == "several_methods":
        later(5, lambda: _pay(account, made, "cash", share=Decimal("0.25")))
        later(9, lambda: _pay(account, made, "ach", share=Decimal(1)))
    elif kind == "together":
        # All of them are left open until the last one, so that one payment covers several for sure.
        if position == max(index for index, one in enumerate(KINDS) if one == kind):
            later(6, lambda: _pay_together(account, made))
    elif kind == "payment_voided":
        later(4, lambda: _void_payment(account, made))
    elif kind not in ("open", "zero"):
        _plan_payment(story, later, made)


def _plan_payment(story: _Story, later: Callable[[int, Callable[[], object]], None], made: Object) -> None:
    dice = story.dice
    luck, days = dice.random(), dice.randrange(3, 35)
    method = dice.choice(("check", "ach", "credit_card", "wire_transfer", "cash", "eft", "paypal"))
    reference = f"{dice.randrange(1000, 99999)}" if method in ("check", "wire_transfer") else None
    if luck < 0.55:
        later(days, lambda: _pay(story.account, made, method, reference=reference))
    elif luck < 0.7:
        later(days, lambda: _pay(story.account, made, method, share=Decimal("0.4"), reference=reference))


def _send(account: Account, invoice: Object) -> None:
    if account.get("invoice", invoice["id"])["status"] == "not_sent":
        emails.send(account, "invoice", invoice["id"], {})


def _void(account: Account, invoice: Object) -> None:
    invoices.void(account, invoice["id"])


def _close(account: Account, invoice: Object) -> None:
    invoices.change(account, invoice["id"], {"closed": True})


def _pay(
    account: Account,
    invoice: Object,
    method: str,
    share: Decimal = Decimal(1),
    extra: Decimal = Decimal(0),
    **more: Any,
) -> Object | None:
    """Pay a share of what is open, or `extra` beyond it that stays unapplied."""
    owed = Decimal(account.get("invoice", invoice["id"])["balance"])
    amount = account.rounding(invoice["currency"]).round(owed * share)
    if not amount:
        return None
    split = {"type": "invoice", "invoice": invoice["id"], "amount": amount}
    body = {"customer": invoice["customer"], "currency": invoice["currency"], "amount": amount + extra,
            "method": method, "applied_to": [split]} | more  # fmt: skip
    return payments.create(account, body)


def _pay_together(account: Account, invoice: Object) -> None:
    """Pay everything that the customer owes by then in one payment."""
    owed = [
        one
        for one in account.company.find("invoice", "customer", invoice["customer"])
        if one["balance"] > 0 and not one["closed"] and one["status"] != "pending"
    ]
    splits = [{"type": "invoice", "invoice": one["id"], "amount": one["balance"]} for one in owed]
    if splits:
        payments.create(account, {"customer": invoice["customer"], "method": "wire_transfer", "applied_to": splits})


def _void_payment(account: Account, invoice: Object) -> None:
    payment = _pay(account, invoice, "check", reference="NSF 2207")
    if payment is not None:
        payments.void(account, payment["id"])


def _credit(account: Account, invoice: Object) -> None:
    """Take one line's worth back by a credit note and leave the rest to be paid."""
    line = invoice["items"][0]
    owed = Decimal(account.get("invoice", invoice["id"])["balance"])
    amount = min(owed, account.rounding(invoice["currency"]).round(Decimal(line["amount"]) / 2))
    note = credit_notes.create(
        account,
        {
            "customer": invoice["customer"],
            "items": [{"name": line["name"], "description": "Returned", "quantity": 1, "unit_cost": amount}],
            "notes": f"Credit for {invoice['number']}",
        },
    )
    split = {"type": "credit_note", "credit_note": note["id"], "document_type": "invoice",
             "invoice": invoice["id"], "amount": amount}  # fmt: skip
    payments.create(account, {"customer": invoice["customer"], "amount": amount, "applied_to": [split]})
