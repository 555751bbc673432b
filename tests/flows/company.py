"""A company for one test: both simulators, the sync between them, and what a person does at either end."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from cryptography.fernet import Fernet

from administration.connect import read_company
from consumer import learned
from consumer.leases import LeaseKeeper
from consumer.sweep import step_all
from consumer.wiring import Wiring
from consumer.worker import Worker
from shared.config import Config
from shared.db import connections, records, sweeps
from shared.db.models import Link, PendingWrite, Record, Sweep
from shared.db.records import RecordKey
from shared.db.sweeps import Scope
from shared.messages import Kind, Message, Why
from shared.money import decode_json, encode_json
from shared.outcomes import Outcome, Settlement
from shared.queues import BULK, Publisher, QueueWorker, depth
from shared.settings import Settings
from tests.patience import PATIENCE_S

DAY_S = 86_400
# Midnight in Chicago, 2026-10-05.
ISSUED_AT = 1_791_176_400


@dataclass
class Simulator:
    """One vendor, as a person and a test see it."""

    url: str
    auth: tuple[str, str] | None = None
    http: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """Make one call and return the decoded answer; an error answer fails the test."""
        answer = self.http.request(
            method,
            self.url + path,
            params=params,
            data=None if body is None else encode_json(body),
            headers={"Content-Type": "application/json"},
            auth=self.auth,
            timeout=PATIENCE_S,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return decode_json(answer.content) if answer.content else None

    def fault(self, what: str, **rule: Any) -> None:
        self.call("POST", "/_simulator/faults", {"what": what, **rule})

    def heal(self) -> None:
        self.call("DELETE", "/_simulator/faults")


class InvoicedAccount(Simulator):
    """The Invoiced side."""

    def customer(self, name: str = "Acme", **fields: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.call("POST", "/customers", {"name": name, **fields})
        return created

    def invoice(self, customer: int, *lines: tuple[str | None, str, str], **fields: Any) -> dict[str, Any]:
        """Issue an invoice; a line is (name, quantity, unit cost)."""
        items = [
            {"name": name, "quantity": Decimal(quantity), "unit_cost": Decimal(cost)}
            for name, quantity, cost in lines or [("Service", "1", "100")]
        ]
        body = {
            "customer": customer,
            "items": items,
            "date": ISSUED_AT,
            "due_date": ISSUED_AT + 30 * DAY_S,
            "calculate_taxes": False,
            **fields,
        }
        created: dict[str, Any] = self.call("POST", "/invoices", body)
        return created

    def edit(self, kind: str, record_id: int, **fields: Any) -> dict[str, Any]:
        changed: dict[str, Any] = self.call("PATCH", f"/{kind}/{record_id}", fields)
        return changed

    def pay(self, customer: int | None, amount: str, *invoices: tuple[int, str], **fields: Any) -> dict[str, Any]:
        splits = [{"type": "invoice", "invoice": invoice, "amount": Decimal(part)} for invoice, part in invoices]
        body = {
            "customer": customer,
            "amount": Decimal(amount),
            "method": "check",
            "date": ISSUED_AT + DAY_S,
            "applied_to": splits,
            **fields,
        }
        created: dict[str, Any] = self.call("POST", "/payments", body)
        return created


class QuickBooksCompany(Simulator):
    """The QuickBooks side."""

    realm_id: str

    def objects(self, entity: str) -> list[dict[str, Any]]:
        """Return every object of an entity as it stands, inactive and voided ones too."""
        found: list[dict[str, Any]] = self.call("GET", f"/_simulator/companies/{self.realm_id}/objects/{entity}")
        return found

    def one(self, entity: str, **fields: Any) -> dict[str, Any]:
        """Return the only object of an entity whose fields have these values."""
        found = [o for o in self.objects(entity) if all(o.get(name) == value for name, value in fields.items())]
        assert len(found) == 1, f"{len(found)} {entity} with {fields}"
        return found[0]

    def by_hand(self, entity: str, body: dict[str, Any], **rest: Any) -> dict[str, Any]:
        """Write as a person does in the browser."""
        path = f"/_simulator/companies/{self.realm_id}/edit"
        changed: dict[str, Any] = self.call("POST", path, {"entity": entity, "body": body, **rest})
        return changed

    def prefer(self, **groups: Any) -> None:
        self.call("PATCH", f"/_simulator/companies/{self.realm_id}", {"preferences": groups})

    def calls(self) -> list[str]:
        """Return the calls since the last `forget_calls`, as `operation entity`; those inside a batch left out."""
        rows = self.call("GET", "/_simulator/requests")
        return [
            f"{row['operation']} {row['entity'] or ''}".strip()
            for row in rows
            if not row.get("batch") and row["operation"] not in ("token", None)
        ]

    def forget_calls(self) -> None:
        self.call("DELETE", "/_simulator/requests")


class Company:
    """Both sides and the sync between them. `later` moves the sync's own clock on."""

    def __init__(
        self,
        engine: sa.Engine,
        invoiced: InvoicedAccount,
        quickbooks: QuickBooksCompany,
        config: Config,
        refresh_token: str,
        *,
        start_date: date | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.invoiced = invoiced
        self.quickbooks = quickbooks
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None
        self.wiring = Wiring(config, engine, self.now)
        keeper = LeaseKeeper(self.wiring.sessions, self.now, stop=None)  # type: ignore[arg-type]
        self.publisher = Publisher(config.broker_url, engine, timeout_s=PATIENCE_S)
        self.worker = Worker(self.wiring, self.publisher, keeper)
        self.bulk_worker = Worker(self.wiring, self.publisher, keeper, bulk=True)
        with self.wiring.sessions.begin() as session:
            self.id = connections.add(
                session,
                self.wiring.vault,
                name="Company",
                invoiced_api_key=invoiced.auth[0] if invoiced.auth else "",
                invoiced_webhook_secret="secret",
                realm_id=quickbooks.realm_id,
                refresh_token=refresh_token,
                time_zone="America/Chicago",
                start_date=start_date,
                now=self.now(),
                settings=settings or Settings(),
            ).id
        read_company(self.wiring.sessions, self.wiring.quickbooks(self.id), self.id, self.now())
        quickbooks.forget_calls()

    def now(self) -> datetime:
        return (self._stopped_at or datetime.now(UTC)) + self._ahead

    @contextmanager
    def at_one_instant(self) -> Iterator[None]:
        """Have all that happens within happen at once, however long this machine takes."""
        self._stopped_at = datetime.now(UTC)
        yield
        self._stopped_at = None

    def later(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def hear(self, kind: Kind, record_id: object, why: Why = Why.WEBHOOK, **fields: Any) -> Settlement | None:
        """Handle one message; None if the record is in work or due in a moment."""
        return self.worker.handle(Message(self.id, kind, str(record_id), why, self.now(), **fields))

    def look(self, kind: Kind, record_id: object, why: Why = Why.RETRY, **fields: Any) -> Settlement:
        """Look at one record now."""
        with self.wiring.sessions.begin() as session:
            records.request_look(session, RecordKey(self.id, kind, str(record_id)), self.now())
        settlement = self.hear(kind, record_id, why, **fields)
        assert settlement is not None, f"{kind} {record_id} is in work"
        return settlement

    def invoice(self, record: dict[str, Any], **kwargs: Any) -> Settlement:
        return self.look(Kind.INVOICE, record["id"], **kwargs)

    def payment(self, record: dict[str, Any], **kwargs: Any) -> Settlement:
        return self.look(Kind.PAYMENT, record["id"], **kwargs)

    def settle(self, most: int = 300) -> None:
        """Look at whatever is due, moving the clock on to the next due time, until nothing is due any more."""
        for _ in range(most):
            with self.wiring.sessions.begin() as session:
                due_at = session.scalar(sa.select(sa.func.min(Record.next_look_at)))
            if due_at is None:
                return
            self.later(max(0.0, (due_at - self.now()).total_seconds()) + 0.01)
            with self.wiring.sessions.begin() as session:
                due = records.take_due(session, self.now())
            for key in due:
                self.hear(key.kind, key.record_id, Why.RETRY)
        raise AssertionError("records stay due for ever")

    def ask_for_sweep(self, scope: Scope = Scope.CATCH_UP, why: str = "person") -> Sweep:
        """Ask for a sweep, as the page does."""
        with self.wiring.sessions.begin() as session:
            return sweeps.request(session, self.id, scope, why, self.now())

    def sweep(self, scope: Scope = Scope.CATCH_UP, why: str = "person") -> Sweep:
        """Sweep to the end: list, queue, look at what the bulk queue brings and at whatever is due."""
        sweep = self.ask_for_sweep(scope, why)
        self.finish_sweeps()
        with self.wiring.sessions() as session:
            return sweeps.get(session, self.id, sweep.id)

    def die_in_sweep(self, after: int) -> None:
        """Have the process that sweeps die when it has come to the database so many times; then its lease runs out."""
        self._set_looks_back()
        held, calls = sweeps.held, itertools.count()

        class Died(BaseException):
            pass

        def dying(*args: Any) -> Any:
            if next(calls) >= after:
                raise Died
            return held(*args)

        with pytest.MonkeyPatch.context() as patch, suppress(Died):
            patch.setattr(sweeps, "held", dying)
            self.find_all()
        self.later(sweeps.LEASE_S + 1)

    def find_all(self) -> None:
        """Carry every sweep on until it has listed what it goes over, and has queued what there is room for."""
        while step_all(self.wiring, self.publisher).listing:
            pass

    def finish_sweeps(self, most: int = 200) -> None:
        """Carry every sweep to its end."""
        self._set_looks_back()
        for _ in range(most):
            self.find_all()
            if not self.sweeps_running():
                return
            self.drain_bulk_queue()
            self.settle()
        raise AssertionError("a sweep never ends")

    def _set_looks_back(self) -> None:
        """Forget the versions that were clearly seen only by the sync's own clock, which is ahead in these tests."""
        with self.wiring.sessions.begin() as session:
            for row in session.scalars(sa.select(Record).where(Record.source_updated_at.is_not(None))):
                assert row.looked_at is not None and row.source_updated_at is not None
                if row.looked_at - self._ahead - row.source_updated_at < learned.CLEARLY_AFTER:
                    row.source_updated_at = None

    def drain_bulk_queue(self) -> None:
        """Have a worker take whatever is in the bulk queue."""
        stop = threading.Event()
        config, engine = self.wiring.config, self.wiring.engine
        bulk = QueueWorker(config.broker_url, engine, BULK, self.bulk_worker.on_message, stop, prefetch=1)
        thread = threading.Thread(target=bulk.run)
        thread.start()
        while depth(config.broker_url, engine)[BULK]:
            time.sleep(0.02)
        # It comes to the end of what it has in hand.
        stop.set()
        thread.join()

    def sweeps_running(self) -> int:
        with self.wiring.sessions() as session:
            running = sa.select(sa.func.count()).where(Sweep.state.in_(sweeps.RUNNING))
            return session.execute(running).scalar_one()

    def record(self, kind: Kind, record_id: object) -> Record:
        with self.wiring.sessions() as session:
            row = records.find(session, RecordKey(self.id, kind, str(record_id)))
        assert row is not None, f"nobody has heard of {kind} {record_id}"
        return row

    def outcome(self, kind: Kind, record_id: object) -> Outcome:
        outcome = self.record(kind, record_id).outcome
        assert outcome is not None
        return Outcome(outcome)

    def links(self) -> list[Link]:
        with self.wiring.sessions() as session:
            return list(session.scalars(sa.select(Link).order_by(Link.id)))

    def pending_writes(self) -> int:
        with self.wiring.sessions() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(PendingWrite)) or 0

    def close(self) -> None:
        self.invoiced.http.close()
        self.quickbooks.http.close()


def config_for(
    credentials: dict[str, Any],
    quickbooks_url: str,
    invoiced_url: str,
    database_url: str,
    broker_url: str = "embedded://",
) -> Config:
    """Return the product's configuration against two simulators, without Intuit's limits on calls."""
    from pathlib import Path

    return Config(
        data_dir=Path(),
        database_url=database_url,
        broker_url=broker_url,
        port=8080,
        public_url="http://localhost:8080",
        invoiced_api_url=invoiced_url,
        quickbooks_environment="sandbox",
        quickbooks_api_url=quickbooks_url,
        quickbooks_discovery_url=f"{quickbooks_url}/.well-known/openid_sandbox_configuration",
        quickbooks_client_id=credentials["client_id"],
        quickbooks_client_secret=credentials["client_secret"],
        quickbooks_verifier_token=credentials["verifier_token"],
        secret_key="secret",
        token_keys=(Fernet.generate_key().decode(),),
        quickbooks_calls_per_minute=1_000_000,
        consumer_threads=4,
        sweep_every_minutes=15,
        log_format="json",
    )
