"""The e-mails that Invoiced sends of documents, receipts of payments and statements; here nobody gets them."""

from collections.abc import Mapping
from typing import Any, Literal

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.documents.settlement import keep_invoice
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.store import Object

MailedKind = Literal["customer", "invoice", "credit_note", "payment"]

_READERS: dict[str, fields.Reader] = {
    "to": fields.objects,
    "template": fields.text,
    "subject": fields.text,
    "message": fields.text,
}
# The template of each kind and the beginning of its subject (API reference, the samples of each).
_TEMPLATES: dict[MailedKind, tuple[str, str]] = {
    "customer": ("statement_email", "Statement"),
    "invoice": ("new_invoice_email", "New Invoice"),
    "credit_note": ("credit_note_email", "New Credit Note"),
    "payment": ("payment_receipt_email", "Receipt for your recent payment"),
}


def send(account: Account, kind: MailedKind, id: int, body: Mapping[str, Any]) -> list[Object]:
    """Return one e-mail for each recipient in `to`, or the one to the customer's own address.

    An invoice is marked as sent by it.

    Raises:
        ApiError: 400, there is no address, or the document is a draft or voided.
    """
    one = account.get(kind, id)
    values = {name: value for name, value in fields.read(_READERS, body).items() if value is not None}
    addresses = _addresses(account, one["id"] if kind == "customer" else one["customer"], values.get("to"))
    if kind in ("invoice", "credit_note") and one["status"] in ("draft", "voided"):
        raise ApiError(400, f"A document that is {one['status']} cannot be sent")
    if kind == "invoice":
        keep_invoice(account, one, one | {"_sent": True})
    template, subject = _TEMPLATES[kind]
    if kind in ("invoice", "credit_note"):
        subject = f"{subject}: {one['number']}"
    now = account.now()
    return [
        {
            "id": f"{account.company.next_number('email'):032x}",
            "object": "email",
            "state": "sent",
            "reject_reason": None,
            "email": address,
            "template": values.get("template", template),
            "subject": values.get("subject", subject),
            "message": values.get("message", ""),
            "opens": 0,
            "opens_detail": [],
            "created_at": now,
            "updated_at": now,
        }
        for address in addresses
    ]


def _addresses(account: Account, customer: int | None, to: list[Any] | None) -> list[str]:
    if to:
        return [fields.email("to", one.get("email") if isinstance(one, dict) else None) for one in to]
    owner = None if customer is None else account.get("customer", customer)
    if owner is None or owner["email"] is None:
        raise bad_parameter("to", "There is no e-mail address to send to")
    return [owner["email"]]
