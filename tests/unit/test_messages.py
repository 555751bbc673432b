"""A message on the queue and back, and what is none."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Kind, MalformedMessageError, Message, Why, from_json, to_json

_SEEN_AT = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)
_TEXTS = st.text(min_size=1).filter(lambda text: text.isprintable())


def _ids(longest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=longest)


_INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(
    st.builds(
        Message,
        connection_id=_ids(32),
        kind=st.sampled_from(Kind),
        record_id=_ids(320),
        why=st.sampled_from(Why),
        seen_at=_INSTANTS,
        event_id=st.none() | _TEXTS,
        occurred_at=st.none() | _INSTANTS,
    )
)
def test_what_is_read_is_what_was_written(message: Message) -> None:
    assert from_json(to_json(message)) == message
    assert from_json(to_json(message).encode()) == message


def test_the_body_holds_ids_and_instants_in_utc() -> None:
    in_new_york = timezone(timedelta(hours=-5))
    message = Message(
        "acme",
        Kind.QUICKBOOKS_CUSTOMER,
        "42",
        Why.WEBHOOK,
        _SEEN_AT,
        event_id="88ef",
        occurred_at=datetime(2026, 11, 22, 7, 30, 14, tzinfo=in_new_york),
    )

    assert json.loads(to_json(message)) == {
        "connection": "acme",
        "kind": "quickbooks-customer",
        "record": "42",
        "why": "webhook",
        "event": "88ef",
        "occurred_at": "2026-11-22T12:30:14+00:00",
        "seen_at": "2026-11-22T12:30:15.250000+00:00",
    }


_GOOD = {
    "connection": "acme",
    "kind": "invoice",
    "record": "7",
    "why": "sweep",
    "seen_at": "2026-11-22T12:30:15+00:00",
}


def test_the_event_may_be_left_out() -> None:
    message = from_json(json.dumps(_GOOD))

    assert (message.event_id, message.occurred_at) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"not JSON",
        b"[]",
        b"null",
        b'"text"',
        *(
            json.dumps(_GOOD | wrong).encode()
            for wrong in (
                {"connection": ""},
                {"connection": 5},
                {"kind": "estimate"},
                {"kind": None},
                {"record": None},
                {"record": 42},
                {"why": "because"},
                {"seen_at": "yesterday"},
                {"seen_at": "2026-11-22T12:30:15"},
                {"seen_at": 1_795_000_000},
                {"occurred_at": "2026-11-22"},
                {"event": ""},
                {"connection": "c" * 33},
                {"record": "9" * 321},
                {"record": "1\x00"},
                {"record": "\ud800"},
            )
        ),
        *(json.dumps({key: _GOOD[key] for key in _GOOD if key != left_out}).encode() for left_out in _GOOD),
    ],
)
def test_anything_else_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        from_json(body)
