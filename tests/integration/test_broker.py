"""The promise of the queues, kept alike by every broker: what was confirmed is delivered, whoever dies."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import freezegun
import pytest
import sqlalchemy as sa

from shared import queues
from shared.db.models import BrokerMessage
from shared.messages import from_json
from shared.queues import BULK, DEAD_LETTERS, LIVE, Publisher
from tests.integration.broker_drivers import Program, Worker, bodies, holding, let_time_pass
from tests.integration.broker_programs import message
from tests.integration.conftest import Broker
from tests.patience import PATIENCE_S, eventually, own_seconds


@pytest.fixture
def publisher(brokers: Broker) -> Iterator[Publisher]:
    publisher = Publisher(brokers.url, brokers.engine, timeout_s=PATIENCE_S)
    yield publisher
    publisher.close()


@pytest.fixture
def start(brokers: Broker) -> Iterator[Callable[..., Program]]:
    """Start programs beside the test; those that it does not kill itself are killed at its end."""
    programs = []

    def start(name: str, *arguments: object) -> Program:
        programs.append(Program(name, brokers, *arguments))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.returncode is None:
            program.kill()


def _ids(received: list[bytes]) -> list[str]:
    return [from_json(body).record_id for body in received]


def test_a_message_arrives_as_it_was_and_in_its_turn(brokers: Broker, publisher: Publisher) -> None:
    sent = [message(f"{number}") for number in range(7)]
    publisher.publish(sent[:5])
    publisher.publish(sent[5:])

    assert [from_json(body) for body in bodies(brokers, 7)] == sent


def test_a_delivery_of_a_thousand_is_confirmed_within_the_senders_patience(
    brokers: Broker, publisher: Publisher
) -> None:
    publisher.publish([message("first")])
    took_s: list[float] = []
    # Something else may take the processor or the disk once, and hardly each time.
    while not took_s or (took_s[-1] >= 2 and len(took_s) < 5):
        with own_seconds() as seconds:
            publisher.publish([message(f"{number}") for number in range(1_000)])
            took_s.append(seconds())

    assert took_s[-1] < 2
    assert queues.depth(brokers.url, brokers.engine)[LIVE] == 1 + 1_000 * len(took_s)


def test_depth_counts_what_waits_by_queue(brokers: Broker, publisher: Publisher) -> None:
    assert queues.depth(brokers.url, brokers.engine) == {LIVE: 0, BULK: 0, DEAD_LETTERS: 0}
    publisher.publish([message("a"), message("b"), message("c")], LIVE)
    publisher.publish([message("d")], BULK)
    publisher.publish_dead_letter(b"?", "unknown")

    assert queues.depth(brokers.url, brokers.engine) == {LIVE: 3, BULK: 1, DEAD_LETTERS: 1}

    with holding(brokers, 2):
        assert queues.depth(brokers.url, brokers.engine)[LIVE] == 1


def test_bulk_work_does_not_stand_in_front_of_live_events(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message("sweep")] * 20, BULK)
    publisher.publish([message("webhook")], LIVE)

    assert _ids(bodies(brokers, 1)) == ["webhook"]


def test_a_publisher_killed_after_its_confirm_has_lost_nothing(brokers: Broker, start: Callable[..., Program]) -> None:
    program = start("publish", "record ", 1_000_000)
    confirmed = program.next_lines(60)
    program.kill()
    confirmed += program.rest()

    # One more may be in: confirmed by the broker, but killed before it could say so.
    arrived = _ids(bodies(brokers, len(confirmed)))
    assert arrived == confirmed


def test_a_killed_consumer_loses_nothing_that_it_held(
    brokers: Broker, publisher: Publisher, start: Callable[..., Program]
) -> None:
    everything = [f"record {number}" for number in range(40)]
    publisher.publish([message(record_id) for record_id in everything])
    program = start("consume", 10, 60, 5)
    handled = program.next_lines(6)
    assert handled.pop() == "hangs"
    program.kill()
    let_time_pass(brokers, 60)

    rest = _ids(bodies(brokers, 35))

    # What the killed one had not acknowledged comes again. (It had acknowledged what it handled before.)
    assert sorted(handled + rest) == sorted(everything)
    assert queues.depth(brokers.url, brokers.engine)[LIVE] == 0


def test_two_publishers_and_two_consumers_lose_nothing_between_them(
    brokers: Broker, start: Callable[..., Program]
) -> None:
    publishers = [start("publish", f"{name} ", 250) for name in "ab"]
    consumers = [start("consume", 10, 60, -1) for _ in range(2)]
    confirmed = [line for program in publishers for line in program.next_lines(250)]
    handled: list[str] = []

    def all_are_handled() -> bool:
        handled.extend(line for program in consumers for line in program.rest())
        return len(set(handled)) >= 500

    eventually(all_are_handled, "the handling of all messages")
    for program in publishers + consumers:
        program.kill()

    assert Counter(handled) == Counter(confirmed)
    assert len(confirmed) == 500


def test_a_consumer_that_leaves_gives_back_what_it_held(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message(f"{number}") for number in range(4)])
    with holding(brokers, 3) as held:
        assert [delivery.delivery_info["redelivered"] for delivery in held] == [False] * 3

    # In its old order where the broker can do that: a quorum queue takes returned messages to its end.
    returned = _ids(bodies(brokers, 4))
    assert returned == ["0", "1", "2", "3"] if brokers.is_embedded else sorted(returned) == ["0", "1", "2", "3"]


def test_a_worker_that_leaves_gives_back_what_it_had_not_begun(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message(f"{number}") for number in range(8)])
    handled = []

    def on_message(body: bytes) -> None:
        handled.append(body)
        worker.stop.set()

    with Worker(brokers, on_message, prefetch=8) as worker:
        assert worker.stop.wait(PATIENCE_S)
    rest = bodies(brokers, 7)

    assert sorted(_ids(handled + rest)) == [f"{number}" for number in range(8)]


def test_a_returned_message_says_that_it_was_delivered_before(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message("again")])
    with holding(brokers, 1) as held:
        held[0].requeue()

    with holding(brokers, 1) as held:
        assert held[0].delivery_info["redelivered"] is True
        assert held[0].headers["x-delivery-count"] == 1


def test_what_cannot_be_parsed_is_kept_byte_for_byte_with_the_reason(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish_dead_letter(b"\xff\x00 not ours", "not a sync message")

    with holding(brokers, 1, name=DEAD_LETTERS) as held:
        assert bytes(held[0].body) == b"\xff\x00 not ours"
        assert held[0].headers["reason"] == "not a sync message"


def test_a_message_returned_too_often_is_put_aside(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message("poison")])
    for _ in range(21):
        with holding(brokers, 1) as held:
            held[0].requeue()

    with Worker(brokers, lambda _body: None), holding(brokers, 1, name=DEAD_LETTERS) as held:
        assert from_json(held[0].body).record_id == "poison"
        assert held[0].headers["x-first-death-queue"] == LIVE
    assert queues.depth(brokers.url, brokers.engine)[LIVE] == 0


def test_a_message_stays_until_its_handler_has_returned(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message("a"), message("b")])
    seen: list[str] = []
    done = threading.Event()

    def on_message(body: bytes) -> None:
        seen.append(from_json(body).record_id)
        if len(seen) == 1:
            raise RuntimeError("the database is away")
        if len(seen) == 3:
            done.set()

    with Worker(brokers, on_message):
        assert done.wait(PATIENCE_S)
    assert seen == ["a", "a", "b"]
    assert queues.depth(brokers.url, brokers.engine)[LIVE] == 0


@pytest.mark.parametrize("occupation", ["nothing", "a message whose handler fails"])
def test_a_worker_leaves_at_once_whatever_it_waits_for(
    brokers: Broker, publisher: Publisher, occupation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not when its pause is over, which may be long."""
    monkeypatch.setattr(queues, "_RETRY_AFTER_S", (2 * PATIENCE_S,))
    handled, failed = threading.Event(), threading.Event()

    def on_message(body: bytes) -> None:
        if from_json(body).record_id == "first":
            handled.set()
            return
        failed.set()
        raise RuntimeError("the database is away")

    publisher.publish([message("first")])
    with Worker(brokers, on_message) as worker, own_seconds() as seconds:
        assert handled.wait(PATIENCE_S)
        if occupation != "nothing":
            publisher.publish([message("kept")])
            assert failed.wait(PATIENCE_S)
        began_s = seconds()
        worker.stop.set()
        worker.thread.join(PATIENCE_S)
        assert seconds() - began_s < 5
    assert queues.depth(brokers.url, brokers.engine)[LIVE] == (occupation != "nothing")


def test_a_worker_holds_no_more_than_its_prefetch(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message(f"{number}") for number in range(10)])
    entered, leave = threading.Event(), threading.Event()

    def on_message(_body: bytes) -> None:
        entered.set()
        leave.wait(PATIENCE_S)

    with Worker(brokers, on_message, prefetch=3):
        assert entered.wait(PATIENCE_S)
        waiting = queues.depth(brokers.url, brokers.engine)[LIVE]
        leave.set()
    assert 7 <= waiting < 10


def test_a_publisher_goes_on_in_a_forked_process(brokers: Broker, start: Callable[..., Program]) -> None:
    program = start("fork")
    assert program.next_lines(2) == ["child", "parent again"]

    assert _ids(bodies(brokers, 3)) == ["parent", "child", "parent again"]


def test_messages_flow_while_time_stands_still(brokers: Broker, publisher: Publisher) -> None:
    with freezegun.freeze_time("2026-11-22"):
        publisher.publish([message("frozen")])
        received = bodies(brokers, 1)

    assert from_json(received[0]).seen_at.isoformat() == "2026-11-22T00:00:00+00:00"


def test_threads_share_one_publisher(brokers: Broker, publisher: Publisher) -> None:
    def publish_some(name: str) -> None:
        for number in range(25):
            publisher.publish([message(f"{name} {number}")])

    threads = [threading.Thread(target=publish_some, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    arrived = Counter(_ids(bodies(brokers, 200)))
    assert arrived == {f"{name} {number}": 1 for name in "abcdefgh" for number in range(25)}


def test_what_was_handled_leaves_nothing_behind(brokers: Broker, publisher: Publisher) -> None:
    publisher.publish([message(f"{number}") for number in range(12)])
    bodies(brokers, 12)

    assert queues.depth(brokers.url, brokers.engine) == {LIVE: 0, BULK: 0, DEAD_LETTERS: 0}
    with brokers.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count(BrokerMessage.id))) == 0
