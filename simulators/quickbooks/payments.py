"""Payments: money received, what it settles, and what stays unapplied.

Source: entity reference (Payment). A payment of 0 applies a credit memo to an invoice.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.accounts import check_type, standard_account
from simulators.quickbooks.applied import SETTLED, ZERO, apply, voided_note
from simulators.quickbooks.closed_books import check_open
from simulators.quickbooks.company import HIDDEN, Company, Object, cents
from simulators.quickbooks.totals import rounded
from simulators.quickbooks.writes import Kind, Write

Links = dict[tuple[str, str], Decimal]


def links_of(payment: Object | None) -> Links:
    """(entity, id) → amount of every document that a payment settles."""
    found: Links = {}
    for line in (payment or {}).get("Line", []):
        target = (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"])
        found[target] = found.get(target, ZERO) + Decimal(line["Amount"])
    return found


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
    _settle_currency(made)
    _settle_account(made)
    if made.touches("Line") or "Line" not in item:
        item["Line"] = [_settle_line(line) for line in made.sent.get("Line") or []]
    _check_links(made)
    item["UnappliedAmt"] = unapplied(item)
    item["ProcessPayment"] = False
    item[HIDDEN] = {**item[HIDDEN], "voided": False}


def _settle_currency(made: Write) -> None:
    customer = made.reference("CustomerRef") or {}
    currency = customer.get("CurrencyRef", {"value": made.company.home_currency})
    wanted = made.sent.get("CurrencyRef")
    if wanted is not None and wanted.get("value") != currency["value"]:
        raise refusals.business_rule("The currency of a transaction must be the currency of its customer.")
    made.item["CurrencyRef"] = currency
    if not made.company.preferences["CurrencyPrefs"].get("MultiCurrencyEnabled"):
        made.item.pop("ExchangeRate", None)


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
        Refusal: unknown document (2500), another customer's (620), more than its balance or than the
            money there is (6000).
    """
    own = links_of(made.before)
    family = _family(made.company, made.item["CustomerRef"]["value"])
    for (entity, id), amount in links_of(made.item).items():
        document = made.company.find(entity, id)
        if document is None or (entity, id) in made.company.fresh:
            raise refusals.missing_reference("Line.LinkedTxn")
        if document["CustomerRef"]["value"] not in family:
            raise refusals.cannot_link(f"Transaction {id} belongs to another customer.")
        if amount > Decimal(document["Balance"]) + own.get((entity, id), ZERO):
            raise refusals.business_rule("The amount applied is more than the balance of the linked transaction.")
    if unapplied(made.item) < 0:
        raise refusals.business_rule("The amounts applied are more than the payment.")


def _family(company: Company, customer_id: str) -> set[str]:
    """The customer and its sub-customers, whose invoices it may pay."""
    found, todo = {customer_id}, [customer_id]
    while todo:
        for child in company.kept.find("Customer", "parent", todo.pop()):
            found.add(child["Id"])
            todo.append(child["Id"])
    return found


def unapplied(payment: Object) -> Decimal:
    """TotalAmt less what goes to invoices, plus what comes from credit memos."""
    links = links_of(payment).items()
    used = sum((amount if entity == "Invoice" else -amount for (entity, _), amount in links), ZERO)
    return cents(Decimal(payment["TotalAmt"]) - used)


def _payment_saved(made: Write) -> None:
    carry_links(made.company, made.item["Id"], links_of(made.before), links_of(made.item))


def carry_links(company: Company, payment_id: str, before: Links, after: Links) -> None:
    """Bring the settled documents in line with a payment's changed lines, releases first."""
    for entity, id in sorted({*before, *after}, key=lambda target: after.get(target, ZERO)):
        apply(company, entity, id, payment_id, after.get((entity, id), ZERO))


def relink(company: Company, payment: Object, links: Links) -> Object:
    """Let a payment settle exactly `links` from now on: a system event, so its version moves."""
    before = links_of(payment)
    payment["Line"] = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": entity}]}
        for (entity, id), amount in links.items()
        if amount
    ]
    payment["UnappliedAmt"] = unapplied(payment)
    kept = company.save("Payment", payment)
    carry_links(company, payment["Id"], before, links)
    return kept


def unlink(company: Company, payment_id: str, entity: str, id: str) -> None:
    """Take one document off a payment; its money becomes unapplied.

    A credit memo that settled the document together with it is released as well.
    """
    payment = company.get("Payment", payment_id)
    links = {target: amount for target, amount in links_of(payment).items() if target != (entity, id)}
    invoices = sum((amount for (kind, _), amount in links.items() if kind == "Invoice"), ZERO)
    room = max(invoices - Decimal(payment["TotalAmt"]), ZERO)
    for target, amount in list(links.items()):
        if target[0] == "CreditMemo":
            links[target] = min(amount, room)
            room -= links[target]
    if entity == "CreditMemo":
        _shrink_invoices(links, Decimal(payment["TotalAmt"]))
    relink(company, payment, links)


def _shrink_invoices(links: Links, money: Decimal) -> None:
    """Without a credit memo its payment settles only as much as money and other credits cover."""
    covered = money + sum((amount for (kind, _), amount in links.items() if kind == "CreditMemo"), ZERO)
    for target, amount in list(links.items()):
        if target[0] == "Invoice":
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
