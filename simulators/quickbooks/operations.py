"""What can be done to entities: which operation a request asks for, and carrying it out.

The words are those of the request log: create, update, sparse, delete, void, deactivate, send, read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulators.calls import Operation
from simulators.quickbooks import refusals
from simulators.quickbooks.books.closed_books import check_open
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.documents.attachments import ATTACHABLE
from simulators.quickbooks.documents.deposits import DEPOSIT
from simulators.quickbooks.documents.estimates import ESTIMATE
from simulators.quickbooks.documents.journal_entries import JOURNAL_ENTRY
from simulators.quickbooks.documents.payments import PAYMENT
from simulators.quickbooks.documents.purchases import PURCHASE
from simulators.quickbooks.documents.receipts import REFUND_RECEIPT, SALES_RECEIPT
from simulators.quickbooks.documents.sales import CREDIT_MEMO, INVOICE
from simulators.quickbooks.forms.fields import are_emails
from simulators.quickbooks.forms.writes import Kind, names_object, to_change, write
from simulators.quickbooks.lists.accounts import ACCOUNT
from simulators.quickbooks.lists.exchange_rates import ENTITY as EXCHANGE_RATE
from simulators.quickbooks.lists.exchange_rates import set_rate
from simulators.quickbooks.lists.other_lists import (
    CLASS,
    COMPANY_CURRENCY,
    DEPARTMENT,
    ITEM,
    PAYMENT_METHOD,
    TAX_AGENCY,
    TERM,
)
from simulators.quickbooks.lists.people import CUSTOMER, EMPLOYEE, VENDOR
from simulators.quickbooks.lists.settings import COMPANY_INFO, PREFERENCES
from simulators.quickbooks.shown import shown
from simulators.quickbooks.tax.sales_tax import create_tax_code

KINDS: Mapping[str, Kind] = {
    kind.entity: kind
    for kind in (
        ACCOUNT,
        ATTACHABLE,
        CLASS,
        COMPANY_CURRENCY,
        COMPANY_INFO,
        CREDIT_MEMO,
        CUSTOMER,
        DEPARTMENT,
        DEPOSIT,
        EMPLOYEE,
        ESTIMATE,
        INVOICE,
        ITEM,
        JOURNAL_ENTRY,
        PAYMENT,
        PAYMENT_METHOD,
        PREFERENCES,
        PURCHASE,
        REFUND_RECEIPT,
        SALES_RECEIPT,
        TAX_AGENCY,
        TERM,
        VENDOR,
    )
}
# Read by clients, made only by TaxService.
READ_ONLY = ("TaxCode", "TaxRate")
TAX_SERVICE = "TaxService"
# An exchange rate has no id: it is named by its currency and day.
READABLE = (*KINDS, *READ_ONLY, EXCHANGE_RATE)
# Path segment → entity: paths are in lower case.
SEGMENTS: Mapping[str, str] = {entity.lower(): entity for entity in READABLE}
VOIDED_BY_UPDATE = frozenset({"Payment", "SalesReceipt"})
_MAILED = frozenset({"Invoice", "CreditMemo", "Estimate", "Payment", "SalesReceipt", "RefundReceipt"})


def with_id_of_settings(entity: str | None, body: Any) -> Any:
    """A body for Preferences or CompanyInfo, of which there is one each, may leave the Id out."""
    if entity in ("Preferences", "CompanyInfo") and isinstance(body, dict) and not names_object(body):
        return {**body, "Id": "1"}
    return body


def operation_of(body: object, operation: str | None, include: Iterable[str]) -> Operation:
    """The operation that a write asks for, by its query parameters and its body."""
    if operation == "delete":
        return "delete"
    if operation == "void" or (operation in (None, "", "update") and "void" in include):
        return "void"
    if not isinstance(body, dict) or not names_object(body):
        return "create"
    if body.get("Active") in (False, "false"):
        return "deactivate"
    return "sparse" if body.get("sparse") in (True, "true") else "update"


def carry_out(
    company: Company, entity: str, body: object, operation: str | None = None, include: Iterable[str] = ()
) -> dict[str, Any]:
    """Do one write and return the value of the reply: the object, or the stub of a deleted one.

    Raises:
        Refusal: nothing is written, if the caller's transaction is rolled back.
    """
    include = frozenset(include)
    if entity == TAX_SERVICE:
        return create_tax_code(company, body)
    if entity == EXCHANGE_RATE and operation in (None, "update"):
        return shown(company, entity, set_rate(company, body))
    kind = KINDS.get(entity)
    if kind is None or operation not in (None, "create", "update", "delete", "void"):
        raise refusals.unsupported_operation(f"Operation {operation or 'create'} on {entity} is not supported.")
    asked = operation_of(body, operation, include)
    if asked == "delete":
        return _delete(company, kind, body)
    if asked == "void":
        return shown(company, entity, _void(company, kind, body, by_update=operation != "void"))
    if operation == "update" and asked == "create":
        raise refusals.missing_parameter("Id")
    return shown(company, entity, write(company, kind, body, include))


def read(company: Company, entity: str, id: str) -> dict[str, Any]:
    """Return one object as a read by id shows it.

    Raises:
        Refusal: 610, there is none; 2030, that is no id.
    """
    if entity == "CompanyInfo" and id == company.realm:
        id = "1"
    if not id.isdecimal() and entity not in READ_ONLY:
        raise refusals.invalid_id(id)
    return shown(company, entity, company.get(entity, id))


def send(company: Company, entity: str, id: str, send_to: str | None) -> dict[str, Any]:
    """Mail a document: its version moves and it remembers to whom. A payment has no fields for that.

    Raises:
        Refusal: the entity is not mailed (500), there is none of that id (610), no address (6420), or one
            that is malformed (2210).
    """
    if entity not in _MAILED:
        raise refusals.unsupported_operation(f"Operation send on {entity} is not supported.")
    item = company.get(entity, id)
    owner = company.get("Customer", item["CustomerRef"]["value"]) if entity == "Payment" else item
    address = send_to or (owner.get("PrimaryEmailAddr" if entity == "Payment" else "BillEmail") or {}).get("Address")
    if not address:
        raise refusals.no_email()
    if not are_emails(address):
        raise refusals.Refusal([refusals.invalid_email("sendTo")])
    if entity != "Payment":
        item |= {
            "BillEmail": {"Address": address},
            "EmailStatus": "EmailSent",
            "DeliveryInfo": {
                "DeliveryType": "Email",
                "DeliveryTime": company.now().replace(microsecond=0).isoformat(),
            },
        }
    return shown(company, entity, company.save(entity, item, "emailed"))


def _delete(company: Company, kind: Kind, body: object) -> dict[str, Any]:
    if kind.delete is None:
        raise refusals.unsupported_operation(f"Operation delete on {kind.entity} is not supported.")
    item = to_change(company, kind.entity, body)
    kind.delete(company, item)
    company.remove(kind.entity, item)
    return {"status": "Deleted", "domain": "QBO", "Id": item["Id"]}


def _void(company: Company, kind: Kind, body: object, *, by_update: bool) -> Object:
    """Invoices are voided by operation=void, payments by include=void, with operation=update or without."""
    documented = (kind.entity in VOIDED_BY_UPDATE) == by_update
    if kind.void is None or not (documented or (company.switches.void_by_operation and not by_update)):
        raise refusals.unsupported_operation(f"Operation void on {kind.entity} is not supported.")
    item = to_change(company, kind.entity, body)
    check_open(company, item["TxnDate"])
    return kind.void(company, item)
