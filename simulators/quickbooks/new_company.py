"""What a new US company starts with: preferences, chart of accounts, terms, payment methods, sales tax.

Names and types follow the lists that QuickBooks Online sets up for a new US company.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.quickbooks.accounts import ACCOUNT
from simulators.quickbooks.company import HIDDEN, Company
from simulators.quickbooks.sales_tax import tax_code, tax_rate
from simulators.quickbooks.writes import write

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
    ("Checking", "Bank", "Checking"),
    ("Savings", "Bank", "Savings"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("Retained Earnings", "Equity", "RetainedEarnings"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Advertising & Marketing", "Expense", "AdvertisingPromotional"),
    ("Bank Charges & Fees", "Expense", "BankCharges"),
    ("Insurance", "Expense", "Insurance"),
    ("Legal & Professional Services", "Expense", "LegalProfessionalFees"),
    ("Office Supplies & Software", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("Rent & Lease", "Expense", "RentOrLeaseOfBuildings"),
    ("Repairs & Maintenance", "Expense", "RepairMaintenance"),
    ("Travel", "Expense", "Travel"),
    ("Utilities", "Expense", "Utilities"),
    ("Interest Earned", "Other Income", "InterestEarned"),
)
_TERMS = (("Due on receipt", 0), ("Net 10", 10), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Credit Card", "CREDIT_CARD"),
    ("American Express", "CREDIT_CARD"),
    ("Discover", "CREDIT_CARD"),
    ("MasterCard", "CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("Direct Deposit", "NON_CREDIT_CARD"),
    ("ACH", "NON_CREDIT_CARD"),
)
# The rates by which the simulated engine of automated sales tax computes.
_ENGINE = (("California State", Decimal(6)), ("San Francisco County", Decimal("2.625")))


def found_company(company: Company, name: str) -> None:
    """Set up an empty company: US, USD, sales tax on and not automated. Call within its transaction."""
    _settle_settings(company, name)
    for account, account_type, sub_type in _CHART:
        write(company, ACCOUNT, {"Name": account, "AccountType": account_type, "AccountSubType": sub_type})
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
    # A new company tells nobody of its own set-up.
    company.events = []


def _settle_settings(company: Company, name: str) -> None:
    started = company.today().replace(month=1, day=1).isoformat()
    address = {
        "Id": str(company.kept.next_number("PhysicalAddress")),
        "Line1": "123 Sierra Way",
        "City": "San Pablo",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "87999",
        "Country": "USA",
    }
    company.insert(
        "CompanyInfo",
        {
            "CompanyName": name,
            "LegalName": name,
            "CompanyAddr": address,
            "LegalAddr": dict(address),
            "CustomerCommunicationAddr": dict(address),
            "Country": "US",
            "Email": {"Address": "office@example.com"},
            "CompanyStartDate": started,
            "FiscalYearStartMonth": "January",
            "SupportedLanguages": "en",
            "DefaultTimeZone": "America/Los_Angeles",
            "NameValue": [
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
                {"Name": "SubscriptionStatus", "Value": "PAID"},
            ],
            HIDDEN: {},
        },
        "1",
    )
    company.insert("Preferences", {**_preferences(), HIDDEN: {}}, "1")


def _preferences() -> dict[str, Any]:
    return {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
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
            "DefaultDiscountAccount": "Discounts given",
            "ETransactionPaymentEnabled": False,
            "IPNSupportEnabled": False,
            "UsingPriceLevels": False,
            "UsingProgressInvoicing": False,
        },
        "TaxPrefs": {"UsingSalesTax": True},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
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
        "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": ""}]},
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
