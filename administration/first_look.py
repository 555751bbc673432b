"""What would be posted, counted from Invoiced's lists to the cent before anything is. Pure: pages in, sums out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shared.invoiced.entities import Outline, id_of
from shared.money import plain
from shared.settings import Settings

# Splits that spend a credit: no money moves with them.
_CREDITS = ("credit_note", "applied_credit")
# A payment whose charge has brought nothing: it follows by itself as soon as it does.
_NO_MONEY_YET = {"pending": "no payment yet, its charge is pending", "failed": "no payment, its charge failed"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Terms:
    """What decides whether a document is posted."""

    settings: Settings
    zone: ZoneInfo
    start_date: date | None
    home_currency: str


@dataclass
class Sum:
    """How many, and how much in the home currency."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def add(self, amount: Decimal) -> None:
        """Count one more."""
        self.count += 1
        self.amount += amount


@dataclass(frozen=True)
class Counted:
    """What a whole look has found, as it is kept and shown. Sums are by month (`2026-01`) in `currency`; what is left
    out, or needs a person, is counted by reason. `read`: how many documents were read, in which `currencies`."""

    read: int
    currency: str
    currencies: Sequence[str]
    customers_to_create: int
    invoices: Mapping[str, Sum]
    payments: Mapping[str, Sum]
    skipped_invoices: Mapping[str, int]
    skipped_payments: Mapping[str, int]
    stuck_invoices: Mapping[str, int]
    stuck_payments: Mapping[str, int]

    @property
    def in_words(self) -> str:
        """How much would be posted, for the audit trail."""
        told = []
        for name in _SUMS:
            sums = getattr(self, name).values()
            number, amount = sum(one.count for one in sums), sum((one.amount for one in sums), Decimal(0))
            named = name if number != 1 else name.removesuffix("s")
            told.append(f"{number:,} {named} over {plain(amount, self.currency)}")
        return " and ".join(told)

    def document(self) -> dict[str, Any]:
        """Return it as JSON; `from_document` makes the same of it."""
        sums = {name: {month: vars(one) for month, one in getattr(self, name).items()} for name in _SUMS}
        return {**vars(self), **sums}


_SUMS = ("invoices", "payments")
_BY_MONTH_OR_REASON = (*_SUMS, "skipped_invoices", "skipped_payments", "stuck_invoices", "stuck_payments")
# What a look remembers of the documents that it has read: ids of Invoiced.
_IDS = ("_seen_invoices", "_seen_payments", "_to_post", "_stuck", "_customers")


def from_document(document: Mapping[str, Any]) -> Counted:
    """Return what was kept."""
    sums = {
        name: {month: Sum(one["count"], Decimal(one["amount"])) for month, one in document[name].items()}
        for name in _SUMS
    }
    return Counted(**{**document, **sums})


@dataclass
class FirstLook:
    """Counts page by page: all invoices first, then all payments.

    `posted_invoices`, `posted_payments`: those that stand in QuickBooks already; `linked_customers` likewise, by
    Invoiced's ids. Sums are by month (`2026-01`); what is left out, or needs a person, is counted by reason.
    """

    terms: Terms
    posted_invoices: frozenset[int] = frozenset()
    posted_payments: frozenset[int] = frozenset()
    linked_customers: frozenset[int] = frozenset()
    invoices: dict[str, Sum] = field(default_factory=dict)
    payments: dict[str, Sum] = field(default_factory=dict)
    skipped_invoices: Counter[str] = field(default_factory=Counter)
    skipped_payments: Counter[str] = field(default_factory=Counter)
    stuck_invoices: Counter[str] = field(default_factory=Counter)
    stuck_payments: Counter[str] = field(default_factory=Counter)
    _seen_invoices: set[int] = field(default_factory=set)
    _seen_payments: set[int] = field(default_factory=set)
    _to_post: set[int] = field(default_factory=set)
    _stuck: set[int] = field(default_factory=set)
    _customers: set[int] = field(default_factory=set)
    _currencies: set[str] = field(default_factory=set)

    @property
    def customers_to_create(self) -> int:
        """How many customers would be sent to QuickBooks (or recognised there) with their documents."""
        return len(self._customers - self.linked_customers)

    @property
    def read(self) -> int:
        """How many documents were read so far."""
        return len(self._seen_invoices) + len(self._seen_payments)

    def counted(self) -> Counted:
        """Return what was found so far: once every page was added, the whole."""
        return Counted(
            self.read,
            self.terms.home_currency,
            sorted(self._currencies),
            self.customers_to_create,
            self.invoices,
            self.payments,
            self.skipped_invoices,
            self.skipped_payments,
            self.stuck_invoices,
            self.stuck_payments,
        )

    def begun(self) -> dict[str, Any]:
        """Return what was found so far as JSON, for `go_on`."""
        return {"counted": self.counted().document(), **{name: sorted(getattr(self, name)) for name in _IDS}}

    def go_on(self, begun: Mapping[str, Any]) -> None:
        """Take over what another look, at the same connection under the same terms, has found so far."""
        counted = from_document(begun["counted"])
        for name in _BY_MONTH_OR_REASON:
            getattr(self, name).update(getattr(counted, name))
        self._currencies.update(counted.currencies)
        for name in _IDS:
            getattr(self, name).update(begun[name])

    def add_invoices(self, page: Iterable[Outline]) -> None:
        """Count a page of invoices; one that was counted is passed over."""
        for invoice in page:
            if invoice.id in self._seen_invoices:
                continue
            self._seen_invoices.add(invoice.id)
            self._note_currency(invoice)
            self._add_invoice(invoice)

    def add_payments(self, page: Iterable[Outline]) -> None:
        """Count a page of payments; one that was counted is passed over."""
        for payment in page:
            if payment.id in self._seen_payments:
                continue
            self._seen_payments.add(payment.id)
            self._note_currency(payment)
            self._add_payment(payment)

    def _add_invoice(self, invoice: Outline) -> None:
        issued_on = self._day(invoice)
        if invoice.id in self.posted_invoices:
            self.skipped_invoices["stands in QuickBooks already"] += 1
            self._to_post.add(invoice.id)
        elif not self.terms.settings.invoices:
            self.skipped_invoices["invoices are switched off"] += 1
        elif invoice.draft:
            self.skipped_invoices["draft"] += 1
        elif invoice.status == "voided":
            self.skipped_invoices["voided"] += 1
        elif issued_on is not None and self._is_early(issued_on):
            self.skipped_invoices["dated before the start date"] += 1
        elif (reason := self._obstacle(invoice, invoice.total, issued_on)) is not None:
            self.stuck_invoices[reason] += 1
            self._stuck.add(invoice.id)
        else:
            assert issued_on is not None and invoice.total is not None, "what is unreadable is an obstacle"
            self._to_post.add(invoice.id)
            self._note_customer(invoice)
            self.invoices.setdefault(f"{issued_on:%Y-%m}", Sum()).add(invoice.total)

    def _add_payment(self, payment: Outline) -> None:
        paid_on = self._day(payment)
        splits = [split for split in payment.applied_to or () if split.type == "invoice" and split.amount]
        paid = {id_of(split.invoice) for split in splits}
        money = (payment.amount or Decimal(0)) - sum(
            (split.amount for split in payment.applied_to or () if split.type in _CREDITS), Decimal(0)
        )
        rest = money - sum((split.amount for split in splits), Decimal(0))
        status = payment.charge.status if payment.charge else None
        if payment.id in self.posted_payments:
            self.skipped_payments["stands in QuickBooks already"] += 1
        elif not self.terms.settings.payments:
            self.skipped_payments["payments are switched off"] += 1
        elif payment.voided:
            self.skipped_payments["voided"] += 1
        elif status in _NO_MONEY_YET:
            self.skipped_payments[_NO_MONEY_YET[status]] += 1
        elif id_of(payment.customer) is None:
            self.skipped_payments["has no customer"] += 1
        elif (reason := self._obstacle(payment, payment.amount, paid_on)) is not None:
            self.stuck_payments[reason] += 1
        elif money == 0:
            self.skipped_payments["credits alone, no money moved"] += 1
        elif paid & self._stuck:
            self.stuck_payments["pays an invoice that needs attention"] += 1
        elif paid and not paid & self._to_post and not rest:
            self.skipped_payments["pays only what is not synced"] += 1
        elif paid - self._to_post:
            self.stuck_payments["pays something that is not synced, and something else too"] += 1
        elif not paid and paid_on is not None and self._is_early(paid_on):
            self.skipped_payments["dated before the start date"] += 1
        else:
            assert paid_on is not None, "what is unreadable is an obstacle"
            if rest:
                self._note_customer(payment)
            self.payments.setdefault(f"{paid_on:%Y-%m}", Sum()).add(money)

    def _obstacle(self, document: Outline, amount: Decimal | None, day: date | None) -> str | None:
        if amount is None or day is None or document.currency is None:
            return "has no amount, date or currency that can be read"
        if document.currency.upper() != self.terms.home_currency:
            return f"in {document.currency.upper()}, not in {self.terms.home_currency}"
        if not self.terms.settings.customers.to_quickbooks and id_of(document.customer) not in self.linked_customers:
            return "its customer is not in QuickBooks, and customers do not go there"
        return None

    def _day(self, document: Outline) -> date | None:
        if document.date is None:
            return None
        try:
            return (_EPOCH + timedelta(seconds=document.date)).astimezone(self.terms.zone).date()
        except OverflowError:
            return None

    def _is_early(self, day: date) -> bool:
        return self.terms.start_date is not None and day < self.terms.start_date

    def _note_customer(self, document: Outline) -> None:
        customer = id_of(document.customer)
        if customer is not None:
            self._customers.add(customer)

    def _note_currency(self, document: Outline) -> None:
        if document.currency is not None:
            self._currencies.add(document.currency.upper())
