"""A payment of Invoiced as QBO Payments, one for each QBO customer whose invoices it pays. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from consumer.mapping.amounts import ZERO, in_cents
from consumer.mapping.currency import check_currency, home_currency_ref
from consumer.mapping.marker import payment_marker
from consumer.mapping.names import payment_reference
from consumer.mapping.refs import Body, Needs, Refs, Terms
from consumer.mapping.text import one_line, shown
from shared.errors import RejectedError
from shared.invoiced.dates import local_date
from shared.invoiced.entities import Payment, Split, id_of
from shared.money import plain
from shared.payment_methods import PAYMENT_METHOD_NAMES
from shared.settings import Preferences

# Splits that spend a credit: no money moves with them.
_CREDITS = {"credit_note": "credit note", "applied_credit": "credit balance"}


@dataclass(frozen=True)
class Part:
    """What of a payment stands under one QBO customer (`customer` is the QBO id).

    `lines` are Invoiced invoice ids, in order, with the sums that pay them; the rest of `total` is unapplied.
    """

    customer: str
    total: Decimal
    lines: tuple[tuple[int, Decimal], ...]


def needs_of_payment(payment: Payment, preferences: Preferences) -> Needs:
    """Return what must stand in QBO before the payment; its invoices are posted as records of their own.

    Raises:
        RejectedError: the payment cannot be posted as it is.
    """
    check_currency(payment.currency, _record(payment), preferences)
    cash_amount(payment)
    customer = id_of(payment.customer)
    return Needs(
        customers=frozenset() if customer is None else frozenset({customer}),
        payment_method=payment.method if payment_method_name(payment.method) else None,
    )


def cash_amount(payment: Payment) -> Decimal:
    """Return the money that moved: the amount less what credits paid; 0 means that nothing is to be posted.

    Raises:
        RejectedError: a negative amount, one finer than a cent, or splits that are more than the payment.
    """
    record = _record(payment)
    amount = in_cents(payment.amount, f"{record}: the amount")
    if amount < 0:
        raise RejectedError(
            f"{record} is over {plain(amount)}; QuickBooks takes no negative payment.",
            remedy="Correct the payment in Invoiced.",
            topic="sums",
        )
    credit = sum((_amount_of(payment, split) for split in _splits(payment) if split.type in _CREDITS), ZERO)
    if credit > amount:
        raise RejectedError(
            f"{record} does not add up: its credits are {plain(credit)}, but its amount is {plain(amount)}.",
            remedy="Correct the payment in Invoiced.",
            topic="sums",
        )
    return amount - credit


def invoice_splits(payment: Payment) -> dict[int, Decimal]:
    """Return the money that pays each invoice, by Invoiced id; several splits of one invoice are one sum.

    Raises:
        RejectedError: a negative split, one finer than a cent, or one that names no invoice.
    """
    paid: dict[int, Decimal] = {}
    for split in _splits(payment):
        if split.type != "invoice":
            continue
        amount = _amount_of(payment, split)
        invoice_id = id_of(split.invoice)
        if invoice_id is None:
            raise RejectedError(
                f"{_record(payment)} applies {plain(amount)} to an invoice that it does not name.",
                remedy="Apply the payment anew in Invoiced.",
                topic="incomplete",
            )
        if amount:
            paid[invoice_id] = paid.get(invoice_id, ZERO) + amount
    return dict(sorted(paid.items()))


def credits_on_invoice(payment: Payment, invoice_id: int) -> list[tuple[str, Decimal, int | None]]:
    """Return the credits that this payment spends on an invoice: kind, sum, Invoiced id of the credit note.

    The credit balance has no id: None.

    Raises:
        RejectedError: a negative split, or one finer than a cent.
    """
    return [
        (_CREDITS[split.type], _amount_of(payment, split), id_of(split.credit_note))
        for split in _splits(payment)
        if split.type in _CREDITS and id_of(split.invoice) == invoice_id
    ]


def plan_parts(payment: Payment, invoice_customers: Mapping[int, str], own_customer: str) -> dict[str, Part]:
    """Return the QBO payments that a payment becomes, by QBO customer id; their totals are the money moved.

    `invoice_customers` names the QBO customer under which each invoice is posted. What pays an invoice not
    among them, and what is not applied at all, stays unapplied with `own_customer`.

    Raises:
        RejectedError: the payment's own amounts do not agree, are negative, or finer than a cent.
    """
    cash = cash_amount(payment)
    splits = invoice_splits(payment)
    applied = sum(splits.values(), ZERO)
    if applied > cash:
        raise RejectedError(
            f"{_record(payment)} does not add up: it pays invoices with {plain(applied)}, but the money it "
            f"brings is {plain(cash)}.",
            remedy="Correct how the payment is applied in Invoiced.",
            topic="sums",
        )
    lines: dict[str, list[tuple[int, Decimal]]] = {}
    for invoice_id, amount in splits.items():
        if invoice_id in invoice_customers:
            lines.setdefault(invoice_customers[invoice_id], []).append((invoice_id, amount))
    totals = {customer: sum((amount for _, amount in paid), ZERO) for customer, paid in lines.items()}
    rest = cash - sum(totals.values(), ZERO)
    if rest:
        totals[own_customer] = totals.get(own_customer, ZERO) + rest
    return {
        customer: Part(customer, total, tuple(lines.get(customer, ()))) for customer, total in sorted(totals.items())
    }


def to_qbo_payment(payment: Payment, part: Part, terms: Terms, refs: Refs, preferences: Preferences) -> Body:
    """Return the QBO Payment of one part, with every field that we own; the PrivateNote is the caller's, made
    with `payment_note`. `refs` holds the payment method and the invoices.

    An empty reference clears the field on an update. A method cannot be cleared: without one it is left out.

    Raises:
        RejectedError: the payment is not in the home currency.

    Source: QBO API reference, Payment.
    """
    check_currency(payment.currency, _record(payment), preferences)
    body: Body = {
        "CustomerRef": {"value": part.customer},
        "TotalAmt": part.total,
        "TxnDate": local_date(payment.date, terms.time_zone).isoformat(),
        "PaymentRefNum": payment_reference(payment.reference),
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": refs.invoices[invoice_id], "TxnType": "Invoice"}]}
            for invoice_id, amount in part.lines
        ],
        **home_currency_ref(terms.multicurrency, preferences),
    }
    if refs.payment_method is not None:
        body["PaymentMethodRef"] = {"value": refs.payment_method}
    if terms.deposit_account is not None:
        body["DepositToAccountRef"] = {"value": terms.deposit_account}
    return body


def payment_method_name(method: str | None) -> str | None:
    """Return the name of QBO's payment method for Invoiced's word; None where QBO gets no method."""
    return PAYMENT_METHOD_NAMES.get(method or "")


def payment_note(payment: Payment) -> str:
    """Return the marker of a payment, with its whole reference where QBO's field holds only a part."""
    reference = one_line(payment.reference or "")
    return payment_marker(payment.id, None if payment_reference(reference) == reference else reference)


def _splits(payment: Payment) -> tuple[Split, ...]:
    return payment.applied_to or ()


def _amount_of(payment: Payment, split: Split) -> Decimal:
    record = _record(payment)
    amount = in_cents(split.amount, f"{record}: the part for {_kind(split)}")
    if amount < 0:
        raise RejectedError(
            f"{record} applies a negative sum, {plain(amount)}, to {_kind(split)}.",
            remedy="Correct how the payment is applied in Invoiced.",
            topic="sums",
        )
    return amount


def _kind(split: Split) -> str:
    return shown(split.type.replace("_", " "))


def _record(payment: Payment) -> str:
    return f"Payment {payment.id}"
