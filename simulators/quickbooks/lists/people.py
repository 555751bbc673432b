"""Customers, vendors and employees: one space of names.

Source: entity reference (Customer, Vendor, Employee).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import PEOPLE, Company, Object
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.addresses import kept_address
from simulators.quickbooks.lists.currencies import currency_of_party
from simulators.quickbooks.lists.hierarchies import carry_name, settle_parent
from simulators.quickbooks.lists.names import keep_name_of_deactivated

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_ADDRESSES = ("BillAddr", "ShipAddr", "PrimaryAddr")
# Ids that replies mask, and how many of their last characters they leave; 0: the same mask for all.
_MASKED = {
    "Customer": {"PrimaryTaxIdentifier": 5, "SecondaryTaxIdentifier": 5},
    "Vendor": {"TaxIdentifier": 4},
    "Employee": {"SSN": 0},
}
_MASK = "XXX-XX-XXXX"


def _settle_person(made: Write) -> None:
    """DisplayName, its uniqueness, activity and addresses."""
    _compose_name(made)
    _keep_masked(made)
    keep_name_of_deactivated(made, "DisplayName")
    if made.item.get("Active", True):
        _check_unique(made.company, made.item["DisplayName"], made)
    made.item.setdefault("PrintOnCheckName", made.item.get("CompanyName") or made.item["DisplayName"])
    iso3_country = made.entity == "Customer" and made.company.switches.customer_country_iso3
    for name in _ADDRESSES:
        if made.sent.get(name) is not None:
            made.item[name] = kept_address(made.company, made.item[name], iso3_country=iso3_country)


def _compose_name(made: Write) -> None:
    if made.before is not None and made.sparse and not made.item.get("DisplayName"):
        # Entity reference: it cannot be removed with a sparse update.
        made.item["DisplayName"] = made.before["DisplayName"]
    if made.item.get("DisplayName"):
        return
    parts = [made.item[name] for name in _NAME_PARTS if made.item.get(name)]
    if not parts:
        raise refusals.no_name()
    made.item["DisplayName"] = " ".join(parts)


def tax_ids_shown(entity: str, item: Object) -> Object:
    """The tax ids of a customer, vendor or employee as replies show them: 123-45-6789 is XXXXXX56789."""
    return {name: _masked(item[name], left) for name, left in _MASKED.get(entity, {}).items() if name in item}


def _masked(value: str, left: int) -> str:
    return value.replace("-", "")[-left:].rjust(len(value), "X") if left else _MASK


def _keep_masked(made: Write) -> None:
    """An id that comes as it was shown is the one that is kept (entity reference, Employee.SSN)."""
    for name, left in _MASKED[made.entity].items():
        before = (made.before or {}).get(name)
        if made.sent.get(name) == _masked(before or "", left):
            made.item[name] = before


def _check_unique(company: Company, name: str, made: Write) -> None:
    for entity in PEOPLE:
        found = company.find_named(entity, name)
        if found is not None and (entity, found["Id"]) != (made.entity, made.item.get("Id")):
            raise refusals.duplicate_name(found["Id"])


def _settle_customer(made: Write) -> None:
    item = made.item
    if made.before is None:
        item["Balance"] = item["BalanceWithJobs"] = Decimal("0.00")
    if made.sent.get("TaxExemptionReasonId") and made.sent.get("Taxable") is None:
        item["Taxable"] = False
    _settle_person(made)
    blocks = made.company.switches.balance_blocks_deactivation
    if blocks and not item.get("Active", True) and item.get("Balance"):
        raise refusals.has_balance(item["DisplayName"])
    parent = settle_parent(made)
    if made.before is None:
        item["CurrencyRef"] = _currency(made, parent)
    item["Job"] = parent is not None
    item["BillWithParent"] = bool(item.get("BillWithParent")) and parent is not None


def _currency(made: Write, parent: Object | None) -> Object:
    """Sub-customers are in the currency of their parent, the others in the home currency unless they say so."""
    if parent is None:
        return currency_of_party(made)
    currency: Object = parent["CurrencyRef"]
    if (made.sent.get("CurrencyRef") or currency).get("value") != currency["value"]:
        raise refusals.business_rule("A sub-customer has the currency of its parent.")
    return currency


def _settle_vendor(made: Write) -> None:
    if made.before is None:
        made.item["CurrencyRef"] = currency_of_party(made)
    _settle_person(made)


def balance_with_jobs(company: Company, customer: Object) -> Decimal:
    children = company.kept.find("Customer", "parent", customer["Id"])
    return Decimal(customer["Balance"]) + sum(
        (balance_with_jobs(company, child) for child in children), Decimal("0.00")
    )


CUSTOMER = Kind(
    "Customer",
    _settle_customer,
    read_only=frozenset(
        {
            "FullyQualifiedName",
            "Level",
            "BalanceWithJobs",
            "IsProject",
            "Balance",
            "OpenBalanceDate",
            "OverDueBalance",
            "Job",
            "TotalRevenue",
            "TotalExpense",
        }
    ),
    create_only=frozenset({"CurrencyRef"}),
    after=carry_name,
    defaults={
        "Active": True,
        "Taxable": True,
        "PreferredDeliveryMethod": "None",
        "BillWithParent": False,
        "IsProject": False,
    },
)
VENDOR = Kind(
    "Vendor",
    _settle_vendor,
    read_only=frozenset({"Balance", "OpenBalanceDate"}),
    create_only=frozenset({"CurrencyRef"}),
    defaults={"Active": True, "Vendor1099": False},
)
EMPLOYEE = Kind("Employee", _settle_person, defaults={"Active": True})
