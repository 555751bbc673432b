"""What an admin chose for a connection, and what QBO's own preferences say about its company. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Customers(StrEnum):
    """Which way customers go."""

    BOTH = "both"
    TO_QUICKBOOKS = "to QuickBooks"
    FROM_QUICKBOOKS = "from QuickBooks"
    OFF = "off"

    @property
    def to_quickbooks(self) -> bool:
        """Customers of Invoiced are created and updated in QuickBooks."""
        return self in (Customers.BOTH, Customers.TO_QUICKBOOKS)

    @property
    def from_quickbooks(self) -> bool:
        """Customers of QuickBooks are created and updated in Invoiced."""
        return self in (Customers.BOTH, Customers.FROM_QUICKBOOKS)


class Matching(StrEnum):
    """How a customer of one side is recognised as one of the other; what is linked stays so."""

    # The one with that number or composed name, where exactly one fits; anything else waits for a choice.
    DEFAULT = "default"
    # Everything waits for a choice.
    NEVER = "never automatically"


@dataclass(frozen=True)
class Settings:
    """The admin's choices; a change applies to what is first posted afterwards.

    Accounts, tax code and default item are QBO ids; None means: created on first use and remembered
    (deposits: QBO's own default, Undeposited Funds). `deposit_by_method` names accounts by Invoiced's word for the
    method, `deposit_by_currency` by ISO code; the method goes first. `deactivate_customers` writes a deactivation of
    a QBO customer to Invoiced.
    """

    number_prefix: str = "INVD-"
    income_account: str | None = None
    discount_account: str | None = None
    bad_debt_account: str | None = None
    deposit_account: str | None = None
    deposit_by_method: Mapping[str, str] = field(default_factory=dict)
    deposit_by_currency: Mapping[str, str] = field(default_factory=dict)
    tax_code: str | None = None
    default_item: str | None = None
    deactivate_customers: bool = False
    customers: Customers = Customers.BOTH
    invoices: bool = True
    payments: bool = True
    customer_matching: Matching = Matching.DEFAULT

    def deposit_account_of(self, method: str | None, currency: str) -> str | None:
        """Return the account on which a payment is deposited, by Invoiced's words for method and currency."""
        by_method = self.deposit_by_method.get(method or "")
        return by_method or self.deposit_by_currency.get(currency.upper()) or self.deposit_account


@dataclass(frozen=True)
class Preferences:
    """What we need of QBO's Preferences and CompanyInfo.

    `partner_tax_enabled` (automated sales tax): True = on and set up, False = on but not set up, None = this
    company has no automated sales tax. Source: QBO API reference, Preferences and CompanyInfo.
    """

    company_name: str
    country: str
    home_currency: str
    multicurrency: bool = False
    custom_txn_numbers: bool = False
    allow_discount: bool = False
    auto_apply_credit: bool = False
    using_sales_tax: bool = False
    partner_tax_enabled: bool | None = None
    tax_group_code_id: str | None = None
    book_close_date: date | None = None

    @property
    def automated_sales_tax(self) -> bool:
        """QBO's engine chooses rates and code by itself."""
        return self.partner_tax_enabled is True

    @property
    def can_bill_tax(self) -> bool:
        """Sales tax is on and set up, so that billed tax is kept."""
        return self.using_sales_tax and self.partner_tax_enabled is not False


def settings_from_document(document: dict[str, Any]) -> Settings:
    """Return the settings of a stored document; names that this version does not know are passed over."""
    known = Settings.__dataclass_fields__
    fields = {name: value for name, value in document.items() if name in known}
    if "customers" in fields:
        fields["customers"] = Customers(fields["customers"])
    if "customer_matching" in fields:
        fields["customer_matching"] = Matching(fields["customer_matching"])
    return Settings(**fields)


def preferences_from_document(document: dict[str, Any]) -> Preferences:
    """Return the preferences of a stored document (dates as ISO texts)."""
    fields = {name: value for name, value in document.items() if name in Preferences.__dataclass_fields__}
    if fields.get("book_close_date"):
        fields["book_close_date"] = date.fromisoformat(fields["book_close_date"])
    return Preferences(**fields)
