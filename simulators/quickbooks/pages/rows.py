"""What the web page shows of documents and customers: plain rows of text, made from kept objects; pure reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.links import ZERO

# Entity → what the page calls it, in the order in which it lists them.
DOCUMENTS = {
    "Invoice": "Invoices",
    "Payment": "Payments",
    "CreditMemo": "Credit memos",
    "Estimate": "Estimates",
    "SalesReceipt": "Sales receipts",
    "RefundReceipt": "Refund receipts",
    "Deposit": "Deposits",
    "Purchase": "Expenses",
    "JournalEntry": "Journal entries",
}
# What one of them is called.
ONE = {entity: title.removesuffix("s") for entity, title in DOCUMENTS.items()} | {"JournalEntry": "Journal entry"}
# A payment names purchases by how they were paid.
_LINKED = {entity: entity for entity in DOCUMENTS} | dict.fromkeys(("Expense", "Check", "CreditCardCredit"), "Purchase")
_PARTIES = (("CustomerRef", "Customer"), ("EntityRef", None), ("VendorRef", "Vendor"))


@dataclass(frozen=True)
class Link:
    """A text that leads to the page of an object, if it has one."""

    text: str
    entity: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class DocumentRow:
    entity: str
    id: str
    name: str
    date: str
    party: Link
    total: str
    left: str
    state: str
    is_warning: bool


@dataclass(frozen=True)
class LineRow:
    """One line of a document; `is_total` for subtotals and taxes, which are no goods."""

    text: Link
    detail: str
    quantity: str
    price: str
    code: str
    amount: str
    is_total: bool = False


def money(amount: Decimal | int | None, currency: str = "") -> str:
    """12345.6 of USD as "12,345.60 USD"; nothing for None."""
    return "" if amount is None else f"{Decimal(amount):,.2f} {currency}".rstrip()


def document_row(company: Company, entity: str, item: Object) -> DocumentRow:
    currency = (item.get("CurrencyRef") or {}).get("value", company.home_currency)
    left = item.get("Balance", item.get("UnappliedAmt"))
    state, is_warning = _state(company, entity, item, left)
    number = item.get("DocNumber") or item.get("PaymentRefNum")
    return DocumentRow(
        entity,
        item["Id"],
        str(number) if number else f"#{item['Id']}",
        item.get("TxnDate", ""),
        _party(item),
        money(_total(item), currency),
        money(left, currency) if left else "",
        state,
        is_warning,
    )


def lines_of_document(company: Company, item: Object) -> list[LineRow]:
    """The lines of a document as read, then its tax by rate."""
    rows = list(_lines(company, item.get("Line", [])))
    for line in (item.get("TxnTaxDetail") or {}).get("TaxLine", []):
        detail = line["TaxLineDetail"]
        rate = company.find("TaxRate", detail["TaxRateRef"]["value"]) or {}
        words = f"{detail['TaxPercent']} % of {money(detail['NetAmountTaxable'])}"
        rows.append(LineRow(Link(f"Tax: {rate.get('Name', '')}"), words, "", "", "", money(line["Amount"]), True))
    return rows


def linked_document(link: Object) -> Link:
    """The document that an entry of LinkedTxn names."""
    entity = _LINKED.get(link["TxnType"])
    return Link(f"{ONE[entity] if entity else link['TxnType']} #{link['TxnId']}", entity, link["TxnId"])


def facts(item: Object) -> list[tuple[str, str]]:
    """What else a person wants to know of a document."""
    addresses = [item.get(name) or {} for name in ("BillEmail",)]
    found = (
        ("Due", item.get("DueDate")),
        ("Terms", (item.get("SalesTermRef") or {}).get("name")),
        ("Method", (item.get("PaymentMethodRef") or {}).get("name")),
        ("Deposited to", (item.get("DepositToAccountRef") or {}).get("name")),
        ("Account", (item.get("AccountRef") or {}).get("name")),
        ("Exchange rate", item.get("ExchangeRate")),
        ("E-mail", ", ".join(one["Address"] for one in addresses if one.get("Address"))),
        ("Mail", {"EmailSent": "sent", "NeedToSend": "to be sent"}.get(item.get("EmailStatus", ""))),
        ("Memo", (item.get("CustomerMemo") or {}).get("value")),
        ("Note", item.get("PrivateNote")),
        ("Version", item["SyncToken"]),
        ("Changed", item["MetaData"]["LastUpdatedTime"].replace("T", " ")),
    )
    return [(name, str(value)) for name, value in found if value]


def _lines(company: Company, lines: list[Object]) -> Iterator[LineRow]:
    for line in lines:
        kind = line.get("DetailType", "")
        detail: Object = line.get(kind) or {}
        text, more = _line_text(kind, detail, line)
        if detail.get("DiscountAmt"):
            more = f"{more} less {money(detail['DiscountAmt'])} discount".strip()
        yield LineRow(
            text,
            more,
            _number(detail.get("Qty")),
            _number(detail.get("UnitPrice")),
            _code_name(company, detail),
            money(line.get("Amount")),
            kind == "SubTotalLineDetail",
        )
        yield from _lines(company, detail.get("Line", []) if kind == "GroupLineDetail" else [])


def _line_text(kind: str, detail: Object, line: Object) -> tuple[Link, str]:
    said = line.get("Description", "")
    if line.get("LinkedTxn"):
        link = line["LinkedTxn"][0]
        return linked_document(link), said
    if kind == "SubTotalLineDetail":
        return Link("Subtotal"), ""
    if kind == "DiscountLineDetail":
        percent = detail.get("DiscountPercent")
        return Link(f"Discount {_number(percent)} %" if percent else "Discount"), said
    for name, prefix in (("ItemRef", ""), ("GroupItemRef", ""), ("AccountRef", detail.get("PostingType", ""))):
        if detail.get(name):
            text = detail[name].get("name") or detail[name]["value"]
            return Link(f"{prefix} {text}".strip()), said
    return Link(said or kind), ""


def _code_name(company: Company, detail: Object) -> str:
    reference = detail.get("TaxCodeRef")
    code = company.find("TaxCode", reference["value"]) if reference else None
    return str(code["Name"]) if code else ""


def _number(value: Any) -> str:
    return "" if value is None else f"{Decimal(value).normalize():,f}"


def _party(item: Object) -> Link:
    for name, entity in _PARTIES:
        reference = item.get(name)
        if reference:
            return Link(
                reference.get("name") or reference["value"], entity or reference.get("type"), reference["value"]
            )
    return Link("")


def _total(item: Object) -> Decimal | None:
    """The document's total; of a journal entry, its debits."""
    if "TotalAmt" in item:
        return Decimal(item["TotalAmt"])
    details = [(line, line.get("JournalEntryLineDetail") or {}) for line in item.get("Line", [])]
    debits = [Decimal(line["Amount"]) for line, detail in details if detail.get("PostingType") == "Debit"]
    return sum(debits, ZERO) if debits else None


def _state(company: Company, entity: str, item: Object, left: Any) -> tuple[str, bool]:
    if item[HIDDEN].get("voided"):
        return "voided", False
    if item[HIDDEN].get("deposit"):
        return "deposited", False
    if entity == "Invoice":
        if not left:
            return "paid", False
        overdue = item.get("DueDate", "9999") < company.today().isoformat()
        return ("overdue", True) if overdue else ("open", False)
    if entity == "CreditMemo":
        return "open" if left else "used up", False
    if entity == "Payment":
        return "partly unapplied" if left else "applied", False
    return str(item.get("TxnStatus", "")).lower(), False
