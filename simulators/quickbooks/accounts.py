"""Accounts: types, sub-types and classification, and which accounts fit a purpose.

Source: entity reference (Account); the sub-types of a type as the QuickBooks Online list has them.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.company import Company, Object
from simulators.quickbooks.names import check_unique_in_list, keep_name_of_deactivated
from simulators.quickbooks.writes import Kind, Write

# Type → its sub-types, the one taken by default first.
SUB_TYPES: dict[str, tuple[str, ...]] = {
    "Bank": ("Checking", "CashOnHand", "MoneyMarket", "RentsHeldInTrust", "Savings", "TrustAccounts"),
    "Accounts Receivable": ("AccountsReceivable",),
    "Other Current Asset": (
        "OtherCurrentAssets",
        "AllowanceForBadDebts",
        "DevelopmentCosts",
        "EmployeeCashAdvances",
        "Inventory",
        "LoansToOfficers",
        "LoansToOthers",
        "PrepaidExpenses",
        "Retainage",
        "UndepositedFunds",
    ),
    "Fixed Asset": (
        "OtherFixedAssets",
        "Buildings",
        "FurnitureAndFixtures",
        "Land",
        "MachineryAndEquipment",
        "Vehicles",
    ),
    "Other Asset": ("OtherLongTermAssets", "Goodwill", "Licenses", "SecurityDeposits"),
    "Accounts Payable": ("AccountsPayable",),
    "Credit Card": ("CreditCard",),
    "Other Current Liability": (
        "OtherCurrentLiabilities",
        "DeferredRevenue",
        "DirectDepositPayable",
        "FederalIncomeTaxPayable",
        "GlobalTaxPayable",
        "GlobalTaxSuspense",
        "LineOfCredit",
        "LoanPayable",
        "PayrollClearing",
        "PayrollTaxPayable",
        "SalesTaxPayable",
        "StateLocalIncomeTaxPayable",
    ),
    "Long Term Liability": ("OtherLongTermLiabilities", "NotesPayable", "ShareholderNotesPayable"),
    "Equity": ("OpeningBalanceEquity", "CommonStock", "OwnersEquity", "PaidInCapitalOrSurplus", "RetainedEarnings"),
    "Income": (
        "SalesOfProductIncome",
        "DiscountsRefundsGiven",
        "NonProfitIncome",
        "OtherPrimaryIncome",
        "ServiceFeeIncome",
        "UnappliedCashPaymentIncome",
    ),
    "Cost of Goods Sold": (
        "SuppliesMaterialsCogs",
        "CostOfLaborCos",
        "EquipmentRentalCos",
        "OtherCostsOfServiceCos",
        "ShippingFreightDeliveryCos",
    ),
    "Expense": (
        "OtherMiscellaneousServiceCost",
        "AdvertisingPromotional",
        "Auto",
        "BadDebts",
        "BankCharges",
        "CharitableContributions",
        "EntertainmentMeals",
        "Insurance",
        "LegalProfessionalFees",
        "OfficeGeneralAdministrativeExpenses",
        "RentOrLeaseOfBuildings",
        "RepairMaintenance",
        "SuppliesMaterials",
        "TaxesPaid",
        "Travel",
        "UnappliedCashBillPaymentExpense",
        "Utilities",
    ),
    "Other Income": ("OtherMiscellaneousIncome", "DividendIncome", "InterestEarned", "TaxExemptInterest"),
    "Other Expense": (
        "OtherMiscellaneousExpense",
        "Amortization",
        "Depreciation",
        "ExchangeGainOrLoss",
        "PenaltiesSettlements",
    ),
}
_TYPE_OF = {sub_type: account_type for account_type, sub_types in SUB_TYPES.items() for sub_type in sub_types}
CLASSIFICATION = {
    **dict.fromkeys(("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"), "Asset"),
    **dict.fromkeys(("Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"), "Liability"),
    "Equity": "Equity",
    **dict.fromkeys(("Income", "Other Income"), "Revenue"),
    **dict.fromkeys(("Cost of Goods Sold", "Expense", "Other Expense"), "Expense"),
}


def _settle_account(made: Write) -> None:
    item = made.item
    if not item.get("Name"):
        raise refusals.missing_parameter("Name")
    account_type, sub_type = item.get("AccountType"), item.get("AccountSubType")
    if account_type is None and sub_type is None:
        raise refusals.no_account_type()
    if account_type is None or ("AccountType" not in made.sent and "AccountSubType" in made.sent):
        account_type = _TYPE_OF.get(str(sub_type), account_type)
    if account_type not in SUB_TYPES:
        raise refusals.account_type_refused("AccountType", f"Supplied value:{account_type}")
    if sub_type is None:
        sub_type = SUB_TYPES[account_type][0]
    # Sub-types that this table does not hold are taken as they are.
    if _TYPE_OF.get(sub_type, account_type) != account_type:
        raise refusals.account_type_refused("AccountSubType", f"{sub_type} does not belong to {account_type}.")
    item |= {"AccountType": account_type, "AccountSubType": sub_type, "Classification": CLASSIFICATION[account_type]}
    if made.before is None:
        home = made.company.home_currency
        item |= {
            "CurrentBalance": Decimal(0),
            "CurrentBalanceWithSubAccounts": Decimal(0),
            "CurrencyRef": {"value": home, "name": home},
        }
    keep_name_of_deactivated(made, "Name")
    item["FullyQualifiedName"] = item["Name"]
    item["SubAccount"] = item.get("ParentRef") is not None
    if item["SubAccount"]:
        parent, item["ParentRef"] = made.company.refer("Account", item["ParentRef"], "ParentRef")
        item["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{item['Name']}"
    if item.get("Active", True):
        check_unique_in_list(made)


def check_type(account: Object, wanted: tuple[str, ...], element: str) -> None:
    """Raises: Refusal 6430, the account is of none of the wanted types."""
    if account["AccountType"] not in wanted:
        raise refusals.account_type_refused(element, f"It must be one of {', '.join(wanted)}.")


def standard_account(company: Company, account_type: str, sub_type: str) -> Object | None:
    """Return the reference to the company's (oldest active) account of a purpose."""
    for account in company.kept.find("Account", "purpose", (account_type, sub_type)):
        return {"value": account["Id"], "name": account["FullyQualifiedName"]}
    return None


ACCOUNT = Kind(
    "Account",
    _settle_account,
    read_only=frozenset(
        {
            "Classification",
            "FullyQualifiedName",
            "SubAccount",
            "CurrentBalance",
            "CurrentBalanceWithSubAccounts",
        }
    ),
    create_only=frozenset({"CurrencyRef", "OpeningBalance", "OpeningBalanceDate"}),
    defaults={"Active": True},
)
