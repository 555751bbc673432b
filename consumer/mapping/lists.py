"""What is created in QBO on first use, and what of the same name is used in its stead. Pure.

Source: QBO API reference, Item, Account, TaxAgency, TaxService, PaymentMethod.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumer.mapping.names import BAD_DEBT_ITEM_NAME, item_key
from consumer.mapping.refs import Body
from shared.first_use import ACCOUNT_NAMES, TAX_CODE_NAME

TAX_AGENCY_NAME = "Invoiced"

# By purpose: name, AccountType, AccountSubType.
_ACCOUNTS = {
    "income": (ACCOUNT_NAMES["income"], "Income", "SalesOfProductIncome"),
    "discount": (ACCOUNT_NAMES["discount"], "Income", "DiscountsRefundsGiven"),
    "bad_debt": (ACCOUNT_NAMES["bad_debt"], "Expense", "BadDebts"),
}
_ITEM_TYPES = {"income": "Service", "bad_debt": "NonInventory"}
_USABLE_ITEM_TYPES = {"Service", "NonInventory"}


def account_of_item(name: str) -> str:
    """Return the purpose of the account on which an item of this name is created: `income` or `bad_debt`."""
    return "bad_debt" if item_key(name) == item_key(BAD_DEBT_ITEM_NAME) else "income"


def to_qbo_item(name: str, account_id: str) -> Body:
    """Return the QBO Item to create; `account_id` is that of `account_of_item`.

    The bad-debt item is a NonInventory one whose income account is an expense: so a credit memo over it books
    the loss. Every other item is a Service.
    """
    return {
        "Name": name,
        "Type": _ITEM_TYPES[account_of_item(name)],
        "IncomeAccountRef": {"value": account_id},
    }


def to_qbo_account(purpose: str) -> Body:
    """Return the QBO Account to create for a purpose: income, discount, bad_debt."""
    name, account_type, subtype = _ACCOUNTS[purpose]
    return {"Name": name, "AccountType": account_type, "AccountSubType": subtype}


def to_qbo_tax_agency() -> Body:
    """Return the QBO TaxAgency of our own, under which billed tax is collected."""
    return {"DisplayName": TAX_AGENCY_NAME}


def to_qbo_tax_code(agency_id: str) -> Body:
    """Return the TaxService body for our tax code: one rate of 0 %, as each document brings its own tax."""
    return {
        "TaxCode": TAX_CODE_NAME,
        "TaxRateDetails": [
            {
                "TaxRateName": "Invoiced",
                "RateValue": Decimal(0),
                "TaxAgencyId": agency_id,
                "TaxApplicableOn": "Sales",
            }
        ],
    }


def to_qbo_payment_method(name: str) -> Body:
    """Return the QBO PaymentMethod to create; names are those of `payment.payment_method_name`."""
    return {"Name": name, "Type": "CREDIT_CARD" if name == "Credit Card" else "NON_CREDIT_CARD"}


def can_adopt_item(found: Mapping[str, Any], wanted: str) -> str | None:
    """Return None if a QBO item that stands already can be used for the name `wanted`, else why not."""
    name, kind = found.get("Name"), found.get("Type")
    if not isinstance(name, str) or item_key(name) != item_key(wanted):
        return f"QuickBooks names {name!s} as the item in the way of {wanted}, which is another name"
    if found.get("Active") is False:
        return f"the item {wanted} is inactive in QuickBooks"
    if kind not in _USABLE_ITEM_TYPES:
        return f"the item {wanted} is of the type {kind!s} in QuickBooks; it must be Service or NonInventory"
    return None


def can_adopt_account(found: Mapping[str, Any], purpose: str) -> str | None:
    """Return None if a QBO account that stands already can be used for the purpose, else why not."""
    name, account_type, _ = _ACCOUNTS[purpose]
    found_name = found.get("Name")
    if not isinstance(found_name, str) or found_name.casefold() != name.casefold():
        return f"QuickBooks names {found_name!s} as the account in the way of {name}, which is another name"
    if found.get("Active") is False:
        return f"the account {name} is inactive in QuickBooks"
    if found.get("AccountType") != account_type:
        return (
            f"the account {name} is of the type {found.get('AccountType')!s} in QuickBooks; it must be {account_type}"
        )
    return None
