"""What a new company starts with: preferences, chart of accounts, terms, payment methods, items, tax.

Names and types follow the lists that QuickBooks Online sets up for a new company in the US (Intuit, "Manage
default and special accounts"; audit logs of new companies; the sandbox company); what is called otherwise
elsewhere, and the tax there, is in `localities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.documents.numbering import WARN_DUPLICATE_JOURNAL_NUMBER
from simulators.quickbooks.facts.localities import LOCALITIES, US, Locality
from simulators.quickbooks.forms.writes import write
from simulators.quickbooks.lists.accounts import ACCOUNT, standard_account
from simulators.quickbooks.lists.other_lists import ITEM
from simulators.quickbooks.tax.tax_rates import tax_code, tax_rate

# The accounts that the audit log of a new company lists, those that come with a feature when it is first used
# or switched on, and the two banks that a sandbox has.
_CHART = (
    ("Services", "Income", "ServiceFeeIncome"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Sales", "Income", "SalesOfProductIncome"),
    ("Discounts given", "Income", "DiscountsRefundsGiven"),
    ("Uncategorized Income", "Income", "ServiceFeeIncome"),
    ("Billable Expense Income", "Income", "ServiceFeeIncome"),
    ("Unapplied Cash Payment Income", "Income", "UnappliedCashPaymentIncome"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Inventory Asset", "Other Current Asset", "Inventory"),
    ("Prepaid Expenses", "Other Current Asset", "PrepaidExpenses"),
    ("Uncategorized Asset", "Other Current Asset", "OtherCurrentAssets"),
    ("Checking", "Bank", "Checking"),
    ("Savings", "Bank", "Savings"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("Retained Earnings", "Equity", "RetainedEarnings"),
    ("Owner's Investment", "Equity", "OwnersEquity"),
    ("Owner's Pay & Personal Expenses", "Equity", "OwnersEquity"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Advertising & Marketing", "Expense", "AdvertisingPromotional"),
    ("Ask My Accountant", "Expense", "OtherMiscellaneousServiceCost"),
    ("Bank Charges & Fees", "Expense", "BankCharges"),
    ("Car & Truck", "Expense", "Auto"),
    ("Contractors", "Expense", "CostOfLabor"),
    ("Insurance", "Expense", "Insurance"),
    ("Interest Paid", "Expense", "InterestPaid"),
    ("Job Supplies", "Expense", "SuppliesMaterials"),
    ("Legal & Professional Services", "Expense", "LegalProfessionalFees"),
    ("Meals & Entertainment", "Expense", "EntertainmentMeals"),
    ("Office Supplies & Software", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("Other Business Expenses", "Expense", "OtherMiscellaneousServiceCost"),
    ("Reimbursable Expenses", "Expense", "OtherMiscellaneousServiceCost"),
    ("Rent & Lease", "Expense", "RentOrLeaseOfBuildings"),
    ("Repairs & Maintenance", "Expense", "RepairMaintenance"),
    ("Taxes & Licenses", "Expense", "TaxesPaid"),
    ("Travel", "Expense", "Travel"),
    ("Unapplied Cash Bill Payment Expense", "Expense", "UnappliedCashBillPaymentExpense"),
    ("Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost"),
    ("Utilities", "Expense", "Utilities"),
    ("Interest Earned", "Other Income", "InterestEarned"),
)
_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_METHODS = (("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Credit Card", "CREDIT_CARD"))
_ITEMS = ("Services", "Hours")
# The rates by which the simulated engine of automated sales tax computes.
_ENGINE = (("California State", Decimal(6)), ("San Francisco County", Decimal("2.625")))


@dataclass(frozen=True)
class Plan:
    """What a company is founded as: its country, and what its owner switched on."""

    country: str = US
    automated_sales_tax: bool = False
    multicurrency: bool = False


def found_company(company: Company, name: str, plan: Plan) -> None:
    """Set up an empty company, its books in its country's currency. Call within its transaction; nobody is told."""
    place = LOCALITIES[plan.country]
    _settle_settings(company, name, plan.country, place)
    chart = [(place.renamed.get(account, account), *types) for account, *types in _CHART]
    for account, account_type, sub_type in (*chart, *place.accounts):
        if account is None:
            continue
        write(company, ACCOUNT, {"Name": account, "AccountType": account_type, "AccountSubType": sub_type})
    preferences = company.preferences
    discounts = standard_account(company, "Income", "DiscountsRefundsGiven")
    if discounts is not None:
        preferences["SalesFormsPrefs"]["DefaultDiscountAccount"] = discounts["value"]
    company.amend("Preferences", preferences)
    for term, days in _TERMS:
        company.insert(
            "Term",
            {
                "Name": term,
                "Active": True,
                "Type": "STANDARD",
                "DueDays": days,
                "DiscountDays": 0,
                "DiscountPercent": Decimal(0),
            },
        )
    for method, kind in _METHODS:
        company.insert("PaymentMethod", {"Name": method, "Active": True, "Type": kind})
    services = standard_account(company, "Income", "ServiceFeeIncome")
    for item in _ITEMS:
        write(company, ITEM, {"Name": item, "Type": "Service", "IncomeAccountRef": services})
    if plan.country == US:
        _found_sales_tax(company)
    else:
        _found_global_tax(company, place)
    if plan.automated_sales_tax:
        set_sales_tax(company, "automated")
    if plan.multicurrency:
        preferences = company.preferences
        preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] = True
        company.save("Preferences", preferences)


def _found_sales_tax(company: Company) -> None:
    """The codes of US lines, and the rate of one state."""
    for pseudo, taxable in (("TAX", True), ("NON", False)):
        company.insert(
            "TaxCode",
            {
                "Name": pseudo,
                "Description": pseudo,
                "Active": True,
                "Taxable": taxable,
                "TaxGroup": False,
                "Hidden": False,
            },
            pseudo,
        )
    agency = company.insert(
        "TaxAgency",
        {
            "DisplayName": "California Department of Tax and Fee Administration",
            "TaxTrackedOnSales": True,
            "TaxTrackedOnPurchases": False,
        },
    )
    rate = company.insert("TaxRate", tax_rate("California", Decimal(8), {"value": agency["Id"]}))
    company.insert("TaxCode", tax_code("California", [(rate, "Sales")]))


def _found_global_tax(company: Company, place: Locality) -> None:
    """The country's tax codes, each rate under its agency; sales and purchases have rates of their own."""
    account = next(one for one in company.all("Account") if one["AccountSubType"] == "GlobalTaxPayable")
    agencies: dict[str, Object] = {}
    rates: dict[str, tuple[Object, Object]] = {}
    for code, parts in place.codes.items():
        for name, percent, agency in parts:
            if agency not in agencies:
                agencies[agency] = company.insert(
                    "TaxAgency",
                    {
                        "DisplayName": agency,
                        "TaxTrackedOnSales": True,
                        "TaxTrackedOnPurchases": True,
                        "TaxTrackedOnSalesAccountRef": {"value": account["Id"], "name": account["Name"]},
                    },
                )
            if name not in rates:
                owner = {"value": agencies[agency]["Id"]}
                sales, purchase = (tax_rate(text, Decimal(percent), owner) for text in (name, f"{name} (Purchases)"))
                rates[name] = company.insert("TaxRate", sales), company.insert("TaxRate", purchase)
        both = [rates[name] for name, _, _ in parts]
        listed = [(sale, "Sales") for sale, _ in both] + [(purchase, "Purchase") for _, purchase in both]
        company.insert("TaxCode", tax_code(code, listed))


def _settle_settings(company: Company, name: str, country: str, place: Locality) -> None:
    started = company.today().replace(month=1, day=1).isoformat()
    address = {"Id": str(company.kept.next_number("PhysicalAddress")), **place.address}
    company.insert(
        "CompanyInfo",
        {
            "CompanyName": name,
            "LegalName": name,
            "CompanyAddr": address,
            "LegalAddr": dict(address),
            "CustomerCommunicationAddr": dict(address),
            "Country": country,
            "Email": {"Address": "office@example.com"},
            "CompanyStartDate": started,
            "FiscalYearStartMonth": place.fiscal_year,
            "SupportedLanguages": place.language,
            "DefaultTimeZone": place.zone.key,
            "NameValue": [
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
                {"Name": "SubscriptionStatus", "Value": "PAID"},
                {"Name": "ItemCategoriesFeature", "Value": "true"},
            ],
            HIDDEN: {},
        },
        "1",
    )
    company.insert("Preferences", {**_preferences(place), HIDDEN: {}}, "1")


def _preferences(place: Locality) -> dict[str, Any]:
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": place.fiscal_year,
            "TaxYearMonth": "January",
            "UseAccountNumbers": False,
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False,
            "TrackDepartments": False,
            "CustomerTerminology": "Customers",
            "DepartmentTerminology": "Location",
        },
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomTxnNumbers": True,
            "AllowDiscount": True,
            "AllowShipping": False,
            "AllowDeposit": False,
            "AllowServiceDate": False,
            "AllowEstimates": True,
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
            "EmailCopyToCompany": False,
            "ETransactionPaymentEnabled": False,
            "IPNSupportEnabled": False,
            "UsingPriceLevels": False,
            "UsingProgressInvoicing": False,
        },
        "TaxPrefs": {"UsingSalesTax": True},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": place.currency}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "TimeTrackingPrefs": {
            "UseServices": True,
            "BillCustomers": True,
            "ShowBillRateToAll": False,
            "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": True,
        },
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "EmailMessagesPrefs": {},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": ""},
                {"Name": WARN_DUPLICATE_JOURNAL_NUMBER, "Value": "false"},
            ]
        },
    }


SALES_TAX_MODES = ("manual", "automated", "not_set_up", "off")


def set_sales_tax(company: Company, mode: str) -> None:
    """Switch a company's sales tax: `manual` (codes chosen by the sender), `automated`, `not_set_up`
    (automated, without a set-up) or `off`. Call within its transaction.
    """
    preferences = company.preferences
    preferences["TaxPrefs"] = {"UsingSalesTax": mode != "off"}
    if mode == "not_set_up":
        preferences["TaxPrefs"]["PartnerTaxEnabled"] = False
    elif mode == "automated":
        preferences["TaxPrefs"] |= {"PartnerTaxEnabled": True, "TaxGroupCodeRef": {"value": _engine_code(company)}}
    company.save("Preferences", preferences)


def _engine_code(company: Company) -> str:
    """The id of the code by which the engine taxes; made when first needed."""
    name = "Automated Sales Tax"
    code = company.find_named("TaxCode", name)
    if code is None:
        agency = {"value": company.kept.ids("TaxAgency")[0]}
        rates = [(company.insert("TaxRate", tax_rate(rate, percent, agency)), "Sales") for rate, percent in _ENGINE]
        code = company.insert("TaxCode", {**tax_code(name, rates), "Hidden": True})
    return str(code["Id"])
