"""What a delivery of QuickBooks Online says, in both of its forms."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Kind
from webhook_receiver.events import Change, NotAnEventError
from webhook_receiver.quickbooks_events import read_quickbooks

REALM = "9341453908059321"
AT = datetime(2025, 9, 10, 21, 31, 25, 179851, tzinfo=UTC)


def cloud_event(type_: str, entity_id: Any = "58", **fields: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": type_,
        "datacontenttype": "application/json",
        "time": "2025-09-10T21:31:25.179851517Z",
        "intuitentityid": entity_id,
        "intuitaccountid": REALM,
        "data": {},
    } | fields


def legacy(*entities: dict[str, Any], realm_id: Any = REALM) -> dict[str, Any]:
    return {"realmId": realm_id, "dataChangeEvent": {"entities": list(entities)}}


def read(document: Any) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    delivery = read_quickbooks(json.dumps(document).encode())
    return delivery.changes, delivery.passed_over


def change(kind: Kind, record_id: str, realm_id: str = REALM) -> Change:
    return Change(kind, record_id, realm_id, "88cd52aa-33b6-4351-9aa4-47572edbd068", AT)


@pytest.mark.parametrize("operation", ["created", "updated", "deleted", "merged"])
def test_a_customer_event_asks_for_a_look_at_the_customer(operation: str) -> None:
    found = read([cloud_event(f"qbo.customer.{operation}.v1")])
    assert found == ((change(Kind.QUICKBOOKS_CUSTOMER, "58"),), ())


def test_a_merge_asks_for_a_look_at_both_customers() -> None:
    changes, _ = read([cloud_event("qbo.customer.merged.v1", data={"deletedid": "27"})])
    assert changes == (change(Kind.QUICKBOOKS_CUSTOMER, "58"), change(Kind.QUICKBOOKS_CUSTOMER, "27"))


@pytest.mark.parametrize("entity_id", ["1", "17", None, ""])
def test_preferences_have_one_id_whatever_the_event_says(entity_id: Any) -> None:
    found = read([cloud_event("qbo.preferences.updated.v1", entity_id)])
    assert found == ((change(Kind.QUICKBOOKS_PREFERENCES, "1"),), ())


def test_one_delivery_may_carry_several_companies() -> None:
    changes, _ = read(
        [
            cloud_event("qbo.customer.updated.v1"),
            cloud_event("qbo.customer.updated.v1", intuitaccountid="111"),
            cloud_event("qbo.customer.updated.v1", intuitaccountid=222),
        ]
    )
    told = [(each.realm_id, each.record_id) for each in changes]
    assert told == [(REALM, "58"), ("111", "58"), ("222", "58")]


def test_events_about_one_record_become_one_message_of_the_latest() -> None:
    earlier = cloud_event("qbo.customer.created.v1", id="first", time="2025-09-10T21:31:20Z")
    latest = cloud_event("qbo.customer.updated.v1")
    timeless = cloud_event("qbo.customer.updated.v1", id="no time", time=None)
    for order in ([earlier, latest, timeless], [timeless, latest, earlier], [latest] * 20):
        assert read(order) == ((change(Kind.QUICKBOOKS_CUSTOMER, "58"),), ())


@pytest.mark.parametrize(
    "type_",
    [
        *("qbo.invoice.updated.v1", "qbo.invoice.void.v1", "qbo.invoice.voided.v1", "qbo.payment.emailed.v1"),
        *("qbo.item.merged.v1", "qbo.customer", "payments.charge.created.v1", "", "QBO.CUSTOMER.UPDATED.V1"),
    ],
)
def test_other_events_are_passed_over(type_: str) -> None:
    assert read([cloud_event(type_)]) == ((), (type_,))
    assert read([{"type": type_}]) == ((), (type_,))


@pytest.mark.parametrize(
    "bad", [None, "", " ", "1 or 1=1", "../58", "58'", "5\x00", True, 1.5, [], {}, "1" * 41, 10**50]
)
def test_an_event_without_a_usable_id_does_not_hold_back_the_others(bad: Any) -> None:
    good = cloud_event("qbo.customer.updated.v1")
    expected = ((change(Kind.QUICKBOOKS_CUSTOMER, "58"),), ("qbo.customer.updated.v1",))
    assert read([cloud_event("qbo.customer.updated.v1", bad), good]) == expected
    assert read([cloud_event("qbo.customer.updated.v1", intuitaccountid=bad), good]) == expected
    assert read([cloud_event("qbo.customer.merged.v1", data={"deletedid": bad})])[0] == expected[0]


@pytest.mark.parametrize(
    ("time", "seen"),
    [
        ("2025-09-10T21:31:25.179851517Z", AT),
        ("2025-09-10T21:31:25.179851+00:00", AT),
        ("2025-09-10T14:31:25.179851-0700", AT),
        ("2025-09-10T21:31:25Z", AT.replace(microsecond=0)),
        ("2025-09-11T03:01:25.1798519+05:30", AT),
        ("2025-09-10T21:31:25", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        (1757539885, None),
        (None, None),
    ],
)
def test_times_in_every_notation(time: Any, seen: datetime | None) -> None:
    [found], _ = read([cloud_event("qbo.customer.updated.v1", time=time)])
    assert found.occurred_at == seen
    [found], _ = read({"eventNotifications": [legacy({"name": "Customer", "id": "58", "lastUpdated": time})]})
    assert found.occurred_at == seen


def test_the_older_form() -> None:
    changes, passed_over = read(
        {
            "eventNotifications": [
                legacy(
                    {"name": "Customer", "id": "1", "lastUpdated": "2015-10-05T14:42:19-0700"},
                    {"name": "Customer", "id": "2", "operation": "Merge", "deletedId": "3"},
                    {"name": "Invoice", "id": "4", "operation": "Void"},
                    {"name": "Preferences", "id": "1", "operation": "Update"},
                ),
                legacy({"name": "Customer", "id": 1, "operation": "Update"}, realm_id="222"),
                {"realmId": "333"},
            ]
        }
    )
    at = datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)
    assert changes == (
        Change(Kind.QUICKBOOKS_CUSTOMER, "1", REALM, None, at),
        Change(Kind.QUICKBOOKS_CUSTOMER, "2", REALM),
        Change(Kind.QUICKBOOKS_CUSTOMER, "3", REALM),
        Change(Kind.QUICKBOOKS_PREFERENCES, "1", REALM),
        Change(Kind.QUICKBOOKS_CUSTOMER, "1", "222"),
    )
    assert passed_over == ("Invoice Void",)


@pytest.mark.parametrize("document", [[], {"eventNotifications": []}])
def test_an_empty_delivery_asks_for_nothing(document: Any) -> None:
    assert read(document) == ((), ())


@pytest.mark.parametrize(
    "document",
    [
        *(None, 1, "text", True, {}, {"events": []}, [None], [1], [[]], [{}], [{"type": None}]),
        {"eventNotifications": None},
        {"eventNotifications": {}},
        {"eventNotifications": [{"dataChangeEvent": {"entities": {}}}]},
        {"eventNotifications": [{"dataChangeEvent": {"entities": [{"id": "1"}]}}]},
    ],
)
def test_anything_else_is_no_delivery(document: Any) -> None:
    with pytest.raises(NotAnEventError):
        read(document)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"\xff",
        b"[" * 100_000,
        b"[" + b'{"type":"a","data":' * 100_000,
        b"[1e999999]",
        b'[{"type":"qbo.customer.updated.v1","intuitentityid":' + b"9" * 10_000 + b"}]",
    ],
)
def test_a_hostile_body_is_no_delivery(body: bytes) -> None:
    with pytest.raises(NotAnEventError):
        read_quickbooks(body)


operations = ["qbo.customer.updated.v1", "qbo.preferences.updated.v1", "qbo.item.created.v1"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(operations),
                "intuitentityid": st.integers(1, 4).map(str),
                "intuitaccountid": st.sampled_from(["1", "2"]),
                "time": st.integers(0, 9).map(lambda s: (AT + timedelta(seconds=s)).isoformat()),
            }
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_make_no_difference(events: list[dict[str, Any]], random: Any) -> None:
    shuffled = [*events, *events[:3]]
    random.shuffle(shuffled)
    changes, _ = read(events)
    again, _ = read(shuffled)
    assert set(again) == set(changes)
    keys = [(each.realm_id, each.kind, each.record_id) for each in changes]
    assert len(keys) == len(set(keys))
