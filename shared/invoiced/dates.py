"""From Invoiced's timestamps to the calendar dates on which documents stand in the books. Pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.errors import RejectedError
from shared.invoiced.entities import Invoice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


def local_date(timestamp: int, zone: str) -> date:
    """Return the calendar date of a Unix timestamp (seconds) in an IANA time zone.

    Raises:
        RejectedError: no calendar holds that date.
    """
    try:
        return (_EPOCH + timedelta(seconds=timestamp)).astimezone(ZoneInfo(zone)).date()
    except OverflowError as error:
        raise _no_date(timestamp) from error


def due_date(invoice: Invoice, zone: str) -> date:
    """Return the date on which the invoice is due; without a due date that is the date of the invoice.

    QBO would otherwise make up a due date, by the customer's terms or 30 days on. Whole days between the two
    timestamps are counted on the calendar: an invoice due `N` x 86,400 s after a summer day is due `N` days
    later, also where the clocks went back in between.

    Raises:
        RejectedError: no calendar holds that date.
    """
    issued_on = local_date(invoice.date, zone)
    if invoice.due_date is None:
        return issued_on
    days, rest_s = divmod(invoice.due_date - invoice.date, _DAY_S)
    if rest_s:
        return local_date(invoice.due_date, zone)
    try:
        return issued_on + timedelta(days=days)
    except OverflowError as error:
        raise _no_date(invoice.due_date) from error


def _no_date(timestamp: int) -> RejectedError:
    return RejectedError(
        f"The timestamp {timestamp} is not within any calendar.",
        remedy="Correct the date in Invoiced.",
        topic="incomplete",
    )
