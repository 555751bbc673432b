"""Calendar dates in the zone of the Invoiced account."""

from datetime import UTC, date, datetime

import pytest

from shared.errors import RejectedError
from shared.invoiced.dates import due_date, local_date
from tests.unit.mapping.examples import a_line, an_invoice

CHICAGO = "America/Chicago"
LAST_SECOND = 253402300799  # of the year 9999, in UTC


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_midnight_in_the_zone_is_the_date_meant() -> None:
    midnight = seconds("2026-03-09T05:00")
    assert local_date(midnight, CHICAGO) == date(2026, 3, 9)
    assert local_date(midnight - 1, CHICAGO) == date(2026, 3, 8)
    assert local_date(midnight, "America/Los_Angeles") == date(2026, 3, 8)
    assert local_date(midnight, "Pacific/Auckland") == date(2026, 3, 9)


def test_a_clock_change_does_not_move_a_due_date() -> None:
    # 30 days from 25 October, the clocks put back in between: the due timestamp is 23:00 of the day before.
    issued_at = seconds("2026-10-25T05:00")
    invoice = an_invoice(a_line("1"), total="1", date=issued_at, due_date=issued_at + 30 * 86_400)
    assert local_date(issued_at, CHICAGO) == date(2026, 10, 25)
    assert invoice.due_date is not None and local_date(invoice.due_date, CHICAGO) == date(2026, 11, 23)
    assert due_date(invoice, CHICAGO) == date(2026, 11, 24)


def test_any_other_due_date_is_the_day_in_the_zone() -> None:
    issued_at = seconds("2026-03-05T15:30")
    due_at = seconds("2026-04-01T05:00")
    assert due_date(an_invoice(total="0", date=issued_at, due_date=due_at), CHICAGO) == date(2026, 4, 1)


def test_without_a_due_date_the_invoice_is_due_at_once() -> None:
    invoice = an_invoice(total="0", date=seconds("2026-03-05T15:30"), due_date=None)
    assert due_date(invoice, CHICAGO) == date(2026, 3, 5)


@pytest.mark.parametrize("timestamp", [10**18, -(10**18), LAST_SECOND])
def test_a_date_outside_any_calendar_is_refused(timestamp: int) -> None:
    with pytest.raises(RejectedError, match=str(timestamp)):
        local_date(timestamp, "Pacific/Auckland")


@pytest.mark.parametrize("later_s", [1, 86_400])
def test_a_due_date_outside_any_calendar_is_refused(later_s: int) -> None:
    issued_at = LAST_SECOND - 86_400 * 2
    invoice = an_invoice(total="0", date=issued_at, due_date=issued_at + 86_400 * 3 + later_s)
    with pytest.raises(RejectedError, match=str(invoice.due_date)):
        due_date(invoice, "UTC")
