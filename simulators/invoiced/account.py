"""One Invoiced account: its objects, its time and its events. Everything else here is given one of these."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from simulators.clock import Clock
from simulators.invoiced.errors import not_found
from simulators.invoiced.rounding import Rounding, places_of
from simulators.invoiced.switches import Switches
from simulators.json_numbers import write_json
from simulators.store import Company, Key, Object
from simulators.webhook_sender import WebhookSender

Kind = Literal[
    "customer", "contact", "payment_source", "invoice", "credit_note", "payment", "charge",
    "item", "tax_rate", "coupon", "event", "webhook_attempt",
]  # fmt: skip

# Invoiced has no events for these (API reference, Events).
_WITHOUT_EVENTS = frozenset({"item", "tax_rate", "coupon"})
_NO_CHANGE = frozenset({"updated_at"})


# What events are found by that are about it, or whose object is.
TOLD_OF = ("customer", "contact", "invoice", "credit_note", "payment", "charge")


def id_told_of(told: Object, kind: str) -> int | None:
    """Return the id of the object of this kind that an event's object is, or to which it belongs."""
    part = told if told["object"] == kind else told.get(kind)
    id = part.get("id") if isinstance(part, dict) else part
    return id if isinstance(id, int) else None


def _event_index(kind: str) -> Key:
    return lambda event: id_told_of(event["data"]["object"], kind)


def _first_end(invoice: Object) -> int | None:
    """Return when the first of the discounts of an open invoice expires."""
    if invoice["payment_url"] is None:
        return None
    discounts = [one for holder in (invoice, *invoice["items"]) for one in holder.get("discounts") or []]
    ends = [one["expires"] for one in discounts if isinstance(one.get("expires"), int)]
    return min(ends, default=None)


# Application: one split of a payment, kept as an object of its own; see `applications`.
INDEXES: dict[str, dict[str, Key]] = {
    "customer": {
        "name": lambda one: str(one["name"]).lower(),
        "number": lambda one: one["number"],
        "parent_customer": lambda one: one["parent_customer"],
        "updated_at": lambda one: one["updated_at"],
        "created_at": lambda one: one["created_at"],
    },
    "contact": {"customer": lambda one: one["customer"]},
    "payment_source": {"customer": lambda one: one["_customer"]},
    "invoice": {
        "number": lambda one: one["number"],
        "customer": lambda one: one["customer"],
        "updated_at": lambda one: one["updated_at"],
        "created_at": lambda one: one["created_at"],
        # What will be past due once this time has come.
        "falls_due": lambda one: one["due_date"] if one["status"] in ("not_sent", "sent", "viewed") else None,
        "discount_ends": _first_end,
    },
    "credit_note": {
        "number": lambda one: one["number"],
        "customer": lambda one: one["customer"],
        "updated_at": lambda one: one["updated_at"],
        "created_at": lambda one: one["created_at"],
    },
    "payment": {
        "customer": lambda one: one["customer"],
        "reference": lambda one: str(one["reference"]).lower() if one["reference"] else None,
        "charge": lambda one: one["charge"].get("id") if isinstance(one["charge"], dict) else None,
        "updated_at": lambda one: one["updated_at"],
        "created_at": lambda one: one["created_at"],
    },
    # Only those that made no payment.
    "charge": {"customer": lambda one: one["customer"]},
    "item": {"updated_at": lambda one: one["updated_at"]},
    "tax_rate": {"updated_at": lambda one: one["updated_at"]},
    "coupon": {"updated_at": lambda one: one["updated_at"]},
    # Of calls with an idempotency key.
    "answer": {"answered_at": lambda one: one["answered_at"]},
    "event": {
        "type": lambda one: one["type"],
        "timestamp": lambda one: one["timestamp"],
        **{kind: _event_index(kind) for kind in TOLD_OF},
    },
    "application": {
        "payment": lambda one: one["payment"],
        "customer": lambda one: one["customer"],
        "invoice": lambda one: one.get("invoice"),
        "credit_note": lambda one: one.get("credit_note"),
        "credit_of": lambda one: one["customer"] if one["type"] in ("credit", "applied_credit") else None,
    },
}


@dataclass(frozen=True)
class Account:
    """What acts on an account is done inside `company.transaction()`."""

    company: Company
    clock: Clock
    switches: Switches
    sender: WebhookSender

    def now(self) -> int:
        return self.clock.timestamp()

    def rounding(self, currency: str) -> Rounding:
        return Rounding(places_of(currency), self.switches.half_even_rounding)

    def find(self, kind: Kind, id: object) -> Object | None:
        return self.company.get(kind, str(id))

    def get(self, kind: Kind, id: object) -> Object:
        """Return one object.

        Raises:
            ApiError: 404.
        """
        found = self.find(kind, id)
        if found is None:
            raise not_found(kind, id)
        return found

    def add(self, kind: Kind, one: Object) -> Object:
        """Keep a new object, stamp it and tell of it."""
        one["created_at"] = one["updated_at"] = self.now()
        self.company.put(kind, str(one["id"]), one)
        self.tell(kind, "created", one)
        return one

    def change(self, kind: Kind, before: Object, after: Object) -> Object:
        """Keep a changed object, stamp it and tell of it; without a difference nothing happens."""
        previous = {
            name: before.get(name)
            for name in before.keys() | after.keys()
            if name not in _NO_CHANGE and before.get(name) != after.get(name)
        }
        if not previous:
            return before
        after["updated_at"] = self.now()
        self.company.put(kind, str(after["id"]), after)
        shown = {name: value for name, value in sorted(previous.items()) if not name.startswith("_")}
        self.tell(kind, "updated", after, {**shown, "updated_at": before["updated_at"]})
        return after

    def remove(self, kind: Kind, one: Object) -> None:
        self.tell(kind, "deleted", one)
        self.company.delete(kind, str(one["id"]))

    def tell(self, kind: Kind, what: str, one: Object, previous: dict[str, Any] | None = None) -> None:
        """Record an event about an object and send it to the account's webhook."""
        if kind in _WITHOUT_EVENTS:
            return
        event: Object = {
            "type": f"{kind}.{what}",
            "timestamp": self.now(),
            "data": {"object": self.in_event(kind, one)},
        }
        if previous is not None:
            where = event if self.switches.previous_beside_data else event["data"]
            where["previous"] = self.shown(previous)
        self._publish(event)

    def tell_of_standing(self, kind: Kind, one: Object) -> None:
        """Send a `created` event of an object that has stood for some time, as of its last change."""
        event = {"type": f"{kind}.created", "timestamp": one["updated_at"]}
        self._publish({**event, "data": {"object": self.in_event(kind, one)}})

    def _publish(self, event: Object) -> None:
        id = self.company.next_number("event")
        event = {"id": id, **event}
        self.company.put("event", str(id), event)
        oldest = str(id - self.switches.events_kept)
        if self.company.has("event", oldest):
            self.company.delete("event", oldest)
        self.sender.enqueue(self.company, write_json(event))

    def in_event(self, kind: Kind, one: Object) -> Object:
        """Return an object as events carry it: an invoice with its customer, a payment with its splits."""
        shown = self.shown(one)
        if kind == "payment":
            shown["applied_to"] = self.applied_to(one["id"])
        whole = kind == "invoice" or (kind in ("credit_note", "payment") and self.switches.credit_event_has_customer)
        customer = self.find("customer", one["customer"]) if whole else None
        if customer is not None:
            shown["customer"] = self.shown(customer)
        return shown

    def shown(self, one: Object) -> Object:
        """Return an object as the API shows it: without what only the simulator knows (names with `_`)."""
        shown = {name: value for name, value in one.items() if not name.startswith("_")}
        if self.switches.empty_metadata_as_list:
            _empty_metadata_as_list(shown)
        return shown

    def applied_to(self, payment: int) -> list[Object]:
        """Return the splits of a payment as the API shows them."""
        return [
            {name: value for name, value in one.items() if name not in ("payment", "customer", "state")}
            for one in self.applications("payment", payment)
        ]

    def applications(self, by: Literal["payment", "invoice", "credit_note", "credit_of"], id: int) -> list[Object]:
        """Return splits of payments: those of one payment, to one invoice, from one credit note, or over one
        customer's credit balance.

        `{id, payment, customer, type, amount, invoice?, credit_note?, document_type?, state}`; `state` is
        `applied`, `pending` or `failed`, as the charge behind the payment; only applied ones count.
        """
        return self.company.find("application", by, id)


def plain(amount: int | Decimal) -> int | Decimal:
    """Return an amount as Invoiced writes it: 45, not 45.00; 51.15."""
    whole = int(amount)
    return whole if amount == whole else Decimal(amount).normalize()


def total_of(applications: Iterable[Object]) -> Decimal:
    """Return the sum of those splits that count."""
    return sum((Decimal(one["amount"]) for one in applications if one["state"] == "applied"), Decimal(0))


def credit_of(splits: Iterable[Object]) -> Decimal:
    """Return what splits of the types `credit` and `applied_credit` leave of a credit balance; others are left out."""
    signs = {"credit": 1, "applied_credit": -1}
    return sum((signs.get(one["type"], 0) * Decimal(one["amount"]) for one in splits), Decimal(0))


def _empty_metadata_as_list(value: Any) -> None:
    if isinstance(value, list):
        for one in value:
            _empty_metadata_as_list(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "metadata" and one == {}:
                value[name] = []
            else:
                _empty_metadata_as_list(one)
