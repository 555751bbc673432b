"""Failures grouped by cause: the keys are stored, so they do not change with the words."""

from datetime import UTC, datetime

import pytest

from consumer.retry import TRIES_OF_A_BUG, settle
from shared import causes
from shared.errors import (
    AuthLostError,
    ChangedInQuickBooksError,
    DuplicateNumberError,
    InvoicedKeyError,
    RejectedError,
    TransientError,
    WaitingError,
)
from shared.outcomes import WAITS_FOR_CHOICE, WAITS_FOR_START, Settlement, mismatch, skipped, synced
from shared.quickbooks.advice import ADVICE

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "group", "needs_person"),
    [
        (RejectedError("Closed.", code="6210"), "closed-books", True),
        (RejectedError("Inactive.", code="610"), "reference-lost", True),
        (RejectedError("Inactive.", code="6250"), "reference-lost", True),
        (RejectedError("Deleted.", code="610", topic="deleted-in-quickbooks"), "deleted-in-quickbooks", True),
        (DuplicateNumberError("Taken.", holder_id="1", code="6140", detail=""), "number-taken", True),
        (RejectedError("Deposited.", code="6540"), "deposited", True),
        (RejectedError("A rule.", code="6000"), "rule-of-quickbooks", True),
        (RejectedError("Not allowed.", code="5020"), "not-permitted", True),
        (RejectedError("Ended.", code="6190"), "subscription", True),
        (RejectedError("Discount.", setting="discounts"), "discounts", True),
        (RejectedError("Tax.", setting="sales_tax"), "sales-tax", True),
        (RejectedError("Sums.", topic="sums"), "sums", True),
        (RejectedError("Never seen.", code="98765"), "code-98765", True),
        (RejectedError("Invoiced says no.", code="email"), "other", True),
        (ChangedInQuickBooksError("Changed.", remedy="", ours={}, theirs={}), "changed-in-quickbooks", True),
        (AuthLostError("Gone."), "reconnect", False),
        (InvoicedKeyError("Refused."), "invoiced-key", False),
        (WaitingError("Start.", waiting_for=WAITS_FOR_START), "start", False),
        (WaitingError("Choose.", waiting_for=WAITS_FOR_CHOICE), "choice", True),
        (WaitingError("Customer.", waiting_for="customer:1"), "waits-for-record", False),
        (TransientError("Down."), "tried-again", False),
        (ZeroDivisionError("ours"), "ours", True),
    ],
)
def test_each_error_has_a_cause_of_its_own(error: Exception, group: str, needs_person: bool) -> None:
    settlement = settle(error, TRIES_OF_A_BUG, NOW, 0.5)
    assert causes.group_of(settlement) == group
    assert causes.needs_person(group) == needs_person
    assert len(group) <= 60


@pytest.mark.parametrize(
    ("settlement", "group"),
    [
        (synced(), None),
        (skipped("draft"), None),
        (mismatch("1"), "mismatch"),
        (mismatch("1", topic="settled-by-credit"), "settled-by-credit"),
    ],
)
def test_what_is_well_has_no_cause(settlement: Settlement, group: str | None) -> None:
    assert causes.group_of(settlement) == group


def test_every_code_that_quickbooks_documents_is_explained() -> None:
    for code, advice in ADVICE.items():
        group = causes.group_of(settle(RejectedError(advice.cause, code=code), 0, NOW, 0.5))
        assert group is not None
        cause = causes.describe(group, advice.cause, advice.remedy)
        assert cause.title and cause.explanation and cause.fix
