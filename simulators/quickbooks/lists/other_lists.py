"""The lists beside people and accounts: items, terms, classes, departments, payment methods.

Source: entity reference (Item, Term, Class, Department, PaymentMethod, CompanyCurrency).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.totals import price
from simulators.quickbooks.facts.currency_names import currency_name
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.accounts import check_type
from simulators.quickbooks.lists.currencies import is_multiple
from simulators.quickbooks.lists.hierarchies import carry_name, settle_parent
from simulators.quickbooks.lists.names import check_unique_in_list, keep_name_of_deactivated

_ITEM_TYPES = ("Service", "NonInventory", "Inventory", "Group", "Category")


def _settle_item(made: Write) -> None:
    item = made.item
    if not item.get("Name"):
        raise refusals.missing_parameter("Name")
    if item.get("Type") is None:
        raise refusals.missing_parameter("Type")
    if item["Type"] not in _ITEM_TYPES:
        raise refusals.feature_not_supported(f"Item type {item['Type']}")
    _check_item_accounts(made)
    if item.get("UnitPrice") is not None:
        item["UnitPrice"] = price(item["UnitPrice"])
    if item.get("SubItem") and item.get("ParentRef") is None:
        raise refusals.missing_parameter("ParentRef")
    _settle_nested(made, "SubItem")
    if not item["SubItem"]:
        del item["SubItem"]


def _check_item_accounts(made: Write) -> None:
    income, expense = made.item.get("IncomeAccountRef"), made.item.get("ExpenseAccountRef")
    kind = made.item["Type"]
    if (kind in ("Service", "Inventory") and income is None) or (
        kind == "NonInventory" and income is None and expense is None
    ):
        raise refusals.missing_parameter("IncomeAccountRef")
    account = made.reference("IncomeAccountRef")
    if account is not None:
        wanted: tuple[str, ...] = ("Income", "Other Income")
        if made.company.switches.expense_account_for_items:
            wanted = (*wanted, "Expense", "Other Expense", "Cost of Goods Sold")
        check_type(account, wanted, "IncomeAccountRef")
    if kind == "Inventory":
        for name in ("AssetAccountRef", "ExpenseAccountRef", "QtyOnHand", "InvStartDate"):
            if made.item.get(name) is None:
                raise refusals.missing_parameter(name)


def _settle_entry(made: Write) -> None:
    """The rules that all lists share: a name, unique among the active entries."""
    _settle_name(made)
    if made.item.get("Active", True):
        check_unique_in_list(made)


def _settle_nested(made: Write, flag: str) -> None:
    """The same for a list whose entries hang below each other, where the whole name counts."""
    _settle_name(made)
    made.item[flag] = settle_parent(made) is not None
    if made.item.get("Active", True):
        check_unique_in_list(made)


def _settle_name(made: Write) -> None:
    if not made.item.get("Name"):
        raise refusals.missing_parameter("Name")
    keep_name_of_deactivated(made, "Name")


def _settle_class(made: Write) -> None:
    _settle_nested(made, "SubClass")


def _settle_department(made: Write) -> None:
    _settle_nested(made, "SubDepartment")


def _settle_term(made: Write) -> None:
    item = made.item
    _settle_entry(made)
    item["Type"] = "DATE_DRIVEN" if item.get("DayOfMonthDue") is not None else "STANDARD"
    if item["Type"] == "STANDARD" and not 0 <= item.get("DueDays", 0) <= 999:
        raise refusals.Refusal([refusals.invalid_number("DueDays", item["DueDays"])])
    if item["Type"] == "DATE_DRIVEN" and not 1 <= item["DayOfMonthDue"] <= 31:
        raise refusals.Refusal([refusals.invalid_number("DayOfMonthDue", item["DayOfMonthDue"])])


def _settle_agency(made: Write) -> None:
    if not made.item.get("DisplayName"):
        raise refusals.missing_parameter("DisplayName")
    check_unique_in_list(made)


def _settle_currency(made: Write) -> None:
    if not is_multiple(made.company):
        raise refusals.feature_not_supported("Multi-currency is not enabled for this company.")
    code = made.item.get("Code")
    if code is None:
        raise refusals.missing_parameter("Code")
    name = currency_name(code)
    if name is None:
        raise refusals.unsupported_currency(code)
    made.item["Name"] = name
    check_unique_in_list(made)


ITEM = Kind(
    "Item",
    _settle_item,
    read_only=frozenset({"FullyQualifiedName", "Level"}),
    after=carry_name,
    defaults={"Active": True, "UnitPrice": Decimal(0), "Taxable": False, "TrackQtyOnHand": False},
)
TERM = Kind("Term", _settle_term, defaults={"Active": True})
CLASS = Kind(
    "Class",
    _settle_class,
    read_only=frozenset({"FullyQualifiedName", "SubClass"}),
    after=carry_name,
    defaults={"Active": True},
)
DEPARTMENT = Kind(
    "Department",
    _settle_department,
    read_only=frozenset({"FullyQualifiedName", "SubDepartment"}),
    after=carry_name,
    defaults={"Active": True},
)
PAYMENT_METHOD = Kind("PaymentMethod", _settle_entry, defaults={"Active": True, "Type": "NON_CREDIT_CARD"})
TAX_AGENCY = Kind(
    "TaxAgency",
    _settle_agency,
    can_update=False,
    defaults={"TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False},
)
COMPANY_CURRENCY = Kind("CompanyCurrency", _settle_currency, defaults={"Active": True})
