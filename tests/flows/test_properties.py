"""What holds for any invoice, and for any order, repetition or loss of events."""

import itertools
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from shared.messages import Kind
from shared.outcomes import Outcome
from tests.flows.company import Company
from tests.flows.conftest import StartCompany
from tests.strategies import invoice_documents

WELL = (Outcome.SYNCED, Outcome.UNCHANGED)
_OVERWRITTEN = ("items", "discounts", "taxes", "subtotal", "total", "date", "due_date")


def test_quickbooks_computes_what_invoiced_billed(company: Company) -> None:
    """For any invoice that Invoiced can hold: total, tax and balance agree, and a second look writes nothing."""
    customer = company.invoiced.customer()["id"]
    numbers = itertools.count(1)

    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
    )
    @given(invoice_documents())
    def holds(document: dict[str, Any]) -> None:
        invoice = company.invoiced.invoice(customer, number=f"N-{next(numbers)}")
        fields = {name: document[name] for name in _OVERWRITTEN} | {"balance": document["total"]}
        company.invoiced.call("POST", f"/_simulator/invoices/{invoice['id']}/raw", fields)

        settlement = company.invoice(invoice)

        assert settlement.outcome == Outcome.SYNCED, settlement
        posted = company.quickbooks.one("Invoice", DocNumber=f"INVD-{invoice['number']}")
        tax = sum((tax["amount"] for owner in (document, *document["items"]) for tax in owner["taxes"]), Decimal(0))
        assert posted["TotalAmt"] == posted["Balance"] == document["total"]
        assert posted["TxnTaxDetail"]["TotalTax"] == tax
        company.quickbooks.forget_calls()
        assert company.invoice(invoice).outcome == Outcome.UNCHANGED
        assert company.quickbooks.calls() == []

    holds()


class Bookkeeping:
    """Somebody who works at random in both systems, and the messages that tell of it."""

    def __init__(self, company: Company, chance: random.Random) -> None:
        self.company = company
        self.chance = chance
        self.customers = [company.invoiced.customer(f"Customer {n}")["id"] for n in range(2)]
        self.invoices: list[int] = []
        self.payments: list[int] = []
        self.messages: list[tuple[Kind, int]] = []
        # What people entered in QuickBooks, by the customer's id there; no webhook tells of it.
        self.phones: dict[str, str] = {}

    def act(self) -> None:
        at_invoiced = [self.issue, self.issue, self.edit, self.pay, self.pay, self.move, self.void, self.close]
        self.chance.choice([*at_invoiced, self.change_in_quickbooks])()

    def change_in_quickbooks(self) -> None:
        standing = self.company.quickbooks.objects("Customer")
        if standing:
            customer, phone = self.chance.choice(standing), f"512 555 {self.chance.randint(1000, 9999)}"
            changed = {"Id": customer["Id"], "sparse": True, "PrimaryPhone": {"FreeFormNumber": phone}}
            self.company.quickbooks.by_hand("Customer", changed)
            self.phones[customer["Id"]] = phone

    def issue(self) -> None:
        customer = self.chance.choice(self.customers)
        lines = [("Work", str(self.chance.randint(1, 9)), "12.35") for _ in range(self.chance.randint(1, 3))]
        invoice = self.company.invoiced.invoice(customer, *lines, taxes=[{"amount": Decimal("1.11")}])
        self.invoices.append(invoice["id"])
        self.messages.append((Kind.INVOICE, invoice["id"]))

    def edit(self) -> None:
        for invoice in self._open_invoices():
            body = [{"name": "Work", "quantity": self.chance.randint(5, 20), "unit_cost": Decimal("12.35")}]
            self.company.invoiced.edit("invoices", invoice["id"], items=body)
            self.messages.append((Kind.INVOICE, invoice["id"]))
            return

    def pay(self) -> None:
        for invoice in self._open_invoices():
            part = max(Decimal("0.01"), round(invoice["balance"] / self.chance.randint(1, 3), 2))
            payment = self.company.invoiced.pay(
                invoice["customer"], str(part + self.chance.randint(0, 5)), (invoice["id"], str(part))
            )
            self.payments.append(payment["id"])
            self.messages += [(Kind.PAYMENT, payment["id"]), (Kind.INVOICE, invoice["id"])]
            return

    def move(self) -> None:
        """A payment goes from its invoice to nothing, or to another invoice of its customer."""
        for payment in self._standing_payments():
            targets = [invoice for invoice in self._open_invoices() if invoice["customer"] == payment["customer"]]
            splits: list[dict[str, Any]] = []
            if targets and self.chance.random() < 0.7:
                part = min(payment["amount"], targets[0]["balance"])
                splits = [{"type": "invoice", "invoice": targets[0]["id"], "amount": part}]
            self.company.invoiced.edit("payments", payment["id"], applied_to=splits)
            self.messages += [(Kind.PAYMENT, payment["id"])]
            self.messages += [(Kind.INVOICE, invoice) for invoice in self.invoices]
            return

    def void(self) -> None:
        for payment in self._standing_payments():
            self.company.invoiced.call("DELETE", f"/payments/{payment['id']}")
            self.messages.append((Kind.PAYMENT, payment["id"]))
            break
        for invoice in self._open_invoices():
            if invoice["balance"] == invoice["total"]:
                self.company.invoiced.call("POST", f"/invoices/{invoice['id']}/void", {})
                self.messages.append((Kind.INVOICE, invoice["id"]))
                break

    def close(self) -> None:
        """An invoice is given up, or taken up again."""
        invoice = self._any_invoice()
        if invoice is not None and not invoice["paid"] and invoice["status"] != "voided":
            self.company.invoiced.edit("invoices", invoice["id"], closed=not invoice["closed"])
            self.messages.append((Kind.INVOICE, invoice["id"]))

    def _any_invoice(self) -> dict[str, Any] | None:
        if not self.invoices:
            return None
        found: dict[str, Any] = self.company.invoiced.call("GET", f"/invoices/{self.chance.choice(self.invoices)}")
        return found

    def _open_invoices(self) -> list[dict[str, Any]]:
        found = [self.company.invoiced.call("GET", f"/invoices/{one}") for one in self.invoices]
        left = [one for one in found if one["status"] != "voided" and not one["closed"] and one["balance"] > 0]
        self.chance.shuffle(left)
        return left

    def _standing_payments(self) -> list[dict[str, Any]]:
        found = [self.company.invoiced.call("GET", f"/payments/{one}") for one in self.payments]
        left = [one for one in found if not one["voided"]]
        self.chance.shuffle(left)
        return left


def assert_same_books(work: Bookkeeping) -> None:
    """Both ledgers agree on every invoice and payment, and QuickBooks holds nothing besides."""
    company = work.company
    posted = {invoice["DocNumber"]: invoice for invoice in company.quickbooks.objects("Invoice")}
    assert len(posted) == len(company.quickbooks.objects("Invoice"))
    for invoice_id in work.invoices:
        invoice = company.invoiced.call("GET", f"/invoices/{invoice_id}")
        found = posted.pop(f"INVD-{invoice['number']}", None)
        if invoice["status"] == "voided":
            assert found is None or (found["TotalAmt"], found["Balance"]) == (0, 0)
            continue
        assert found is not None, f"invoice {invoice_id} is missing"
        is_bad_debt = invoice["closed"] and not invoice["paid"]
        owed = 0 if is_bad_debt else invoice["balance"]
        assert (found["TotalAmt"], found["Balance"]) == (invoice["total"], owed), invoice
    assert posted == {}
    payments = [p for p in company.quickbooks.objects("Payment") if "bad debt" not in p["PrivateNote"]]
    money = sorted((p["TotalAmt"], p["UnappliedAmt"]) for p in payments if p["TotalAmt"])
    standing = [company.invoiced.call("GET", f"/payments/{one}") for one in work.payments]
    assert money == sorted((p["amount"], p["balance"]) for p in standing if not p["voided"])
    counterparts = {link.qbo_id: link.record_id for link in company.links() if link.qbo_entity == "Customer"}
    for qbo_id, phone in work.phones.items():
        assert company.invoiced.call("GET", f"/customers/{counterparts[qbo_id]}")["phone"] == phone


@pytest.mark.parametrize(
    ("seed", "set_up"), [(seed, "embedded") for seed in range(8)] + [(seed, "servers") for seed in range(8, 12)]
)
def test_any_fate_of_events_then_one_sweep_ends_in_the_same_books(
    start_company: StartCompany, seed: int, set_up: str, request: pytest.FixtureRequest
) -> None:
    """Events come shuffled, twice or not at all, and calls fail in every way; then one sweep, whose process dies at a
    random moment and is followed by another, catches up."""
    chance = random.Random(seed)
    servers = ("postgresql_database", "rabbitmq_url") if set_up == "servers" else ()
    company = start_company(*(request.getfixturevalue(name) for name in servers))
    work = Bookkeeping(company, chance)
    if seed % 2:
        for what in ("cut_after", "cut_before", "truncate", "status", "stale_token"):
            company.quickbooks.fault(what, share=Decimal("0.06"), seed=seed)
        company.invoiced.fault("status", share=Decimal("0.06"), seed=seed)
    for _ in range(6):
        company.invoiced.heal()
        for _ in range(chance.randint(1, 5)):
            work.act()
        told = [message for message in work.messages if chance.random() < 0.6]
        told += [message for message in told if chance.random() < 0.3]
        chance.shuffle(told)
        work.messages.clear()
        for kind, record_id in told:
            company.hear(kind, record_id)
            company.later(chance.choice([0, 0.2, 3]))
    company.invoiced.heal()
    company.quickbooks.heal()

    company.ask_for_sweep()
    company.die_in_sweep(chance.randint(0, 12))
    company.finish_sweeps()
    company.settle()

    assert_same_books(work)
    assert company.pending_writes() == 0
    company.quickbooks.forget_calls()
    looks = [(Kind.INVOICE, one) for one in work.invoices] + [(Kind.PAYMENT, one) for one in work.payments]
    for kind, record_id in looks:
        assert company.look(kind, record_id).outcome in (*WELL, Outcome.SKIPPED)
    assert company.quickbooks.calls() == []
