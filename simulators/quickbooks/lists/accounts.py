"""Accounts: their rules, and which accounts fit a purpose.

Source: entity reference (Account).
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.books.journal import gather_balances
from simulators.quickbooks.facts.account_types import CLASSIFICATION, SUB_TYPES, TYPE_OF
from simulators.quickbooks.facts.currency_names import currency_name
from simulators.quickbooks.forms.writes import Kind, Write
from simulators.quickbooks.lists.hierarchies import carry_name, settle_parent
from simulators.quickbooks.lists.names import check_unique_in_list, keep_name_of_deactivated


def _settle_account(made: Write) -> None:
    item = made.item
    if not item.get("Name"):
        raise refusals.missing_parameter("Name")
    account_type, sub_type = item.get("AccountType"), item.get("AccountSubType")
    if account_type is None and sub_type is None:
        raise refusals.no_account_type()
    if account_type is None or ("AccountType" not in made.sent and "AccountSubType" in made.sent):
        account_type = TYPE_OF.get(str(sub_type), account_type)
    if account_type not in SUB_TYPES:
        raise refusals.account_type_refused("AccountType", f"Supplied value:{account_type}")
    if sub_type is None:
        sub_type = SUB_TYPES[account_type][0]
    if made.before is not None and made.before["AccountType"] != account_type:
        _check_type_may_change(made.before, account_type)
    # Sub-types that this table does not hold are taken as they are.
    if TYPE_OF.get(sub_type, account_type) != account_type:
        raise refusals.account_type_refused("AccountSubType", f"{sub_type} does not belong to {account_type}.")
    item |= {"AccountType": account_type, "AccountSubType": sub_type, "Classification": CLASSIFICATION[account_type]}
    if made.before is None:
        home = made.company.home_currency
        item |= {
            "CurrentBalance": Decimal(0),
            "CurrentBalanceWithSubAccounts": Decimal(0),
            "CurrencyRef": {"value": home, "name": currency_name(home)},
        }
    keep_name_of_deactivated(made, "Name")
    item["SubAccount"] = settle_parent(made) is not None
    if item.get("Active", True):
        check_unique_in_list(made)
    elif made.company.switches.balance_blocks_deactivation and (made.before or item)["CurrentBalance"]:
        raise refusals.has_balance(item["Name"])


def check_type(account: Object, wanted: tuple[str, ...], element: str) -> None:
    """Raises: Refusal 6430, the account is of none of the wanted types."""
    if account["AccountType"] not in wanted:
        raise refusals.account_type_refused(element, f"It must be one of {', '.join(wanted)}.")


def check_receivable(made: Write) -> None:
    """Raises: Refusal 6430, the ARAccountRef of a document is no account of receivables."""
    account = made.reference("ARAccountRef")
    if account is not None:
        check_type(account, ("Accounts Receivable",), "ARAccountRef")


def standard_account(company: Company, account_type: str, sub_type: str) -> Object | None:
    """Return the reference to the company's (oldest active) account of a purpose."""
    for account in company.kept.find("Account", "purpose", (account_type, sub_type)):
        return {"value": account["Id"], "name": account["FullyQualifiedName"]}
    return None


def _check_type_may_change(before: Object, account_type: str) -> None:
    """Raises: Refusal 6000, the account is or would be one that belongs to customers or vendors."""
    for name in (before["AccountType"], account_type):
        if name in ("Accounts Receivable", "Accounts Payable"):
            raise refusals.business_rule(f"The type of an account cannot be changed from or to {name}.")


def _account_saved(made: Write) -> None:
    """An account that moves under another parent takes its balance along."""
    carry_name(made)
    before = (made.before or {}).get("ParentRef")
    after = made.item.get("ParentRef")
    if before != after:
        for parent in (before, after):
            if parent is not None:
                gather_balances(made.company, parent["value"])


ACCOUNT = Kind(
    "Account",
    _settle_account,
    after=_account_saved,
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
