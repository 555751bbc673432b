"""Webhooks of QuickBooks Online: form, signature, retries."""

import json
import threading
from collections.abc import Iterator

import pytest

from simulators.quickbooks import app
from simulators.quickbooks.notices import signature
from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, running, version
from tests.simulators.simulator_drivers import Inbox


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    # On a busy machine the inbox answers late, and would get the same webhook once more.
    monkeypatch.setattr(app, "ANSWER_WITHIN_S", PATIENCE_S)
    with running(webhook_speed=1000.0) as companies:
        yield companies[0]


def test_the_documented_vector_is_signed_as_documented() -> None:
    assert signature("verify_me", b'{"stuff":"5"}') == "nfPLN16u3vMvv08ghDs+dOkLuirEVDy5wAeG/lmM2OA="


def test_writes_are_told_as_signed_cloud_events(books: Books, inbox: Inbox) -> None:
    item = books.item()
    books.control("POST", "webhooks", {"url": inbox.url})
    customer = books.customer()
    [body] = inbox.wait_for(1)
    [event] = json.loads(body)
    assert (event["type"], event["intuitentityid"], event["intuitaccountid"]) == (
        "qbo.customer.created.v1",
        customer["Id"],
        books.realm,
    )
    assert (event["specversion"], event["datacontenttype"], event["data"]) == ("1.0", "application/json", {})
    assert event["source"].startswith("intuit.")
    headers = {name.lower(): value for name, value in inbox.headers[0].items()}
    verifier = books.control("GET", "credentials")["verifier_token"]
    assert headers["intuit-signature"] == signature(verifier, body)
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["intuit-t-id"] and headers["intuit-created-time"]

    invoice = books.invoice(customer, "10", item=item)
    books.payment(customer, "10", ("Invoice", invoice, "10"))
    books.write("Customer", version(customer, sparse=True, Active=False))
    told = [[(one["type"], one["intuitentityid"]) for one in json.loads(body)] for body in inbox.wait_for(4)[1:]]
    assert told == [
        [("qbo.invoice.created.v1", "1")],
        [("qbo.payment.created.v1", "2"), ("qbo.invoice.updated.v1", "1")],
        [("qbo.customer.updated.v1", "1")],
    ]


def test_voids_deletions_mergers_and_edits_by_hand_are_told(books: Books, inbox: Inbox) -> None:
    customer, twin, item = books.customer(), books.customer("Twin"), books.item()
    invoice = books.invoice(customer, "10", item=item)
    books.control("POST", "webhooks", {"url": inbox.url})
    voided = books.write("Invoice", version(invoice), operation="void")
    books.call("POST", "invoice", version(voided), operation="delete")
    here = f"companies/{books.realm}"
    books.control(
        "POST",
        f"{here}/edit",
        {"entity": "Customer", "body": {"Id": customer["Id"], "sparse": True, "Notes": "x"}},
    )
    books.control("POST", f"{here}/merge", {"entity": "Customer", "survivor": customer["Id"], "gone": twin["Id"]})
    books.prefer("SalesFormsPrefs", AllowDiscount=False)
    told = [json.loads(body)[0] for body in inbox.wait_for(5)]
    assert [one["type"] for one in told] == [
        "qbo.invoice.void.v1",
        "qbo.invoice.deleted.v1",
        "qbo.customer.updated.v1",
        "qbo.customer.merged.v1",
        "qbo.preferences.updated.v1",
    ]
    assert (told[3]["intuitentityid"], told[3]["data"]) == (customer["Id"], {"deletedid": twin["Id"]})


def test_a_refused_write_and_the_log_tell_nothing(books: Books, inbox: Inbox) -> None:
    books.control("POST", "webhooks", {"url": inbox.url})
    books.send("POST", "customer", {"Colour": "red"})
    books.send("POST", "payment", {"CustomerRef": {"value": "9"}, "TotalAmt": 1})
    books.customer()
    assert len(json.loads(inbox.wait_for(1)[0])) == 1
    assert all("/_simulator" not in row["path"] for row in books.requests())


def test_a_failed_delivery_is_tried_again(books: Books, inbox: Inbox) -> None:
    inbox.answers = [500, 404]
    books.control("POST", "webhooks", {"url": inbox.url})
    books.customer()
    bodies = inbox.wait_for(3)
    assert bodies[0] == bodies[1] == bodies[2]
    books.control("POST", "webhooks/flush", {"timeout_seconds": PATIENCE_S})
    assert books.control("GET", "webhooks")[0]["waiting"] == 0


def test_the_legacy_form_by_switch(books: Books, inbox: Inbox) -> None:
    books.switch(legacy_webhooks=True)
    books.control("POST", "webhooks", {"url": inbox.url})
    customer = books.customer()
    [notification] = json.loads(inbox.wait_for(1)[0])["eventNotifications"]
    assert notification["realmId"] == books.realm
    [entity] = notification["dataChangeEvent"]["entities"]
    assert (entity["name"], entity["id"], entity["operation"]) == ("Customer", customer["Id"], "Create")


def test_one_delivery_can_hold_several_companies(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_written = threading.Event()

    class WhenBothHaveWritten(threading.Timer):
        def run(self) -> None:
            both_have_written.wait(PATIENCE_S)
            self.function(*self.args, **self.kwargs)

    monkeypatch.setattr(threading, "Timer", WhenBothHaveWritten)
    with running(companies=2, webhook_aggregation_s=0.2) as (one, other):
        one.control("POST", "webhooks", {"url": inbox.url})
        one.customer()
        other.customer()
        both_have_written.set()
        events = json.loads(inbox.wait_for(1)[0])
        assert [event["intuitaccountid"] for event in events] == [one.realm, other.realm]
