"""The product as an operator runs it: web under gunicorn, consumers, the command line; and what it says of its work."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from shared.db import sweeps
from shared.db.models import BrokerMessage, Connection, Pace, PendingWrite, Record, Sweep
from shared.db.session import make_sessions
from shared.errors import BrokerUnavailableError
from shared.outcomes import Outcome
from shared.queues import BULK, LIVE, depth
from tests.conftest import Database
from tests.e2e.process import Process
from tests.e2e.simulators import Company, Simulators
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.receiver_setup import REPOSITORY, environment

# Process type → command.
PROCFILE = {
    name: shlex.split(command)
    for name, _, command in (line.partition(":") for line in (REPOSITORY / "Procfile").read_text().splitlines())
}
WEBHOOK_SECRET = "the webhook secret"
# Longer than any lease or pause: 45 s on a record, 60 s after a 429, 120 s on a message of the embedded broker.
LONG_S = 150.0
# A message that RabbitMQ has just handed out is in no queue, and its record is not leased yet. Each look asks everybody
# who may be late with it on a busy machine, and takes longer there.
_LOOKS_AT_REST = 8


@dataclass(frozen=True)
class SetUp:
    """What the product runs on."""

    database: Database
    broker_url: str


@dataclass
class Product:
    """One installation. Its processes are started and killed one by one."""

    set_up: SetUp
    simulators: Simulators
    folder: Path
    port: int = field(default_factory=free_port)
    consumers: list[Process] = field(default_factory=list)
    _web: Process | None = None
    _started: int = 0

    @property
    def url(self) -> str:
        # By name: Intuit sends nobody back to an IP address.
        return f"http://localhost:{self.port}"

    @property
    def web(self) -> Process:
        assert self._web is not None, "the web process was not started"
        return self._web

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every process."""
        return environment(
            self.folder,
            self.set_up.database.url,
            self.set_up.broker_url,
            **self.simulators.variables,
            # The programs of this environment, as its activation would have it.
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            PORT=str(self.port),
            PUBLIC_URL=self.url,
            QUICKBOOKS_CALLS_PER_MINUTE="1000000",
        )

    # Processes

    def start(self, consumers: int = 1) -> None:
        """Start the web process and some consumers, and return when all of them are at work."""
        self.begin_web()
        for _ in range(consumers):
            self.begin_consumer()
        self.wait_for_web()
        self.wait_for_consumers()

    def begin_web(self) -> None:
        self._web = self._begin("web")

    def begin_consumer(self) -> Process:
        consumer = self._begin("consumer")
        self.consumers.append(consumer)
        return consumer

    def wait_for_web(self) -> None:
        self.wait_until(lambda: not self._unhealthy(), "the receiver is healthy")

    def wait_for_consumers(self) -> None:
        for consumer in self.consumers:
            consumer.wait_for_line("consumer started")

    def kill_consumer(self, consumer: Process) -> None:
        consumer.kill()
        self.consumers.remove(consumer)

    def end_consumers(self, within_s: float = PATIENCE_S) -> None:
        """Stop all consumers as a service manager does."""
        self.wait_for_consumers()
        for consumer in self.consumers:
            consumer.ask_to_end()
        for consumer in self.consumers:
            assert consumer.wait_for_end(within_s) == 0
        self.consumers.clear()

    def end(self) -> None:
        """End everything; nothing is left running, whatever the test did."""
        for process in [*self.consumers, *([self._web] if self._web else [])]:
            process.kill()

    def _begin(self, name: str) -> Process:
        self._started += 1
        return Process(f"{name}-{self._started}", PROCFILE[name], self.folder, self.variables)

    def _unhealthy(self) -> str:
        assert self.web.is_running, f"web ended:\n{self.web.log.read_text()}"
        try:
            answer = requests.get(f"{self.url}/healthz", timeout=PATIENCE_S)
        except (requests.ConnectionError, requests.Timeout) as error:
            return str(error)
        return "" if answer.ok else answer.text

    # The command line

    def command(self, *arguments: str, **variables: str) -> Any:
        """Run `invoiced-quickbooks … --json` and return what it prints, decoded."""
        done = subprocess.run(
            (sys.executable, "-m", "invoiced_quickbooks", *arguments, "--json"),
            cwd=self.folder,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def connect(self, company: Company) -> Company:
        """Connect a company, and have both vendors send their webhooks here."""
        added = self.command(
            "connection", "add", "--name", "Company", "--realm-id", company.quickbooks.realm_id,
            "--time-zone", "America/Chicago",
            INVOICED_API_KEY=company.api_key,
            INVOICED_WEBHOOK_SECRET=WEBHOOK_SECRET,
            QUICKBOOKS_REFRESH_TOKEN=self.simulators.refresh_token(company),
        )  # fmt: skip
        company.connection_id = added["id"]
        company.webhook_url = added["webhook_url"]
        company.invoiced.call(
            "POST",
            "/_simulator/webhooks",
            {"url": company.webhook_url, "secret": WEBHOOK_SECRET, "api_key": company.api_key},
        )
        company.quickbooks.call("POST", "/_simulator/webhooks", {"url": f"{self.url}/webhooks/quickbooks"})
        company.forget_calls()
        return company

    def status(self) -> dict[str, Any]:
        """Return `status --json`."""
        found: dict[str, Any] = self.command("status")
        return found

    # What it knows

    def records(self) -> list[Record]:
        with make_sessions(self.set_up.database.engine)() as session:
            return list(session.scalars(sa.select(Record).order_by(Record.kind, Record.record_id)))

    def outcomes(self) -> dict[str, int]:
        """Return how many records ended how."""
        counts: dict[str, int] = {}
        for record in self.records():
            counts[record.outcome or "none"] = counts.get(record.outcome or "none", 0) + 1
        return counts

    def not_well(self) -> list[str]:
        """Return every record that ended otherwise than well, with the reason."""
        well = (Outcome.SYNCED, Outcome.UNCHANGED, Outcome.SKIPPED)
        return [
            f"{record.kind} {record.label or record.record_id}: {record.outcome} {record.cause or ''}"
            for record in self.records()
            if record.outcome not in well
        ]

    def complaints(self) -> list[str]:
        """Return all errors and tracebacks that the processes wrote to their logs."""
        found = []
        for log in sorted(self.folder.glob("*.log")):
            found += [
                f"{log.stem}: {line}"
                for line in log.read_text().splitlines()
                if '"level": "error"' in line or '"level": "critical"' in line or "Traceback" in line
            ]
        return found

    def work_left(self) -> list[str]:
        """Return what keeps the product from being at rest, in words."""
        left = self.messages_left()
        for record in self.records():
            waits = record.outcome in (Outcome.WAITING, None) or record.next_look_at is not None
            if record.lease_owner is not None or record.dirty or waits:
                left.append(
                    f"{record.kind} {record.label or record.record_id}: {record.outcome}, next look at"
                    f" {record.next_look_at}, leased until {record.lease_until}, {record.cause}"
                )
        with make_sessions(self.set_up.database.engine)() as session:
            running = session.scalars(sa.select(Sweep.id).where(Sweep.state.in_(sweeps.RUNNING))).all()
        return left + [f"sweep {sweep}" for sweep in running]

    def messages_left(self) -> list[str]:
        """Return where messages are on their way, in words. One that RabbitMQ has handed out does not show."""
        left = [f"{count} webhooks to be delivered" for count in [self.undelivered()] if count]
        try:
            queued = depth(self.set_up.broker_url, self.set_up.database.engine)
            left += [f"{queued[name]} messages in {name}" for name in (LIVE, BULK) if queued[name]]
        except BrokerUnavailableError as error:
            left.append(f"perhaps some messages: {error.cause}")
        with make_sessions(self.set_up.database.engine)() as session:
            held = session.scalar(sa.select(sa.func.count()).where(BrokerMessage.queue.in_([LIVE, BULK])))
            if held:
                left.append(f"{held} messages on the embedded broker, held or not")
        return left

    def undelivered(self) -> int:
        """Return how many webhooks the vendors have not been able to deliver yet."""
        return sum(
            row["waiting"]
            for simulator in (self.simulators.invoiced_url, self.simulators.quickbooks_url)
            for row in requests.get(f"{simulator}/_simulator/webhooks", timeout=PATIENCE_S).json()
            if row["url"].startswith(self.url)
        )

    # Waiting

    def wait_until(self, condition: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> None:
        """Return once the condition holds; fail with the state of things if it does not in time."""
        give_up_at = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > give_up_at:
                raise AssertionError(f"not within {within_s} s: {what}\n{self._state()}")
            time.sleep(0.05)

    def wait_until_at_rest(self, within_s: float = 2 * PATIENCE_S) -> None:
        """Return when nothing is left to do: no webhook, no message, no record in work, due or waiting."""
        looks_in_a_row = 0

        def is_at_rest() -> bool:
            nonlocal looks_in_a_row
            looks_in_a_row = 0 if self.work_left() else looks_in_a_row + 1
            return looks_in_a_row >= _LOOKS_AT_REST

        self.wait_until(is_at_rest, "at rest", within_s)

    def let_time_pass(self, seconds: float = LONG_S) -> None:
        """Bring every lease and due time closer by so many seconds. Whoever is alive must have nothing in hand."""
        ago = timedelta(seconds=seconds)
        ago_us = int(seconds * 1_000_000)
        with make_sessions(self.set_up.database.engine).begin() as session:
            for record in session.scalars(sa.select(Record)):
                for name in ("lease_until", "looked_at", "next_look_at"):
                    if (instant := getattr(record, name)) is not None:
                        setattr(record, name, instant - ago)
            for write in session.scalars(sa.select(PendingWrite)):
                write.sent_at -= ago
            for connection in session.scalars(sa.select(Connection)):
                if connection.token_lease_until is not None:
                    connection.token_lease_until -= ago
            session.execute(sa.update(Pace).values(booked_until_us=Pace.booked_until_us - ago_us))
            session.execute(
                sa.update(BrokerMessage)
                .where(BrokerMessage.visible_at_us > 0)
                .values(visible_at_us=BrokerMessage.visible_at_us - ago_us)
            )

    def _state(self) -> str:
        return "\n".join([*self.work_left(), str(self.outcomes()), *self.not_well(), *self.complaints()[:20]])
