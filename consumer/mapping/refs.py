"""What a document refers to: what it needs, the QBO ids once they are known, and the terms it is posted under."""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """The settings under which a document is first posted; they stay with it for all its edits.

    `time_zone` is an IANA name, `number_prefix` stands before every DocNumber; `multicurrency`: QBO wants the currency
    said; the rest are QBO ids, None where the object is created on first use. `kept_tax_code` is the one that a
    document was first taxed with, whatever has been chosen since.
    """

    time_zone: str
    number_prefix: str = "INVD-"
    discount_account: str | None = None
    deposit_account: str | None = None
    tax_code: str | None = None
    default_item: str | None = None
    multicurrency: bool = False
    kept_tax_code: str | None = None


@dataclass(frozen=True)
class Needs:
    """What must stand in QBO before a document can be posted.

    `items` maps the item key (`names.item_key`) to the name it is created under. `accounts` holds purposes:
    income, discount, bad_debt. `payment_method` is Invoiced's word for it.
    """

    customers: frozenset[int] = frozenset()
    items: dict[str, str] = field(default_factory=dict)
    accounts: frozenset[str] = frozenset()
    tax_code: bool = False
    payment_method: str | None = None


@dataclass(frozen=True)
class Refs:
    """QBO ids of what a document needs: customers by Invoiced id, items by item key, accounts by purpose."""

    customers: dict[int, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    tax_code: str | None = None
    payment_method: str | None = None
    invoices: dict[int, str] = field(default_factory=dict)
