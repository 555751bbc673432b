"""What an admin chose for a connection, and what QBO's own preferences say about its company. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The admin's choices; a change applies to what is first posted afterwards.

    Accounts, tax code and default item are QBO ids; None means: created on first use and remembered
    (deposits: QBO's own default, Undeposited Funds). `deactivate_customers` writes a deactivation of a QBO
    customer to Invoiced.
    """

    number_prefix: str = "INVD-"
    income_account: str | None = None
    discount_account: str | None = None
    bad_debt_account: str | None = None
    deposit_account: str | None = None
    tax_code: str | None = None
    default_item: str | None = None
    deactivate_customers: bool = False


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
    return Settings(**{name: value for name, value in document.items() if name in known})


def preferences_from_document(document: dict[str, Any]) -> Preferences:
    """Return the preferences of a stored document (dates as ISO texts)."""
    fields = {name: value for name, value in document.items() if name in Preferences.__dataclass_fields__}
    if fields.get("book_close_date"):
        fields["book_close_date"] = date.fromisoformat(fields["book_close_date"])
    return Preferences(**fields)
