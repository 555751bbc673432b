"""Delivery of webhooks: order, retries, disabling, and what a restart goes on with."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators.clock import Clock
from simulators.store import Store
from simulators.webhook_sender import DELIVERY, Schedule, WebhookSender
from tests.patience import PATIENCE_S, eventually
from tests.simulators.simulator_drivers import Inbox

Start = Callable[..., WebhookSender]


@pytest.fixture
def start() -> Iterator[Start]:
    senders = []

    def begin(store: Store, clock: Clock, schedule: Schedule) -> WebhookSender:
        senders.append(
            WebhookSender(store, clock, schedule, lambda target, body: {"X-Signed": f"{target.secret} {len(body)}"})
        )
        return senders[-1]

    yield begin
    for sender in senders:
        sender.stop()


def failures_are(sender: WebhookSender, company: str, store: Store, count: int) -> None:
    """Wait until the first delivery that waits has failed that often, as the store has it."""

    def noted() -> bool:
        return [one["failures"] for one in store.company(company).all(DELIVERY)][:1] == [count]

    eventually(noted)
    eventually(lambda: sender.waiting()[0]["failing"] == 1)


def test_webhooks_come_signed_and_in_order(start: Start, inbox: Inbox) -> None:
    store = Store(None, "test")
    sender = start(store, Clock(), Schedule((3600,)))
    sender.register(inbox.url, "hush")
    for number in range(20):
        sender.enqueue(store.company("a"), b"%d" % number)
    assert inbox.wait_for(20) == [b"%d" % number for number in range(20)]
    assert inbox.headers[11]["X-Signed"] == "hush 2"


def test_a_webhook_of_a_transaction_that_fails_is_not_sent(start: Start, inbox: Inbox) -> None:
    store = Store(None, "test")
    sender = start(store, Clock(), Schedule((3600,)))
    sender.register(inbox.url, "hush")
    company = store.company("a")
    with pytest.raises(ZeroDivisionError), company.transaction():
        sender.enqueue(company, b"never")
        raise ZeroDivisionError
    sender.enqueue(company, b"sent")
    assert sender.drain() and inbox.bodies == [b"sent"]


@pytest.mark.parametrize("in_order", [False, True])
def test_a_flush_tries_at_once_what_would_wait_for_an_hour(start: Start, inbox: Inbox, in_order: bool) -> None:
    store = Store(None, "test")
    sender = start(store, Clock(), Schedule((3600,), in_order=in_order))
    sender.register(inbox.url, "hush")
    inbox.answers = [500]
    sender.enqueue(store.company("a"), b"refused once")
    failures_are(sender, "a", store, 1)
    assert sender.drain(timeout_s=PATIENCE_S) and inbox.bodies == [b"refused once"] * 2


def test_a_refused_webhook_comes_again_when_its_time_has_come(start: Start, inbox: Inbox) -> None:
    store, clock = Store(None, "test"), Clock()
    sender = start(store, clock, Schedule((3600,)))
    sender.register(inbox.url, "hush")
    inbox.answers = [500]
    sender.enqueue(store.company("a"), b"first")
    sender.enqueue(store.company("a"), b"second")
    assert inbox.wait_for(2) == [b"first", b"second"]
    failures_are(sender, "a", store, 1)
    clock.advance(3500)
    sender.look_again()
    sender.enqueue(store.company("a"), b"third")
    assert inbox.wait_for(3)[2] == b"third"
    clock.advance(101)
    sender.look_again()
    assert inbox.wait_for(4)[3] == b"first"


def test_with_a_strict_order_later_webhooks_wait_for_the_one_that_fails(start: Start, inbox: Inbox) -> None:
    store, clock = Store(None, "test"), Clock()
    sender = start(store, clock, Schedule((1000, 2000), in_order=True))
    sender.register(inbox.url, "hush")
    inbox.answers = [503, 503]
    for body in (b"first", b"second"):
        sender.enqueue(store.company("a"), body)
    for count, seconds in ((1, 1000), (2, 2000)):
        failures_are(sender, "a", store, count)
        assert inbox.bodies == [b"first"] * count
        clock.advance(seconds)
        sender.look_again()
    assert inbox.wait_for(4)[2:] == [b"first", b"second"]


def test_a_target_that_never_answers_is_disabled(start: Start, inbox: Inbox) -> None:
    store, clock = Store(None, "test"), Clock()
    sender = start(store, clock, Schedule((0.01,), give_up_after=3))
    sender.register(inbox.url, "hush")
    inbox.answers = [500] * 4
    sender.enqueue(store.company("a"), b"unwanted")
    inbox.wait_for(4)
    assert sender.drain()
    assert sender.waiting() == [{"target": "all", "url": inbox.url, "disabled": True, "waiting": 0, "failing": 0}]
    sender.enqueue(store.company("a"), b"dropped")
    sender.register(inbox.url, "hush")
    sender.enqueue(store.company("a"), b"wanted again")
    assert inbox.wait_for(5)[4:] == [b"wanted again"]


def test_what_was_not_delivered_goes_out_after_a_restart(start: Start, inbox: Inbox, tmp_path: Path) -> None:
    store = Store(tmp_path, "test")
    sender = start(store, Clock(), Schedule((3600,)))
    sender.register(inbox.url, "hush", "a")
    inbox.answers = [500]
    sender.enqueue(store.company("a"), b"kept")
    sender.enqueue(store.company("b"), b"of nobody's interest")
    failures_are(sender, "a", store, 1)
    sender.stop()
    store.close()

    store = Store(tmp_path, "test")
    again = start(store, Clock(offset_s=3601), Schedule((3600,)))
    assert inbox.wait_for(2) == [b"kept", b"kept"]
    assert again.drain()
    store.close()


def test_an_address_may_be_changed_while_events_are_being_written(start: Start, tmp_path: Path, inbox: Inbox) -> None:
    store = Store(tmp_path, "test")
    company, sender = store.company("a"), start(store, Clock(), Schedule((1,)))
    sender.register(inbox.url, "secret")
    both = threading.Barrier(2)

    def write() -> None:
        both.wait()
        for _ in range(200):
            sender.enqueue(company, b"{}")

    def move() -> None:
        both.wait()
        for number in range(200):
            sender.register(inbox.url, f"secret {number}")

    threads = [threading.Thread(target=work, daemon=True) for work in (write, move)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert sender.drain()
    assert len(inbox.bodies) == 200
