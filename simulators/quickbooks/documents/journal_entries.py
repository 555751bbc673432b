"""Journal entries: debits and credits written by hand.

Source: entity reference (JournalEntry): at least one debit and one credit, equal in sum; a line on an
account of receivables names a customer, one on payables a vendor.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.links import ZERO
from simulators.quickbooks.books.totals import rounded
from simulators.quickbooks.documents.charges import check_account_party, check_party, check_unlinked, settle_charges
from simulators.quickbooks.documents.lines import MOST_LINES, number_lines
from simulators.quickbooks.documents.numbering import settle_number
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.currencies import settle_document_currency

_ENTRY, _TEXT = "JournalEntryLineDetail", "DescriptionOnly"


def _settle_entry(made: Write) -> None:
    item, company = made.item, made.company
    item["TxnDate"] = item.get("TxnDate") or company.today().isoformat()
    check_open(company, item["TxnDate"], (made.before or {}).get("TxnDate"))
    settle_document_currency(made)
    settle_number(made)
    item["Adjustment"] = bool(item.get("Adjustment"))
    if made.touches("Line") or "Line" not in item:
        _settle_lines(made)
    sums = {"Debit": ZERO, "Credit": ZERO}
    charges: dict[str, Decimal] = {}
    for line in item["Line"]:
        detail = line.get(_ENTRY)
        if detail is None:
            continue
        amount, debit = Decimal(line["Amount"]), detail["PostingType"] == "Debit"
        sums[detail["PostingType"]] += amount
        party = detail.get("Entity") or {}
        if check_account_party(made, detail["AccountRef"]["value"], party.get("Type")):
            customer = party["EntityRef"]["value"]
            charges[customer] = charges.get(customer, ZERO) + (amount if debit else -amount)
    if sums["Debit"] != sums["Credit"]:
        raise refusals.business_rule("The debits and credits of a journal entry must be equal.")
    item["TotalAmt"] = sums["Debit"]
    settle_charges(made, charges)
    item.pop("GlobalTaxCalculation", None)
    item["TxnTaxDetail"] = {}


def _settle_lines(made: Write) -> None:
    sent = made.sent.get("Line") or []
    if len(sent) > MOST_LINES:
        raise refusals.business_rule(f"A transaction can have at most {MOST_LINES} lines.")
    lines = [_settle_line(made, line) for line in sent]
    if sum(1 for line in lines if _ENTRY in line) < 2:
        raise refusals.missing_parameter("Line")
    made.item["Line"] = lines
    number_lines(made)


def _settle_line(made: Write, line: Object) -> Object:
    kind = line.get("DetailType")
    if kind is None:
        raise refusals.missing_parameter("Line.DetailType")
    settled = {name: line[name] for name in ("Id", "Description") if line.get(name) is not None}
    if kind == _TEXT:
        return {**settled, "DetailType": _TEXT, "DescriptionLineDetail": {}}
    if kind != _ENTRY:
        raise refusals.Refusal([refusals.invalid_enumeration("Line.DetailType", kind)])
    detail = {name: value for name, value in (line.get(_ENTRY) or {}).items() if value is not None}
    for required in ("PostingType", "AccountRef"):
        if detail.get(required) is None:
            raise refusals.missing_parameter(f"Line.{_ENTRY}.{required}")
    if line.get("Amount") is None:
        raise refusals.missing_parameter("Line.Amount")
    if line["Amount"] < 0:
        raise refusals.negative_amount("Line.Amount")
    party = detail.pop("Entity", None)
    if party:
        kind_of_party = party.get("Type")
        reference = check_party(made, party.get("EntityRef"), kind_of_party, f"Line.{_ENTRY}.Entity")
        if reference is not None:
            detail["Entity"] = {"Type": kind_of_party, "EntityRef": reference}
    return {**settled, "Amount": rounded(line["Amount"]), "DetailType": _ENTRY, _ENTRY: detail}


def _delete_entry(company: Company, item: Object) -> None:
    check_open(company, item["TxnDate"])
    check_unlinked(company, item)


JOURNAL_ENTRY = Kind(
    "JournalEntry",
    _settle_entry,
    read_only=frozenset({"TotalAmt", "HomeTotalAmt", "LinkedTxn", "TotalCostAmount", "HomeTotalCostAmount"}),
    delete=_delete_entry,
)
