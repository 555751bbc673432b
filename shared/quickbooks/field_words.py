"""How people call the fields of QuickBooks that are ours. Pure."""

from collections.abc import Iterable

_WORDS = {
    "AllowOnlineACHPayment": "online bank payment",
    "AllowOnlineCreditCardPayment": "online card payment",
    "BillAddr": "billing address",
    "CustomerRef": "customer",
    "DepositToAccountRef": "deposit account",
    "DisplayName": "name",
    "DocNumber": "number",
    "DueDate": "due date",
    "IncomeAccountRef": "income account",
    "Line": "lines",
    "PaymentMethodRef": "payment method",
    "PaymentRefNum": "reference",
    "PrimaryEmailAddr": "e-mail",
    "PrimaryPhone": "phone",
    "TotalAmt": "total",
    "TotalTax": "tax",
    "TxnDate": "date",
}


def in_words(field: str) -> str:
    """Return what people call a field; its own name where there is no other."""
    return _WORDS.get(field, field)


def all_in_words(fields: Iterable[str]) -> str:
    """Return some fields for people, in one order."""
    return ", ".join(sorted(in_words(field) for field in fields))
