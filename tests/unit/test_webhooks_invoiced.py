"""What an event of Invoiced says: which record to look at."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Kind
from webhook_receiver.events import Change, NotAnEventError
from webhook_receiver.invoiced_events import read_invoiced

AT = datetime(2014, 11, 18, 9, 20, tzinfo=UTC)
RECORD = {"id": 46225, "name": "x", "items": [{"amount": 412.10}]}


def event(type_: str, record: Any = RECORD, **fields: Any) -> bytes:
    told = {"id": 11296106, "type": type_, "timestamp": 1416302400, "data": {"object": record}}
    return json.dumps(told | fields).encode()


def change(kind: Kind, record_id: str = "46225") -> Change:
    return Change(kind, record_id, event_id="11296106", occurred_at=AT)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("invoice.created", Kind.INVOICE),
        ("invoice.updated", Kind.INVOICE),
        ("invoice.deleted", Kind.INVOICE),
        ("invoice.paid", Kind.INVOICE),
        ("invoice.some_new_verb", Kind.INVOICE),
        ("payment.created", Kind.PAYMENT),
        ("payment.deleted", Kind.PAYMENT),
        ("customer.created", Kind.CUSTOMER),
        ("customer.merged", Kind.CUSTOMER),
    ],
)
def test_an_event_asks_for_a_look_at_its_record(type_: str, kind: Kind) -> None:
    delivery = read_invoiced(event(type_))
    assert (delivery.changes, delivery.passed_over) == ((change(kind),), ())


@pytest.mark.parametrize(
    "type_",
    [
        "payment_plan.created",
        "payment_source.updated",
        "credit_note.created",
        "contact.updated",
        "charge.failed",
        "invoices.created",
        "INVOICE.created",
        "",
        "x" * 500,
    ],
)
def test_other_events_are_passed_over_whatever_they_hold(type_: str) -> None:
    records: list[Any] = [{"id": 1}, {}, None, [], "text"]
    for record in records:
        delivery = read_invoiced(event(type_, record))
        assert (delivery.changes, delivery.passed_over) == ((), (type_[:80],))


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"object": {"id": 15444}, "previous": {"id": 15445}}},
        {"data": {"object": {"id": 15444}, "previous": []}, "previous": {"id": "15445"}},
    ],
)
def test_a_merge_asks_for_a_look_at_both_customers(fields: dict[str, Any]) -> None:
    delivery = read_invoiced(event("customer.merged", **fields))
    assert delivery.changes == (change(Kind.CUSTOMER, "15444"), change(Kind.CUSTOMER, "15445"))


def test_what_an_update_was_before_asks_for_nothing() -> None:
    fields = {"data": {"object": {"id": 1}, "previous": {"id": 2}}, "previous": [1]}
    assert read_invoiced(event("customer.updated", **fields)).changes == (change(Kind.CUSTOMER, "1"),)


@pytest.mark.parametrize("event_id", [None, "", "a b", "\x00", "é", "x" * 256, {"a": 1}, True, 1.5])
def test_an_odd_event_id_is_left_out(event_id: Any) -> None:
    [found] = read_invoiced(event("invoice.updated", id=event_id)).changes
    assert found == Change(Kind.INVOICE, "46225", occurred_at=AT)


@pytest.mark.parametrize(
    "record_id",
    [None, 0, -1, 1.5, True, "", "0", "007", "abc", "1/void", "../1", "1?x=1", "1\n", "٣", "1" * 21, 10**30],
)
def test_a_record_without_a_usable_id_is_no_event(record_id: Any) -> None:
    with pytest.raises(NotAnEventError):
        read_invoiced(event("invoice.updated", {"id": record_id}))


OF_INVOICE_1 = b',"data":{"object":{"id":1}}}'

NOT_EVENTS = {
    "nothing": b"",
    "white space": b" ",
    "no JSON": b"{",
    "form fields": b"id=1&type=invoice.updated",
    "a text": b'"invoice.updated"',
    "null": b"null",
    "a number": b"1",
    "an array": b"[]",
    "an empty object": b"{}",
    "an array of events": b'[{"type":"invoice.updated","data":{"object":{"id":1}}}]',
    "type is no text": b'{"type":1}',
    "no data": b'{"type":"invoice.updated"}',
    "data is null": b'{"type":"invoice.updated","data":null}',
    "data is an array": b'{"type":"invoice.updated","data":[]}',
    "no object": b'{"type":"invoice.updated","data":{}}',
    "object is null": b'{"type":"invoice.updated","data":{"object":null}}',
    "object without id": b'{"type":"invoice.updated","data":{"object":{}}}',
    "two documents": b'{"type":"a"}{"type":"b"}',
    "not a number": b'{"type":"a","x":NaN}',
    "a byte-order mark": b'\xef\xbb\xbf{"type":"a"}',
    "UTF-16": '{"type":"a"}'.encode("utf-16"),
    "not UTF-8": b'{"type":"a","x":"\xff"}',
    "half a surrogate pair": b'{"type":"\\ud800"}',
    "nested arrays": b'{"type":"a","x":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    "nested objects": b'{"type":"a","x":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}",
    "nested and never closed": b"[" * 1_000_000,
    "a time with 1,000 digits": b'{"type":"invoice.updated","timestamp":' + b"9" * 1000 + OF_INVOICE_1,
    "a time with 10,000 digits": b'{"type":"invoice.updated","timestamp":' + b"9" * 10_000 + OF_INVOICE_1,
    "an endless time": b'{"type":"invoice.updated","timestamp":1e400' + OF_INVOICE_1,
    "a time before time": b'{"type":"invoice.updated","timestamp":-1e300' + OF_INVOICE_1,
    "an id with 10,000 digits": b'{"type":"invoice.updated","data":{"object":{"id":' + b"9" * 10_000 + b"}}}",
}


@pytest.mark.parametrize("name", NOT_EVENTS)
def test_a_hostile_or_broken_body_is_no_event(name: str) -> None:
    with pytest.raises(NotAnEventError):
        read_invoiced(NOT_EVENTS[name])


def test_big_numbers_elsewhere_do_no_harm() -> None:
    body = b'{"type":"invoice.updated","x":1e400,"y":' + b"9" * 10_000
    body += b',"data":{"object":{"total":1e9999,"id":1}}}'
    assert [change.record_id for change in read_invoiced(body).changes] == ["1"]


names = st.sampled_from(["type", "data", "object", "id", "timestamp", "previous"])
types = st.sampled_from(["customer.merged", "invoice.updated"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner | types, max_size=6),
    max_leaves=20,
)


@given(documents)
def test_any_json_is_either_read_or_refused(document: Any) -> None:
    try:
        delivery = read_invoiced(json.dumps(document).encode())
    except NotAnEventError:
        return
    assert delivery.changes or delivery.passed_over
    assert all(change.record_id.isdecimal() for change in delivery.changes)
