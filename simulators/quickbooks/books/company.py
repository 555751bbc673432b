"""One simulated QuickBooks Online company: its objects, their versions and what others may refer to.

An object is kept as QuickBooks Online shows it, plus what it knows and does not show under "_".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.clock import Clock
from simulators.indexes import Key
from simulators.quickbooks import refusals
from simulators.quickbooks.books.journal import post, repost_payments
from simulators.quickbooks.books.links import SETTLED
from simulators.quickbooks.books.receivables import OPEN_AMOUNT, left_open
from simulators.quickbooks.facts.localities import LOCALITIES, US
from simulators.quickbooks.switches import Switches
from simulators.store import Company as Kept

Object = dict[str, Any]

HIDDEN = "_"
DELETED = "_deleted"
# The zone of Intuit's own servers, in which replies are stamped; a company's times are in its own.
ZONE = ZoneInfo("America/Los_Angeles")
COUNTRY = "country"

_TRANSACTIONS = (
    "Invoice",
    "Payment",
    "CreditMemo",
    "Deposit",
    "Estimate",
    "SalesReceipt",
    "RefundReceipt",
    "Purchase",
    "JournalEntry",
)
# Objects that draw their ids from one sequence, as QuickBooks Online's do.
_SEQUENCES = {
    **dict.fromkeys(_TRANSACTIONS, "transaction"),
    **dict.fromkeys(("Customer", "Vendor", "Employee"), "name"),
}
TRANSACTIONS = frozenset(_TRANSACTIONS)
# Where names must be unique: over which entities, and by which field.
PEOPLE = ("Customer", "Vendor", "Employee")
NAMED = {
    **dict.fromkeys(PEOPLE, "DisplayName"),
    "TaxAgency": "DisplayName",
    **dict.fromkeys(("Item", "Account", "Class", "Department"), "FullyQualifiedName"),
    **dict.fromkeys(("Term", "PaymentMethod", "TaxCode", "TaxRate"), "Name"),
    "CompanyCurrency": "Code",
}


def folded(name: str) -> str:
    """Names and numbers are compared without regard to case."""
    return name.strip().casefold()


def _name_key(entity: str) -> Key:
    field_name = NAMED[entity]

    def key(item: Object) -> str | None:
        name = item.get(field_name)
        return folded(name) if name and (item.get("Active", True) or item[HIDDEN].get("keeps_name")) else None

    return key


def _changed(item: Object) -> str:
    return str(item[HIDDEN]["changed"])


def _parent(item: Object) -> str | None:
    parent = item.get("ParentRef")
    return parent["value"] if parent else None


def _number(item: Object) -> str | None:
    return folded(item["DocNumber"]) if item.get("DocNumber") else None


def _open(balance: str) -> Key:
    return lambda item: item["CustomerRef"]["value"] if item[balance] else None


def _purpose(item: Object) -> tuple[str, str] | None:
    return (item["AccountType"], item["AccountSubType"]) if item.get("Active", True) else None


def _customer(item: Object) -> str | None:
    customer = item.get("CustomerRef")
    return str(customer["value"]) if customer else None


NUMBERED = frozenset({"Invoice", "CreditMemo", "Estimate", "SalesReceipt", "RefundReceipt", "JournalEntry"})
BY_CUSTOMER = frozenset({"Invoice", "CreditMemo", "Payment", "Estimate", "SalesReceipt", "RefundReceipt"})
_LISTS = (*NAMED, "CompanyInfo", "Preferences")
INDEXES: dict[str, dict[str, Key]] = {
    **{entity: {"changed": _changed} for entity in (*_LISTS, *TRANSACTIONS, "Attachable")},
    **{
        entity: {"changed": _changed, "customer": _customer, "open": _open(amount)}
        for entity, (amount, _) in OPEN_AMOUNT.items()
    },
    DELETED: {"changed": lambda item: (item["entity"], item["changed"])},
}
for _entity in NAMED:
    INDEXES[_entity] = {**INDEXES[_entity], "name": _name_key(_entity)}
for _entity in ("Customer", "Item", "Account", "Class", "Department"):
    INDEXES[_entity] = {**INDEXES[_entity], "parent": _parent}
INDEXES["Account"]["purpose"] = _purpose
for _entity in BY_CUSTOMER - set(OPEN_AMOUNT):
    INDEXES[_entity] = {**INDEXES[_entity], "customer": _customer}
for _entity in NUMBERED:
    INDEXES[_entity] = {**INDEXES[_entity], "number": _number}


@dataclass(frozen=True)
class Event:
    """Something that Intuit tells by webhook.

    `operation` is created, updated, deleted, void, emailed or merged; of a merger `deleted_id` is gone.
    """

    entity: str
    id: str
    operation: str
    at: datetime
    deleted_id: str | None = None


@dataclass
class Company:
    """A company over its kept objects; take `change()` around every write.

    `tell` receives the events of a write inside its transaction.
    """

    kept: Kept
    clock: Clock
    switches: Switches
    tell: Callable[[Company, list[Event]], None]
    country: str = US
    # Ids made by earlier items of the batch in hand, which its later items may not refer to.
    fresh: set[tuple[str, str]] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)

    @property
    def realm(self) -> str:
        return self.kept.id

    @property
    def is_in_us(self) -> bool:
        return self.country == US

    def now(self) -> datetime:
        return self.clock.now().astimezone(LOCALITIES[self.country].zone)

    def today(self) -> date:
        return self.now().date()

    # Reading -------------------------------------------------------------------------------------

    def find(self, entity: str, id: str) -> Object | None:
        return self.kept.get(entity, id)

    def get(self, entity: str, id: str) -> Object:
        """Return one object.

        Raises:
            Refusal: 610, there is none of that id.
        """
        found = self.kept.get(entity, id)
        if found is None:
            raise refusals.not_found()
        return found

    def all(self, entity: str) -> Iterator[Object]:
        return self.kept.all(entity)

    def find_named(self, entity: str, name: str) -> Object | None:
        """Return the active object of that (fully qualified) name."""
        found = self.kept.find(entity, "name", folded(name))
        return found[0] if found else None

    def find_numbered(self, entity: str, number: str) -> Object | None:
        found = self.kept.find(entity, "number", folded(number))
        return found[0] if found else None

    def find_open(self, entity: str, customer_id: str) -> list[Object]:
        """Return the customer's documents with something left open, oldest first."""
        found = self.kept.find(entity, "open", customer_id)
        return sorted(found, key=lambda item: (item["TxnDate"], int(item["Id"])))

    def has_children(self, entity: str, id: str) -> bool:
        return any(child.get("Active", True) for child in self.kept.find(entity, "parent", id))

    def refer(self, entity: str, reference: Object, element: str) -> tuple[Object, Object]:
        """Return the object that a reference names, and the reference as QuickBooks Online writes it.

        Raises:
            Refusal: there is no such object (2500), or it is inactive (610 by default).
        """
        id = reference.get("value")
        found = self.find(entity, id) if id and (entity, id) not in self.fresh else None
        if found is None:
            raise refusals.missing_reference(element)
        if not found.get("Active", True):
            raise refusals.inactive_reference(self.switches.inactive_reference_code, element)
        return found, {"value": found["Id"], "name": name_of(entity, found)}

    @property
    def preferences(self) -> Object:
        return self.get("Preferences", "1")

    def other_preference(self, name: str) -> bool:
        """Whether one of the preferences that are pairs of names and texts is on."""
        return {"Name": name, "Value": "true"} in self.preferences.get("OtherPrefs", {}).get("NameValue", [])

    @property
    def home_currency(self) -> str:
        return str(self.preferences["CurrencyPrefs"]["HomeCurrency"]["value"])

    # Writing -------------------------------------------------------------------------------------

    def insert(self, entity: str, item: Object, id: str | None = None) -> Object:
        """Keep a new object under a new id; returns it with Id, SyncToken and MetaData."""
        if id is None:
            id = str(self.kept.next_number(_SEQUENCES.get(entity, entity)))
        item.setdefault(HIDDEN, {})
        item["Id"] = id
        item["SyncToken"] = "0"
        now = self.now()
        stamp = now.replace(microsecond=0).isoformat()
        item["MetaData"] = {"CreateTime": stamp, "LastUpdatedTime": stamp}
        self._keep(entity, item, "created", now)
        return item

    def save(self, entity: str, item: Object, operation: str = "updated") -> Object:
        """Keep a changed object as its next version."""
        item["SyncToken"] = str(int(item["SyncToken"]) + 1)
        now = self.now()
        item["MetaData"]["LastUpdatedTime"] = now.replace(microsecond=0).isoformat()
        self._keep(entity, item, operation, now)
        return item

    def amend(self, entity: str, item: Object) -> None:
        """Keep figures that QuickBooks Online derives: no new version, no event."""
        self.kept.put(entity, item["Id"], item)

    def remove(self, entity: str, item: Object, *, merged_into: str | None = None) -> None:
        """Take an object away; change data capture remembers it."""
        before = self.find(entity, item["Id"])
        self._move_balance(entity, before, None)
        post(self, entity, before, None)
        self.kept.delete(entity, item["Id"])
        now = self.now()
        stub = {"entity": entity, "Id": item["Id"], "at": now.replace(microsecond=0).isoformat()}
        self.kept.put(DELETED, f"{entity} {item['Id']}", {**stub, "changed": instant(now)})
        if merged_into is None:
            self._tell(Event(entity, item["Id"], "deleted", now))
        else:
            self._tell(Event(entity, merged_into, "merged", now, item["Id"]))

    def _keep(self, entity: str, item: Object, operation: str, now: datetime) -> None:
        # The index `changed` is LastUpdatedTime to the microsecond: queries by time rely on it.
        item[HIDDEN]["changed"] = instant(now)
        before = self.find(entity, item["Id"]) if entity in TRANSACTIONS else None
        self._move_balance(entity, before, item)
        post(self, entity, before, item)
        self.kept.put(entity, item["Id"], item)
        if entity in SETTLED.values():
            repost_payments(self, before, item)
        self._tell(Event(entity, item["Id"], operation, now))

    def _move_balance(self, entity: str, before: Object | None, after: Object | None) -> None:
        """Carry what a document leaves open to its customer. The customer's version does not move by it."""
        moves = left_open(entity, after)
        for customer_id, amount in left_open(entity, before).items():
            moves[customer_id] = moves.get(customer_id, Decimal(0)) - amount
        for customer_id, amount in moves.items():
            if amount:
                customer = self.get("Customer", customer_id)
                customer["Balance"] = cents(Decimal(customer["Balance"]) + amount)
                self.amend("Customer", customer)

    def _tell(self, event: Event) -> None:
        self.events = [
            one
            for one in self.events
            if (one.entity, one.id) != (event.entity, event.id)
            or one.operation != "updated"
            or event.operation != "updated"
        ]
        self.events.append(event)

    @contextmanager
    def change(self) -> Iterator[None]:
        """One write in one transaction: all of it and of what is told about it, or nothing."""
        with self.kept.transaction():
            self.events = []
            yield
            if self.events:
                self.tell(self, self.events)


def name_of(entity: str, item: Object) -> str:
    """The name by which references show an object."""
    return str(item.get(NAMED[entity], item["Id"]))


def cents(amount: Decimal | int) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"))


def instant(at: datetime) -> str:
    """UTC to the microsecond, in a form that sorts as time does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
