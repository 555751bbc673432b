"""Balances and statuses: what payments and credits leave of invoices, credit notes and of themselves."""

from decimal import Decimal

from simulators.invoiced.account import Account, plain, total_of
from simulators.invoiced.documents.common import DocumentKind
from simulators.invoiced.errors import bad_parameter
from simulators.invoiced.people.customers import HOST
from simulators.store import Object

CREDIT_SPLITS = frozenset({"credit_note", "applied_credit"})
"""The types of splits that move no money: they spend a credit note or a credit balance."""


def keep_invoice(account: Account, before: Object, after: Object) -> Object:
    """Keep a changed invoice with the balance and status that follow; tell if it became paid."""
    if before["draft"] or before["status"] == "voided" or after["status"] == "voided":
        released: list[Object] = []
    else:
        released = _release_excess(account, before, after)
    settle_invoice(account, after)
    kept = account.change("invoice", before, after)
    if after["paid"] and not before["paid"]:
        account.tell("invoice", "paid", kept)
    if released:
        _refresh_payments(account, released)
    return kept


def settle_invoice(account: Account, invoice: Object) -> None:
    """Set balance, paid, closed, status and payment_url of an invoice from what is applied to it."""
    applications = account.applications("invoice", invoice["id"])
    voided, draft = invoice["status"] == "voided", invoice["draft"]
    # A written-off invoice is bad debt like one that was closed by hand, but nothing of it is open.
    was_settled = invoice["paid"] or (invoice["status"] == "bad_debt" and invoice["balance"] == 0)
    open_amount = Decimal(invoice["total"]) - total_of(applications)
    if voided:
        open_amount = Decimal(invoice["balance"]) if account.switches.void_keeps_balance else Decimal(0)
    elif draft and not account.switches.draft_has_balance:
        open_amount = Decimal(0)
    invoice["balance"] = plain(open_amount)
    is_settled = not voided and not draft and open_amount <= 0
    written_off = is_settled and any(_writes_off(account, one) for one in applications)
    invoice["paid"] = is_settled and (not written_off or account.switches.written_off_is_paid)
    if is_settled:
        invoice["closed"] = True
    elif was_settled:
        invoice["closed"] = False
    pending = any(one["state"] == "pending" for one in applications)
    invoice["status"] = "bad_debt" if written_off else _invoice_status(invoice, pending, account.now())
    open_for_payment = not (voided or draft or invoice["closed"])
    invoice["payment_url"] = f"{invoice['url']}/payment" if open_for_payment else None


def _writes_off(account: Account, application: Object) -> bool:
    note = account.find("credit_note", application.get("credit_note"))
    return note is not None and note.get("_writes_off", False) and application["state"] == "applied"


def _invoice_status(invoice: Object, pending: bool, now: int) -> str:
    if invoice["status"] == "voided":
        return "voided"
    if invoice["draft"]:
        return "draft"
    if invoice["paid"]:
        return "paid"
    if invoice["closed"]:
        return "bad_debt"
    if pending:
        return "pending"
    if invoice["due_date"] is not None and invoice["due_date"] < now:
        return "past_due"
    if invoice.get("_viewed"):
        return "viewed"
    return "sent" if invoice["_sent"] else "not_sent"


def keep_credit_note(account: Account, before: Object, after: Object) -> Object:
    settle_credit_note(account, after)
    return account.change("credit_note", before, after)


def settle_credit_note(account: Account, note: Object) -> None:
    """Set balance, paid, closed and status of a credit note from what was taken of it."""
    left = Decimal(note["total"]) - total_of(account.applications("credit_note", note["id"]))
    voided, was_paid = note["status"] == "voided", note["paid"]
    if voided:
        left = Decimal(note["balance"]) if account.switches.void_keeps_balance else Decimal(0)
    elif note["draft"] and not account.switches.draft_has_balance:
        left = Decimal(0)
    note["balance"] = plain(left)
    note["paid"] = not voided and not note["draft"] and left <= 0
    if note["paid"]:
        note["closed"] = True
    elif was_paid:
        note["closed"] = False
    if voided:
        return
    if note["draft"]:
        note["status"] = "draft"
    elif note["paid"]:
        note["status"] = "paid"
    else:
        note["status"] = "closed" if note["closed"] else "open"


def refresh_documents(account: Account, applications: list[Object]) -> None:
    """Bring the documents of these splits in line with what is applied now."""
    for id in dict.fromkeys(one["invoice"] for one in applications if one.get("invoice") is not None):
        invoice = account.find("invoice", id)
        if invoice is not None:
            keep_invoice(account, invoice, dict(invoice))
    for id in dict.fromkeys(one["credit_note"] for one in applications if one.get("credit_note") is not None):
        note = account.find("credit_note", id)
        if note is not None:
            keep_credit_note(account, note, dict(note))


def set_payment_balance(account: Account, payment: Object) -> None:
    """Set the unapplied part of a payment; a split under a pending charge is taken already."""
    splits = account.applications("payment", payment["id"])
    taken = sum((Decimal(one["amount"]) for one in splits), Decimal(0))
    payment["balance"] = 0 if payment["voided"] else plain(Decimal(payment["amount"]) - taken)


def release_all(account: Account, kind: DocumentKind, id: int) -> None:
    """Take everything off a document that is about to be voided or deleted; its payments get it back."""
    released = account.applications(kind, id)
    for one in released:
        account.company.delete("application", str(one["id"]))
    other = [{name: value for name, value in one.items() if name != kind} for one in released]
    refresh_documents(account, other)
    _refresh_payments(account, released)


def _release_excess(account: Account, before: Object, invoice: Object) -> list[Object]:
    """Take what exceeds the total off the invoice, the newest splits first; return these splits.

    It exceeds it because the total was lowered, or because a charge succeeded when something else had paid.

    Raises:
        ApiError: 400, the total was lowered and the switch `edit_below_paid_refused` is on.
    """
    applications = account.applications("invoice", invoice["id"])
    excess = total_of(applications) - Decimal(invoice["total"])
    if excess <= 0:
        return []
    if invoice["total"] != before["total"] and account.switches.edit_below_paid_refused:
        raise bad_parameter("items", "The total cannot be less than the amount paid")
    released = []
    for one in reversed(applications):
        if excess <= 0 or one["state"] != "applied":
            continue
        taken = min(excess, Decimal(one["amount"]))
        excess -= taken
        released.append(one | {"amount": plain(taken)})
        if taken == one["amount"]:
            account.company.delete("application", str(one["id"]))
        else:
            left = one | {"amount": plain(Decimal(one["amount"]) - taken)}
            account.company.put("application", str(one["id"]), left)
    refresh_documents(account, [one | {"invoice": None} for one in released])
    return released


def _refresh_payments(account: Account, released: list[Object]) -> None:
    """Give back to payments what was taken off a document.

    Credit goes back to its note or balance instead: it was no money before, and a payment of nothing else is voided.
    """
    for id in dict.fromkeys(one["payment"] for one in released):
        payment = account.get("payment", id)
        after = dict(payment)
        credit = sum(
            (Decimal(one["amount"]) for one in released if one["payment"] == id and one["type"] in CREDIT_SPLITS),
            Decimal(0),
        )
        if credit and credit == payment["amount"]:
            keep_voided(account, payment)
            continue
        after["amount"] = plain(Decimal(payment["amount"]) - credit)
        set_payment_balance(account, after)
        after["_splits"] = account.applied_to(id)
        account.change("payment", payment, after)


def keep_voided(account: Account, payment: Object) -> Object:
    """Keep a payment of which nothing is applied any more as voided, and tell so."""
    after = payment | {"voided": True, "balance": 0, "_splits": []}
    if not account.switches.payment_void_deletes:
        return account.change("payment", payment, after)
    after["updated_at"] = account.now()
    account.company.put("payment", str(payment["id"]), after)
    account.tell("payment", "deleted", after)
    return after


def document_links(account: Account, kind: str, id: int) -> Object:
    """Return the addresses at which a document could be seen."""
    url = f"{HOST}/{kind}s/{account.company.id}/{id}"
    return {"url": url, "pdf_url": f"{url}/pdf", "csv_url": f"{url}/csv"}
