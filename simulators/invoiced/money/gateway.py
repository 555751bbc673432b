"""The gateway: it charges cards and bank accounts, and says how that ended.

Source: Invoiced API reference, Create a charge. No money moves here: what the card or account is like decides.
"""

from collections.abc import Mapping
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.documents.common import customer_of
from simulators.invoiced.documents.settlement import keep_invoice, refresh_documents
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.money import payment_sources, payments
from simulators.invoiced.money.charges import CHARGE_STATES, new_charge
from simulators.invoiced.money.payment_sources import SOURCE_OF_METHOD, TOKENS, new_source, vault
from simulators.store import Object

_READERS: dict[str, fields.Reader] = {
    "customer": fields.reference,
    "method": fields.one_of(*SOURCE_OF_METHOD),
    "currency": fields.currency,
    "amount": fields.number,
    "invoiced_token": fields.text,
    "gateway_token": fields.text,
    "payment_source_type": fields.one_of(*SOURCE_OF_METHOD.values()),
    "payment_source_id": fields.whole,
    "vault_method": fields.flag,
    "make_default": fields.flag,
    "receipt_email": fields.email,
    "applied_to": fields.objects,
}


def charge(account: Account, body: Mapping[str, Any]) -> Object:
    """Charge a customer and return the payment that came of it, or the charge that failed and came to nothing.

    Raises:
        ApiError: 400, a parameter is missing or wrong. The gateway is not asked then.
    """
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    customer = customer_of(account, values)
    for name in ("method", "amount", "applied_to"):
        fields.required(values, name)
    if values["amount"] <= 0:
        raise bad_parameter("amount", "amount must be above 0")
    wanted = {name: values[name] for name in ("customer", "method", "amount", "applied_to")}
    payment, splits = payments.prepare(account, wanted | {"currency": values.get("currency", "usd"), "source": "api"})
    source = _source(account, customer, values)
    made = new_charge(account, payment, {
        **_outcome(source), "payment_source": account.shown(source), "receipt_email": values.get("receipt_email")
    })  # fmt: skip
    if made["status"] == "failed" and not account.switches.failed_charge_makes_payment:
        account.company.put("charge", str(made["id"]), made)
        account.tell("charge", "failed", made)
        return made
    if values.get("vault_method") and made["status"] != "failed":
        vault(account, customer, source, is_default=bool(values.get("make_default")))
    return payments.keep_new(account, payment | {"charge": made, "reference": made["gateway_id"]}, splits)


def pay(account: Account, invoice_id: int) -> Object:
    """Try to collect an AutoPay invoice now; return the payment, or the charge that failed.

    Source: Invoiced API reference, Pay an invoice.

    Raises:
        ApiError: 400, it is not on AutoPay, there is nothing to charge, or nothing left to pay.
    """
    invoice = account.get("invoice", invoice_id)
    source = account.get("customer", invoice["customer"])["payment_source"]
    if not invoice["autopay"] or source is None:
        raise ApiError(400, "Only an AutoPay invoice whose customer has a payment source can be paid so")
    if invoice["payment_url"] is None or invoice["status"] == "pending":
        raise ApiError(400, f"An invoice that is {invoice['status']} cannot be paid")
    keep_invoice(account, invoice, invoice | {"attempt_count": invoice["attempt_count"] + 1})
    return charge(account, {
        **{name: invoice[name] for name in ("customer", "currency")},
        "amount": invoice["balance"],
        "method": next(method for method, kind in SOURCE_OF_METHOD.items() if kind == source["object"]),
        "payment_source_type": source["object"],
        "payment_source_id": source["id"],
        "applied_to": [{"type": "invoice", "invoice": invoice_id, "amount": invoice["balance"]}],
    })  # fmt: skip


def settle_charge(account: Account, payment_id: int, status: str, failure_message: str | None) -> Object:
    """Report the end of a pending charge and return its payment."""
    before = account.get("payment", payment_id)
    if before["charge"] is None:
        raise ApiError(400, "This payment has no charge")
    told = {"status": status, "failure_message": failure_message, "updated_at": account.now()}
    after = before | {"charge": before["charge"] | told}
    touched = account.applications("payment", payment_id)
    for one in touched:
        account.company.put("application", str(one["id"]), one | {"state": CHARGE_STATES[status]})
    kept = account.change("payment", before, after)
    if status == "failed" != before["charge"]["status"]:
        account.tell("charge", "failed", after["charge"])
    refresh_documents(account, touched)
    return kept


def _source(account: Account, customer: Object, values: Mapping[str, Any]) -> Object:
    """Return the card or bank account to charge: a saved one, or a new one from a token."""
    given = [name for name in (*TOKENS, "payment_source_id") if name in values]
    if len(given) != 1:
        raise ApiError(400, f"Give exactly one of {', '.join(TOKENS)} or payment_source_type with payment_source_id")
    if given[0] in TOKENS:
        return new_source(account, customer, SOURCE_OF_METHOD[values["method"]], values[given[0]])
    kind, id = fields.required(values, "payment_source_type"), values["payment_source_id"]
    source = payment_sources.find(account, customer["id"], kind, id)
    if source is None:
        raise bad_parameter("payment_source_id", f"Payment source was not found: {id}")
    return source


def _outcome(source: Object) -> Object:
    if not source["chargeable"]:
        return {"status": "failed", "failure_message": source["failure_reason"] or "The payment was declined"}
    return {"status": "pending" if source["_takes_days"] else "succeeded"}
