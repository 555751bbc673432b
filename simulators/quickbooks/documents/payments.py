"""Payments: money received, what it settles, and what stays unapplied.

Source: entity reference (Payment). A payment of 0 applies a credit memo to an invoice.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.links import SETTLED, ZERO, Links, Target, is_credit, lines_of, links_of, unapplied
from simulators.quickbooks.books.receivables import left_open, only_charge
from simulators.quickbooks.books.totals import rounded
from simulators.quickbooks.documents.applied import apply, voided_note
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_receivable, check_type, standard_account
from simulators.quickbooks.lists.currencies import settle_currency_of_customer


def _settle_payment(made: Write) -> None:
    item, company = made.item, made.company
    if made.before is not None and made.before[HIDDEN].get("deposit"):
        raise refusals.deposited()
    for required in ("CustomerRef", "TotalAmt"):
        if item.get(required) is None:
            raise refusals.missing_parameter(required)
    item["TotalAmt"] = rounded(Decimal(item["TotalAmt"]))
    if item["TotalAmt"] < 0:
        raise refusals.business_rule("The payment amount must be 0 or greater.")
    item["TxnDate"] = item.get("TxnDate") or company.today().isoformat()
    check_open(company, item["TxnDate"], (made.before or {}).get("TxnDate"))
    settle_currency_of_customer(made)
    _settle_account(made)
    check_receivable(made)
    if made.touches("Line") or "Line" not in item:
        item["Line"] = [_settle_line(line) for line in made.sent.get("Line") or []]
    _check_links(made)
    item["UnappliedAmt"] = unapplied(item)
    item["ProcessPayment"] = False
    item[HIDDEN] = {**item[HIDDEN], "voided": False}


def _settle_account(made: Write) -> None:
    account = made.reference("DepositToAccountRef")
    if account is not None:
        check_type(account, ("Bank", "Other Current Asset"), "DepositToAccountRef")
        return
    made.item["DepositToAccountRef"] = standard_account(made.company, "Other Current Asset", "UndepositedFunds")


def _settle_line(line: Object) -> Object:
    links = line.get("LinkedTxn") or []
    if not links:
        raise refusals.missing_parameter("Line.LinkedTxn")
    if len(links) > 1:
        raise refusals.cannot_link("A line of a payment links one transaction.")
    link = links[0]
    if link.get("TxnType") not in SETTLED:
        raise refusals.cannot_link(f"A transaction of type {link.get('TxnType')} cannot be linked.")
    if line.get("Amount") is None:
        raise refusals.missing_parameter("Line.Amount")
    if line["Amount"] < 0:
        raise refusals.negative_amount("Line.Amount")
    return {"Amount": rounded(line["Amount"]), "LinkedTxn": [{"TxnId": link.get("TxnId"), "TxnType": link["TxnType"]}]}


def _check_links(made: Write) -> None:
    """Every settled document exists, belongs to the customer and is open for as much.

    Raises:
        Refusal: unknown document (2500), another customer's or none that is owed (620), more than its
            balance or than the money there is (6000).
    """
    own = links_of(made.before)
    family = _family(made.company, made.item["CustomerRef"]["value"])
    links = links_of(made.item)
    credits = []
    for target, amount in links.items():
        customer, left, credit = _open_for(made.company, target)
        if customer not in family:
            raise refusals.cannot_link(f"Transaction {target[1]} belongs to another customer.")
        if credit:
            credits.append(list(target))
        if amount > left + own.get(target, ZERO):
            raise refusals.business_rule("The amount applied is more than the balance of the linked transaction.")
    made.item[HIDDEN] = {**made.item[HIDDEN], "credits": credits}
    if unapplied(made.item) < 0:
        raise refusals.business_rule("The amounts applied are more than the payment.")


def _open_for(company: Company, target: Target) -> tuple[str, Decimal, bool]:
    """The customer of a document, what is left to settle of it, and whether that is to its credit."""
    txn_type, id = target
    entity = SETTLED[txn_type]
    document = company.find(entity, id)
    if document is None or (entity, id) in company.fresh or txn_type not in (entity, _purchase_type(document)):
        raise refusals.missing_reference("Line.LinkedTxn")
    if entity in ("Invoice", "CreditMemo"):
        return document["CustomerRef"]["value"], Decimal(document["Balance"]), entity == "CreditMemo"
    charge = only_charge(document)
    if charge is None:
        raise refusals.cannot_link(f"Transaction {id} does not charge just one customer.")
    customer, charged = charge
    return customer, abs(left_open(entity, document)[customer]), charged < 0


def _purchase_type(document: Object) -> str:
    """The type by which a payment names a purchase."""
    if document.get("Credit"):
        return "CreditCardCredit"
    return "Check" if document.get("PaymentType") == "Check" else "Expense"


def _family(company: Company, customer_id: str) -> set[str]:
    """The customer and its sub-customers, whose invoices it may pay."""
    found, todo = {customer_id}, [customer_id]
    while todo:
        for child in company.kept.find("Customer", "parent", todo.pop()):
            found.add(child["Id"])
            todo.append(child["Id"])
    return found


def _payment_saved(made: Write) -> None:
    carry_links(made.company, made.item["Id"], links_of(made.before), links_of(made.item))


def carry_links(company: Company, payment_id: str, before: Links, after: Links) -> None:
    """Bring the settled documents in line with a payment's changed lines, releases first."""
    for txn_type, id in sorted({*before, *after}, key=lambda target: after.get(target, ZERO)):
        apply(company, txn_type, id, payment_id, after.get((txn_type, id), ZERO))


def relink(company: Company, payment: Object, links: Links) -> Object:
    """Let a payment settle exactly `links` from now on: a system event, so its version moves."""
    before = links_of(payment)
    payment["Line"] = lines_of(links)
    payment["UnappliedAmt"] = unapplied(payment)
    kept = company.save("Payment", payment)
    carry_links(company, payment["Id"], before, links)
    return kept


def unlink(company: Company, payment_id: str, entity: str, id: str) -> None:
    """Take one document off a payment; its money becomes unapplied.

    A credit that settled the document together with it is released as well.
    """
    payment = company.get("Payment", payment_id)
    links = {target: amount for target, amount in links_of(payment).items() if target != (entity, id)}
    charged = sum((amount for target, amount in links.items() if not is_credit(payment, target)), ZERO)
    room = max(charged - Decimal(payment["TotalAmt"]), ZERO)
    for target, amount in list(links.items()):
        if is_credit(payment, target):
            links[target] = min(amount, room)
            room -= links[target]
    if entity == "CreditMemo":
        _shrink_charges(payment, links)
    relink(company, payment, links)


def _shrink_charges(payment: Object, links: Links) -> None:
    """Without a credit memo its payment settles only as much as money and other credits cover."""
    covered = Decimal(payment["TotalAmt"])
    covered += sum((amount for target, amount in links.items() if is_credit(payment, target)), ZERO)
    for target, amount in list(links.items()):
        if not is_credit(payment, target):
            links[target] = min(amount, covered)
            covered -= links[target]


def _void_payment(company: Company, item: Object) -> Object:
    """Raises: Refusal, the payment is deposited (6540) or its period closed."""
    _check_changeable(company, item)
    carry_links(company, item["Id"], links_of(item), {})
    item |= {
        "TotalAmt": ZERO,
        "Line": [],
        "UnappliedAmt": ZERO,
        "PrivateNote": voided_note(item),
        HIDDEN: {**item[HIDDEN], "voided": True},
    }
    return company.save("Payment", item, "void")


def _delete_payment(company: Company, item: Object) -> None:
    _check_changeable(company, item)
    carry_links(company, item["Id"], links_of(item), {})


def _check_changeable(company: Company, item: Object) -> None:
    if item[HIDDEN].get("deposit"):
        raise refusals.deposited()
    check_open(company, item["TxnDate"])


PAYMENT = Kind(
    "Payment",
    _settle_payment,
    read_only=frozenset({"UnappliedAmt", "LinkedTxn", "ProcessPayment"}),
    after=_payment_saved,
    delete=_delete_payment,
    void=_void_payment,
)
