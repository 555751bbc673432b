"""An object as a reply shows it, at the address by which the simulator was called."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request

from simulators.fault_hooks import CONTROL
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.totals import rounded
from simulators.quickbooks.lists.people import balance_with_jobs, tax_ids_shown

# With multi-currency these say what they come to in the home currency (entity reference).
_WITH_HOME_AMOUNTS = frozenset({"Invoice", "CreditMemo", "Estimate", "SalesReceipt", "RefundReceipt"})
_PROFIT_AND_LOSS = ("Revenue", "Expense")
# Where files lie; nothing there asks for a token.
FILES_PATH = f"{CONTROL}/files"


def shown(company: Company, entity: str, item: Object) -> dict[str, Any]:
    """Return the public form of a kept object, with the figures that are computed when it is read."""
    reply = {name: value for name, value in item.items() if name != HIDDEN}
    if "ExchangeRate" in item and entity in _WITH_HOME_AMOUNTS:
        rate = Decimal(item["ExchangeRate"])
        reply["HomeTotalAmt"] = rounded(Decimal(item["TotalAmt"]) * rate)
        if "Balance" in item:
            reply["HomeBalance"] = rounded(Decimal(item["Balance"]) * rate)
    if entity == "Attachable" and "FileAccessUri" in item:
        reply["TempDownloadUri"] = file_address(company, item["Id"])
    reply |= tax_ids_shown(entity, item)
    if entity == "Customer":
        reply["BalanceWithJobs"] = balance_with_jobs(company, item)
    if (
        entity == "Account"
        and item["Classification"] in _PROFIT_AND_LOSS
        and not company.switches.income_balances_shown
    ):
        reply |= {"CurrentBalance": Decimal(0), "CurrentBalanceWithSubAccounts": Decimal(0)}
    return {"domain": "QBO", "sparse": False, **reply}


def file_address(company: Company, id: str) -> str:
    """Where the file of an attachment can be fetched."""
    return f"{request.host_url.rstrip('/')}{FILES_PATH}/{company.realm}/{id}"
