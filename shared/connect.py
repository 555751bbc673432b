"""What is read of a QBO company when it is connected, and anew when its preferences changed."""

from collections.abc import Mapping
from datetime import datetime

from shared.db import connections, links
from shared.db.links import LinkKey
from shared.db.records import RecordKey
from shared.db.session import Sessions
from shared.errors import RejectedError
from shared.messages import Kind
from shared.quickbooks.client import QuickBooksClient
from shared.quickbooks.entities import qbo_id, sync_token
from shared.settings import Preferences


def read_company(
    sessions: Sessions,
    quickbooks: QuickBooksClient,
    connection_id: str,
    payment_method_names: Mapping[str, str],
    now: datetime,
) -> Preferences:
    """Read a company's preferences and payment methods, once, so that no record has to read anything later.

    `payment_method_names`: Invoiced's word for a method → its name in QBO. Those that stand there already are
    linked; the others are created on first use.

    Raises:
        RejectedError: the company cannot be synced (outside the US).
        SyncError: QuickBooks did not answer, or refused.
    """
    preferences = quickbooks.read_company()
    if preferences.country != "US":
        raise RejectedError(
            f"{preferences.company_name} is a company in {preferences.country}; only US companies are synced yet",
            remedy="Connect a US company.",
        )
    standing = {
        str(method["Name"]).casefold(): method
        for method in quickbooks.query("PaymentMethod", "select * from PaymentMethod maxresults 1000")
    }
    with sessions.begin() as session:
        connections.save_preferences(session, connection_id, preferences, now)
        for word, name in payment_method_names.items():
            found = standing.get(name.casefold())
            key = LinkKey(RecordKey(connection_id, Kind.PAYMENT_METHOD, word))
            if found is None or links.find(session, key) is not None:
                continue
            links.save(
                session,
                key,
                entity="PaymentMethod",
                qbo_id=qbo_id(found),
                sync_token=sync_token(found),
                standing=found,
                now=now,
                origin="adopted",
            )
    return preferences
