"""Delivers signed webhooks in the background, in order for each target, on the vendor's retry schedule.

A delivery is an object of the company in which it happened, written in the same transaction as the event, so
that a kill of the process loses none; it is removed when it was taken or given up.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import requests

from simulators.clock import Clock
from simulators.store import Company, Store

DELIVERY = "_delivery"
TARGET = "_target"
log = logging.getLogger("simulators.webhooks")


@dataclass(frozen=True)
class Schedule:
    """How a vendor retries.

    After the n-th failure the next try follows in `waits_s[n-1]` seconds, past the end in the last of them.
    After `give_up_after` failed retries of one delivery the target is disabled (None: never). With `in_order`
    later deliveries wait for the one being retried. `speed` divides every wait.
    """

    waits_s: tuple[float, ...]
    give_up_after: int | None = None
    in_order: bool = False
    timeout_s: float = 30
    speed: float = 1

    def wait_s(self, failures: int) -> float:
        return self.waits_s[min(failures, len(self.waits_s)) - 1] / self.speed


@dataclass
class Target:
    """Where webhooks go. `company` is the one whose events it gets, None for those of all companies."""

    id: str
    url: str
    secret: str
    company: str | None = None
    disabled: bool = False


@dataclass
class Delivery:
    """One webhook that was not yet taken; `due_at` is in Unix seconds of the simulated time."""

    id: str
    target: str
    body: str
    failures: int = 0
    due_at: float = 0


_Key = tuple[str, str]


class _Queue:
    """What waits for one target, by company and id, oldest first. However much waits, the next one is found at once.

    With `in_order` that is the oldest, whenever it is due; else what is due first.
    """

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self.deliveries: dict[_Key, Delivery] = {}
        self._numbers: dict[_Key, int] = {}
        self._made = itertools.count()
        # When each is due, the older one first; what has been taken, or is due at another time now, is left in it.
        self._due: list[tuple[float, int, _Key]] = []

    def add(self, key: _Key, delivery: Delivery) -> None:
        self.deliveries[key] = delivery
        self._numbers[key] = next(self._made)
        self.put_off(key, delivery.due_at)

    def put_off(self, key: _Key, due_at: float) -> None:
        """Have a delivery due at that time."""
        self.deliveries[key].due_at = due_at
        if not self._in_order:
            heapq.heappush(self._due, (due_at, self._numbers[key], key))

    def remove(self, key: _Key) -> None:
        del self.deliveries[key], self._numbers[key]

    def next(self) -> tuple[_Key, Delivery] | None:
        """Return the delivery whose turn is next, due or not."""
        if self._in_order:
            return next(iter(self.deliveries.items()), None)
        while self._due:
            due_at, number, key = self._due[0]
            found = self.deliveries.get(key)
            if found is not None and (found.due_at, self._numbers[key]) == (due_at, number):
                return key, found
            heapq.heappop(self._due)
        return None


class WebhookSender:
    """Sends to the registered targets from one thread each.

    `headers(target, body)` gives the vendor's signature and content type for a body, at the time of sending.
    `noted(company, delivery, status)` is called after each try, inside the transaction that keeps its outcome; a
    status of None is no answer.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        schedule: Schedule,
        headers: Callable[[Target, bytes], dict[str, str]],
        noted: Callable[[Company, Delivery, int | None], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._schedule = schedule
        self._headers = headers
        self._noted = noted
        self._wake = threading.Condition()
        self._saving = threading.Lock()
        self._stopping = False
        self._sending = 0
        self._queues: dict[str, _Queue] = {}
        self._threads: list[threading.Thread] = []
        self._targets = {one["id"]: Target(**one) for one in store.setting(TARGET, [])}
        for company in store.companies():
            for stored in store.company(company).all(DELIVERY):
                delivery = Delivery(**{**stored, "due_at": float(stored["due_at"])})
                if delivery.target in self._targets:
                    self._queues.setdefault(delivery.target, self._new_queue()).add((company, delivery.id), delivery)
        for id in self._targets:
            self._start(id)

    def register(self, url: str, secret: str, company: str | None = None) -> Target:
        """Send the events of `company` (None: of all) to `url` from now on, in place of a former address."""
        with self._wake:
            id = company or "all"
            target = Target(id, url, secret, company)
            known = id in self._targets
            self._targets[id] = target
            if not known:
                self._start(id)
            self._wake.notify_all()
        self._save()
        return target

    def targets(self) -> list[Target]:
        with self._wake:
            return list(self._targets.values())

    def wanted_by(self, company: str) -> list[Target]:
        """Return the targets that get the events of a company."""
        return [one for one in self.targets() if not one.disabled and one.company in (None, company)]

    def enqueue(self, company: Company, body: bytes) -> None:
        """Deliver `body` as an event of `company` once the transaction in hand is committed.

        Without a target that wants it, nothing happens: the vendors do not keep events for later addresses.
        """
        for target in self.wanted_by(company.id):
            with company.transaction():
                id = f"{company.next_number('delivery'):012d}"
                delivery = Delivery(id, target.id, body.decode())
                company.put(DELIVERY, id, asdict(delivery))
                company.after_commit(lambda delivery=delivery: self._accept(company.id, delivery))  # type: ignore[misc]

    def waiting(self) -> list[dict[str, Any]]:
        """Return what is not delivered yet, as `GET /_simulator/webhooks` shows it."""
        with self._wake:
            return [
                {
                    "target": id,
                    "url": target.url,
                    "disabled": target.disabled,
                    "waiting": len(self._queues[id].deliveries),
                    "failing": sum(1 for one in self._queues[id].deliveries.values() if one.failures),
                }
                for id, target in self._targets.items()
            ]

    def look_again(self) -> None:
        """Send what has become due; called after the simulated time was moved."""
        with self._wake:
            self._wake.notify_all()

    def drain(self, timeout_s: float = 30) -> bool:
        """Try everything that waits now, retries too; return whether nothing is left within the time."""
        deadline = time.monotonic() + timeout_s
        with self._wake:
            for queue in self._queues.values():
                for key in queue.deliveries:
                    queue.put_off(key, 0)
            self._wake.notify_all()
            while self._sending or any(self._live(id) for id in self._queues):
                if not self._wake.wait(max(0.0, deadline - time.monotonic())):
                    return False
            return not any(queue.deliveries for queue in self._queues.values())

    def stop(self) -> None:
        """End the threads, at the latest after 2 s; what is not delivered stays in the store."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        deadline = time.monotonic() + 2
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _live(self, id: str) -> bool:
        return bool(self._queues[id].deliveries) and not self._targets[id].disabled

    def _new_queue(self) -> _Queue:
        return _Queue(in_order=self._schedule.in_order)

    def _start(self, id: str) -> None:
        self._queues.setdefault(id, self._new_queue())
        thread = threading.Thread(target=self._run, args=(id,), name=f"webhooks {id}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, company: str, delivery: Delivery) -> None:
        with self._wake:
            self._queues[delivery.target].add((company, delivery.id), delivery)
            self._wake.notify_all()

    def _run(self, id: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (found := self._next(id)) is not None:
                company, delivery, target = found
                self._settle(company, delivery, self._send(session, target, delivery))

    def _next(self, id: str) -> tuple[str, Delivery, Target] | None:
        """Wait for a delivery that is due and return it with its company; None when the sender stops."""
        with self._wake:
            while not self._stopping:
                company, delivery, wait_s = self._due(id)
                if delivery is not None:
                    self._sending += 1
                    return company, delivery, self._targets[id]
                self._wake.wait(wait_s)
        return None

    def _due(self, id: str) -> tuple[str, Delivery | None, float | None]:
        """Return the first delivery that is due with its company, else how long to wait for one."""
        if self._targets[id].disabled:
            return "", None, None
        found = self._queues[id].next()
        if found is None:
            return "", None, None
        (company, _), delivery = found
        wait_s = delivery.due_at - self._clock.now().timestamp()
        return (company, delivery, None) if wait_s <= 0 else ("", None, wait_s)

    def _send(self, session: requests.Session, target: Target, delivery: Delivery) -> int | None:
        """Return the status of the answer, None if there was none."""
        body = delivery.body.encode()
        # A connection each, as from a vendor's fleet: it is spread over the receiver's workers, and none is
        # lost because the receiver has just closed an idle one.
        headers = {**self._headers(target, body), "Connection": "close"}
        try:
            answer = session.post(
                target.url,
                data=body,
                headers=headers,
                timeout=self._schedule.timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            log.info("webhook to %s failed: %s", target.url, type(error).__name__)
            return None
        if not 200 <= answer.status_code < 300:
            log.info("webhook to %s was answered with %s", target.url, answer.status_code)
        return answer.status_code

    def _settle(self, company_id: str, delivery: Delivery, status: int | None) -> None:
        company = self._store.company(company_id)
        taken = status is not None and 200 <= status < 300
        if not taken:
            delivery.failures += 1
            with self._wake:
                due_at = self._clock.now().timestamp() + self._schedule.wait_s(delivery.failures)
                self._queues[delivery.target].put_off((company_id, delivery.id), due_at)
        retries = self._schedule.give_up_after
        given_up = retries is not None and delivery.failures > retries
        with company.transaction():
            if taken or given_up:
                company.delete(DELIVERY, delivery.id)
            else:
                company.put(DELIVERY, delivery.id, asdict(delivery))
            if self._noted is not None:
                self._noted(company, delivery, status)
        with self._wake:
            self._sending -= 1
            if taken or given_up:
                self._queues[delivery.target].remove((company_id, delivery.id))
            if given_up:
                self._targets[delivery.target].disabled = True
            self._wake.notify_all()
        if given_up:
            self._save()

    def _save(self) -> None:
        """Keep the targets. Never call it under `_wake`: who writes to the store may be waiting for that."""
        with self._saving:
            self._store.set_setting(TARGET, [asdict(target) for target in self.targets()])
