"""Every refusal QuickBooks Online gives, with its code, message and HTTP status; pure.

Codes and messages: Intuit, "Review QuickBooks Online Accounting API error codes" and "Fix common
errors"; details are those of recorded replies where one is known. Two shapes exist on the wire: the
entity service's ("Fault", shape A) and the gateway's ("fault", shape B), which answers for
authorisation and throttling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class FaultError:
    """One entry of a fault; `element` names the field it is about, or is empty."""

    code: str
    message: str
    detail: str
    element: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}


class Refusal(Exception):
    """A request that the entity service refuses (shape A); nothing was written."""

    def __init__(self, errors: Sequence[FaultError], *, status: int = 400, fault_type: str = "ValidationFault") -> None:
        super().__init__("; ".join(f"{error.code} {error.detail}" for error in errors))
        self.errors = tuple(errors)
        self.status = status
        self.fault_type = fault_type

    def as_fault(self) -> dict[str, Any]:
        """The value of `Fault`, as a single reply and as an item of a batch carry it."""
        return {"Error": [error.as_json() for error in self.errors], "type": self.fault_type}


class GatewayRefusal(Exception):
    """A request that never reached the entity service (shape B)."""

    def __init__(self, status: int, code: str, message: str, detail: str, fault_type: str) -> None:
        super().__init__(f"{code} {detail}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.fault_type = fault_type

    def as_body(self, now: datetime) -> dict[str, Any]:
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {
                "error": [{"message": self.message, "detail": self.detail, "code": self.code, "element": None}],
                "type": self.fault_type,
            },
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(now.timestamp() * 1000),
            "status": None,
            "cdcresponse": [],
        }


def refusal(code: int, message: str, detail: str, element: str = "") -> Refusal:
    return Refusal([FaultError(str(code), message, detail, element)])


# Gateway ------------------------------------------------------------------------------------------


def token_refused(detail: str = "Token expired") -> GatewayRefusal:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return GatewayRefusal(401, "3200", message, detail, "AUTHENTICATION")


def wrong_company() -> GatewayRefusal:
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return GatewayRefusal(403, "3100", message, "The application is not authorised for this company", "SERVICE")


def throttled() -> GatewayRefusal:
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    return GatewayRefusal(429, "3001", message, "The request limit was reached.  Try again later", "SERVICE")


# Form of the request ------------------------------------------------------------------------------


def unsupported_operation(detail: str) -> Refusal:
    return refusal(500, "Unsupported Operation", detail)


def not_found() -> Refusal:
    """The id names nothing, or something deleted. Intuit documents this with status 400, not 404."""
    return refusal(610, "Object Not Found", "Object Not Found : Another user has deleted this transaction.")


INACTIVE_DETAIL = (
    "Something you're trying to use has been made inactive. Check the fields with accounts, "
    "customers, items, vendors or employees."
)


def inactive_reference(code: int, element: str) -> Refusal:
    message = "Object Not Found" if code == 610 else "Invalid Reference Id"
    return refusal(code, message, f"{message} : {INACTIVE_DETAIL}", element)


def missing_reference(element: str) -> Refusal:
    return refusal(2500, "Invalid Reference Id", f"Invalid Reference Id : {INACTIVE_DETAIL}", element)


def unknown_property(name: str) -> FaultError:
    return FaultError(
        "2010",
        "Request has invalid or unsupported property",
        f"Property Name:{name} specified is unsupported or invalid",
        name,
    )


def missing_parameter(name: str) -> Refusal:
    message = "Required param missing, need to supply the required value for the API"
    return refusal(2020, message, f"Required parameter {name} is missing in the request", name)


def invalid_id(value: object) -> Refusal:
    return refusal(2030, "Invalid ID", f"Id should be a valid number. Supplied value:{value}", "Id")


def invalid_characters(name: str, value: str) -> FaultError:
    return FaultError(
        "2040",
        "Invalid String. The string contains invalid characters",
        f"Element contains invalid characters. {value}",
        name,
    )


def wrong_length(name: str, maximum: int, supplied: int, minimum: int = 0) -> FaultError:
    return FaultError(
        "2050",
        "String length is either shorter or longer than supported by specification",
        "String length specified does not match the supported length. "
        f"Min:{minimum} Max:{maximum:,} supported. Supplied length:{supplied:,}",
        name,
    )


def invalid_date(name: str, value: object) -> FaultError:
    return FaultError("2060", "Invalid Date", f"Invalid date. Supplied value:{value}", name)


def invalid_number(name: str, value: object) -> FaultError:
    return FaultError("2090", "Invalid Number", f"Invalid Number : {value}", name)


def duplicate_request_id(request_id: str) -> Refusal:
    return refusal(600, "Duplicate Request ID", f"Request ID {request_id} was used for another request.", "requestid")


def invalid_request_id(detail: str) -> Refusal:
    return refusal(2130, "Invalid Request Id Format", detail, "requestid")


def invalid_enumeration(name: str, value: object) -> FaultError:
    return FaultError("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", name)


def invalid_email(name: str) -> FaultError:
    return FaultError(
        "2210",
        "Invalid Email Address format",
        "Email Address does not conform to the RFC 822 standard.",
        name,
    )


def unsupported_currency(value: object) -> Refusal:
    return refusal(2220, "Invalid Currency", f"Unsupported currency code. Supplied value:{value}", "CurrencyRef")


def negative_amount(name: str) -> Refusal:
    return refusal(2290, "Invalid amount", "Line amount cannot be negative.", name)


def query_not_parsed(detail: str) -> Refusal:
    return refusal(4000, "Error parsing query", f"QueryParserError: {detail}")


def query_not_valid(detail: str) -> Refusal:
    return refusal(4001, "Invalid query", f"QueryValidationError: {detail}")


def batch_too_big(size: int, limit: int) -> Refusal:
    return refusal(1040, "Batch size exceeds allowed limit", f"The batch size {size} exceeds the limit of {limit}.")


# State of the books -------------------------------------------------------------------------------


def stale_object(user: str = "the administrator") -> Refusal:
    detail = (
        f"Stale Object Error : You and {user} were working on this at the same time. "
        f"{user} finished before you did, so your work was not saved."
    )
    return refusal(5010, "Stale Object Error", detail)


def feature_not_supported(detail: str) -> Refusal:
    return refusal(5030, "Feature Not Supported", f"Feature Not Supported Error : {detail}")


def business_rule(detail: str) -> Refusal:
    return refusal(
        6000,
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
    )


def cannot_link(detail: str) -> Refusal:
    return refusal(620, "Transaction ID sent in the request can't be linked", detail)


def cannot_delete(detail: str) -> Refusal:
    return refusal(800, "Cannot delete object", detail)


def has_balance(name: str) -> Refusal:
    return refusal(6220, "Object has a balance", f"{name} cannot be made inactive while it has a balance.")


def no_account_type() -> Refusal:
    return refusal(
        6010,
        "Invalid Account.AccountType && Account.SubType",
        "Either an Account.AccountType or an Account.AccountSubType must be specified",
    )


def amount_not_quantity_times_price(amount: str) -> Refusal:
    return refusal(
        6070,
        "Amount calculation incorrect in the request.",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount}",
        "Line.Amount",
    )


def no_name() -> Refusal:
    return refusal(
        6080,
        "No Name Provided",
        "Title, GivenName, MiddleName, FamilyName, DisplayName, Suffix - one of these must be non-empty",
    )


def discount_incomplete(detail: str = "Discount amount or percent should be provided.") -> Refusal:
    return refusal(6090, "Discount Line missing required info.", detail, "Line.DiscountLineDetail")


def line_tax_code(value: object) -> Refusal:
    return refusal(
        6100,
        "Invalid Line TaxCode in the request",
        f"Valid Line TaxCodes for US should be TAX or NON. Supplied value:{value}",
        "Line.SalesItemLineDetail.TaxCodeRef",
    )


def duplicate_number(number: str, txn_type: str, txn_id: str) -> Refusal:
    message = "Duplicate Document Number Error"
    detail = (
        f"{message} : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={txn_type} with TxnId={txn_id}"
    )
    return refusal(6140, message, detail)


def tax_not_applicable() -> Refusal:
    detail = "TxnTaxDetail must be left out where GlobalTaxCalculation is NotApplicable."
    return refusal(6170, "Invalid TxnTaxDetail in the request", detail, "TxnTaxDetail")


def too_deep(limit: int) -> Refusal:
    return refusal(6180, "Too many levels", f"Only {limit} levels are supported.", "ParentRef")


def below_itself() -> Refusal:
    return refusal(900, "Parent cannot be child", "An entry cannot hang below itself.", "ParentRef")


def books_closed(*, password: bool) -> Refusal:
    if password:
        return refusal(
            6210,
            "Account Period Closed",
            "The account period has closed and the account books cannot be updated through the QBO "
            "Services API. Please use the QBO website to make these changes.",
        )
    return refusal(
        6200,
        "Account Period Closed",
        "The account period has closed and the account books cannot be updated.",
    )


def duplicate_name(object_id: str) -> Refusal:
    return refusal(6240, "Duplicate Name Exists Error", f"The name supplied already exists. : Id={object_id}")


def duplicate_tax_rate() -> Refusal:
    return refusal(
        6240,
        "Duplicate Name Exists Error",
        "The name supplied already exists. : Another tax rate is already using this name. Please use a different name.",
    )


def no_email() -> Refusal:
    return refusal(
        6420,
        "Email Address is required",
        "BillEmail is required when EmailStatus is NeedToSend.",
        "BillEmail",
    )


def account_type_refused(element: str, wanted: str) -> Refusal:
    return refusal(6430, "Invalid Account Type", f"Invalid account type used. {wanted}", element)


def tax_rate_refused(detail: str) -> Refusal:
    return refusal(6470, "Invalid Tax Rate", detail)


def deposited() -> Refusal:
    return refusal(
        6540,
        "Deposited Transaction cannot be changed",
        "This transaction has been deposited. If you want to change or delete it, you must first edit "
        "the deposit it appears on and remove it.",
    )
