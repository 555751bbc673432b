"""The page at `/`: what is connected, what was synced, and why something was not."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from shared.db import connections
from shared.db.overview import count_records, latest_records
from shared.db.session import Sessions
from shared.errors import BrokerUnavailableError
from shared.messages import Kind
from shared.outcomes import Outcome
from shared.queues import BULK, DEAD_LETTERS, LIVE

LATEST = 60

_OUTCOMES = {
    Outcome.SYNCED: ("Synced", "written, and the answer agrees to the cent"),
    Outcome.UNCHANGED: ("Unchanged", "both sides agreed already"),
    Outcome.SKIPPED: ("Skipped", "not synced, for the reason given"),
    Outcome.WAITING: ("Waiting", "goes on by itself once what it waits for is there"),
    Outcome.FAILED: ("Failed", "needs a person, or a change of the record"),
    Outcome.MISMATCH: ("Mismatch", "written, but the two sides show different figures"),
    Outcome.CHANGED_IN_QUICKBOOKS: ("Changed in QuickBooks", "edited there by a person, and left so"),
}
_KINDS = {
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
    Kind.CUSTOMER: "Customer",
    Kind.QUICKBOOKS_CUSTOMER: "Customer in QuickBooks",
    Kind.QUICKBOOKS_PREFERENCES: "QuickBooks settings",
    Kind.ITEM: "Item",
    Kind.ACCOUNT: "Account",
    Kind.TAX_CODE: "Tax code",
    Kind.PAYMENT_METHOD: "Payment method",
}
_QUEUES = {LIVE: "webhooks", BULK: "bulk work", DEAD_LETTERS: "put aside because nobody could read them"}


def make_page(sessions: Sessions, depth: Callable[[], Mapping[str, int]], show_records: bool) -> Blueprint:
    """Return the page. `sessions` only read; `depth` gives the number of messages by queue.

    Without `show_records` the page tells nothing of any company: nobody has logged in to see it.
    """
    page = Blueprint("page", __name__)

    @page.get("/")
    def show() -> str:
        if not show_records:
            return render_template("about.html")
        with sessions.begin() as session:
            connected = {row.id: row for row in connections.list_all(session)}
            counts = count_records(session, datetime.now(UTC))
            latest = [row for row in latest_records(session, limit=LATEST) if row.connection_id in connected]
        return render_template(
            "records.html",
            connections=connected,
            counts=counts,
            records=latest,
            zones={key: ZoneInfo(row.time_zone) for key, row in connected.items()},
            queues=_depth(),
            outcomes=_OUTCOMES,
            kinds=_KINDS,
        )

    def _depth() -> dict[str, int] | None:
        try:
            return {_QUEUES.get(queue, queue): count for queue, count in depth().items()}
        except BrokerUnavailableError:
            # The page says so in its place; the rest of it is as true as before.
            return None

    return page
