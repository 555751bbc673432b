"""Only the home currency is posted: there is no rate to post another one at, and never a rate of 1. Pure."""

from consumer.mapping.refs import Body
from consumer.mapping.text import shown
from shared.errors import RejectedError
from shared.settings import Preferences


def check_currency(currency: str, record: str, preferences: Preferences) -> None:
    """Refuse a document that is not in the home currency of the QBO company.

    Raises:
        RejectedError: another currency; `record` names the document, for the message.
    """
    home = preferences.home_currency.upper()
    if currency.upper() != home:
        raise RejectedError(
            f"{record} is in {shown(currency.upper(), 12) or 'no currency'}, and the books of "
            f"{preferences.company_name} are kept in {home}.",
            remedy="Documents in foreign currencies are not synced: enter this one by hand in QuickBooks.",
            topic="foreign-currency",
        )


def home_currency_ref(multicurrency: bool, preferences: Preferences) -> Body:
    """Return the CurrencyRef of a document or customer as a part of its body; QBO wants it with multicurrency only."""
    if not multicurrency:
        return {}
    return {"CurrencyRef": {"value": preferences.home_currency.upper()}}
