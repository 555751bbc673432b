"""What a customer may owe: credit holds and credit limits, in Invoiced's own words.

Source: Invoiced documentation, Credit Holds. Decided here: a draft owes nothing, so that a limit is looked at when it
is issued; a limit is in the customer's currency and holds up no invoice in another one.
"""

from decimal import Decimal

from simulators.invoiced.account import Account
from simulators.invoiced.errors import ApiError
from simulators.invoiced.people.customers import open_invoices
from simulators.invoiced.rounding import places_of
from simulators.store import Object


def check_hold(customer: Object) -> None:
    """Raises: ApiError 400, the customer is on credit hold and gets no new invoices."""
    if customer["credit_hold"]:
        raise ApiError(400, "New invoices cannot be created for this account because it has a credit hold.")


def check_limit(account: Account, customer: Object, invoice: Object) -> None:
    """Raises: ApiError 400, with this invoice, which is about to be issued, the customer would owe too much."""
    limit, currency = customer["credit_limit"], customer["currency"] or "usd"
    if limit is None or invoice["draft"] or invoice["currency"] != currency:
        return
    open_before = [one for one in open_invoices(account, customer["id"]) if one["currency"] == currency]
    owed = sum((Decimal(one["balance"]) for one in open_before), Decimal(invoice["total"]))
    if owed > limit:
        raise ApiError(
            400,
            f"This invoice cannot be created because the new amount outstanding ({_money(owed, currency)}) "
            f"exceeds the account's credit limit ({_money(Decimal(limit), currency)}).",
        )


def _money(amount: Decimal, currency: str) -> str:
    text = f"{amount:,.{places_of(currency)}f}"
    return f"${text}" if currency == "usd" else f"{text} {currency.upper()}"
