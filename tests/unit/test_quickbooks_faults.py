"""Each recorded fault of QuickBooks against the error that it becomes."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.errors import (
    AccessRevokedError,
    AuthExpiredError,
    ConflictError,
    DuplicateNameError,
    DuplicateNumberError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.money import decode_json
from shared.quickbooks.advice import ADVICE
from shared.quickbooks.faults import error_of_batch_item, read_answer

SAMPLES = Path(__file__).parent.parent / "samples" / "quickbooks"
UNKNOWN: dict[str, Any] = {"outcome_unknown": True}
DEFINITE: dict[str, Any] = {"outcome_unknown": False}

# sample, HTTP status, is it a read, error, what the error holds
TABLE: list[tuple[str, int, bool, type[SyncError], dict[str, Any]]] = [
    # who we are
    ("token_expired.json", 401, False, AuthExpiredError, {"code": "3200", "detail": "Token expired"}),
    ("token_expired.json", 200, True, AuthExpiredError, {"code": "3200"}),
    ("unavailable.html", 401, True, AuthExpiredError, {}),
    ("user_lost_access.json", 401, False, AccessRevokedError, {"code": "120"}),
    ("app_disconnected.json", 403, False, AccessRevokedError, {"code": "3100"}),
    ("app_disconnected.xml", 403, False, AccessRevokedError, {"code": "3100"}),
    ("no_permission.json", 403, False, RejectedError, {"code": "5020"}),
    # try again
    ("throttled.json", 429, False, RateLimitedError, {"retry_after_s": 60.0}),
    ("throttled.xml", 429, True, RateLimitedError, {"retry_after_s": 60.0}),
    ("throttled.json", 200, True, RateLimitedError, {"retry_after_s": 60.0}),
    ("unavailable.html", 503, False, TransientError, UNKNOWN),
    ("unavailable.html", 503, True, TransientError, DEFINITE),
    ("unavailable.html", 408, False, TransientError, UNKNOWN),
    ("unavailable.html", 302, False, TransientError, DEFINITE),
    ("gateway_error.json", 500, False, TransientError, UNKNOWN | {"code": "3100"}),
    ("system_fault.json", 500, False, TransientError, UNKNOWN | {"code": "10000"}),
    ("system_fault.json", 200, False, TransientError, UNKNOWN | {"code": "10000"}),
    ("duplicate_request_id.json", 400, False, TransientError, UNKNOWN | {"code": "600"}),
    # what the sync resolves by itself
    ("stale_object.json", 400, False, ConflictError, {"code": "5010"}),
    ("duplicate_number.json", 400, False, DuplicateNumberError, {"holder_id": "45823", "code": "6140"}),
    ("duplicate_number_hostile.json", 400, False, DuplicateNumberError, {"holder_id": "45823"}),
    ("duplicate_name.json", 400, False, DuplicateNameError, {"holder_id": "123", "code": "6240"}),
    ("duplicate_name_without_id.json", 400, False, DuplicateNameError, {"holder_id": None}),
    ("duplicate_tax_rate.json", 400, False, DuplicateNameError, {"holder_id": None}),
    ("stale_and_duplicate_number.json", 400, False, ConflictError, {"code": "5010"}),
    # what waits for a person
    ("deleted_transaction.json", 400, True, NotFoundError, {"code": "610"}),
    ("deleted_transaction.json", 400, False, RejectedError, {"code": "610"}),
    ("inactive_reference.json", 400, False, RejectedError, {"code": "610"}),
    ("invalid_reference.json", 400, False, RejectedError, {"code": "2500"}),
    ("customer_inactive.json", 400, False, RejectedError, {"code": "6250"}),
    ("books_closed.json", 400, False, RejectedError, {"code": "6200"}),
    ("books_closed_with_password.json", 400, False, RejectedError, {"code": "6210"}),
    ("deposited.json", 400, False, RejectedError, {"code": "6540"}),
    ("subscription_ended.json", 200, True, RejectedError, {"code": "6190"}),
    ("business_rule.json", 400, False, RejectedError, {"code": "6000"}),
    ("amount_is_not_quantity_times_price.json", 400, False, RejectedError, {"code": "6070"}),
    ("duplicate_name_and_length.json", 400, False, RejectedError, {"code": "2050"}),
    ("unknown_code.json", 400, False, RejectedError, {"code": "6999"}),
    ("unavailable.html", 404, False, RejectedError, {"code": None}),
]


@pytest.mark.parametrize(("sample", "status", "is_read", "error", "holds"), TABLE)
def test_a_recorded_fault_becomes_the_error_that_says_what_to_do(
    sample: str, status: int, is_read: bool, error: type[SyncError], holds: dict[str, Any]
) -> None:
    with pytest.raises(SyncError) as caught:
        read_answer(status, {}, (SAMPLES / sample).read_bytes(), is_read=is_read)
    assert type(caught.value) is error
    assert {name: getattr(caught.value, name) for name in holds} == holds
    assert caught.value.cause.endswith(".")
    if error in (RejectedError, AccessRevokedError):
        assert caught.value.remedy.endswith(".")


def test_every_sample_is_in_the_table() -> None:
    named = {row[0] for row in TABLE} | {"several_errors.json"}
    assert {path.name for path in SAMPLES.iterdir()} == named


def test_all_errors_of_a_fault_are_told() -> None:
    with pytest.raises(RejectedError) as caught:
        read_answer(400, {}, (SAMPLES / "several_errors.json").read_bytes(), is_read=False)
    assert caught.value.code == "2050"
    assert caught.value.detail == (
        "2050 String length specified does not match the supported length. Min:0 Max:21 supported. "
        "Supplied length:29 (DocNumber); 2040 Element contains invalid characters. A:B (DisplayName)"
    )


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 60),
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "86400"}, 3600),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "Fri, 20 Nov 2026 10:00:30 GMT", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30),
        ({"Retry-After": "Fri, 20 Nov 2026 10:00:30 GMT"}, 60),
    ],
)
def test_a_throttled_call_waits_as_long_as_quickbooks_says(headers: dict[str, str], wait_s: float) -> None:
    with pytest.raises(RateLimitedError) as caught:
        read_answer(429, headers, b"", is_read=False)
    assert caught.value.retry_after_s == wait_s


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b'{"Invoice":{"Id":"1"', b"[]", b"\xff\xfe"])
def test_an_answer_that_is_not_a_document_leaves_the_outcome_of_a_write_unknown(body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        read_answer(200, {}, body, is_read=False)
    assert caught.value.outcome_unknown
    with pytest.raises(TransientError) as caught:
        read_answer(200, {}, body, is_read=True)
    assert not caught.value.outcome_unknown


def test_a_good_answer_keeps_every_digit() -> None:
    body = b'{"Invoice":{"TotalAmt":0.1000000000000000055,"PrivateNote":"<Error code=\\"1\\">"},"time":"x"}'
    assert read_answer(200, {}, body, is_read=False)["Invoice"]["TotalAmt"] == Decimal("0.1000000000000000055")


def test_an_item_of_a_batch_is_judged_by_the_same_table() -> None:
    fault = decode_json((SAMPLES / "duplicate_name.json").read_bytes())["Fault"]
    error = error_of_batch_item(fault)
    assert isinstance(error, DuplicateNameError)
    assert error.holder_id == "123"
    assert isinstance(error_of_batch_item({}), RejectedError)


def test_every_advice_is_written_for_people() -> None:
    for code, advice in ADVICE.items():
        assert code.isdecimal()
        assert advice.cause.endswith(".")
        assert advice.remedy.endswith(".")
