"""Synchronize: whatever was missed is caught up, cheaply, once, and whatever happens on the way."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from consumer import finding, learned, schedule
from consumer import sweep as sweeping
from consumer.wiring import Wiring
from shared.db import connections, cursors, records, sweeps
from shared.db.cursors import Stream
from shared.db.models import Connection, Sweep, SweepRecord
from shared.db.records import RecordKey
from shared.db.sweeps import Scope
from shared.errors import BrokerUnavailableError, RejectedError
from shared.invoiced import client
from shared.invoiced.client import InvoicedClient, Page
from shared.invoiced.entities import Listed
from shared.messages import Kind, Message
from shared.outcomes import Outcome, Settlement
from shared.queues import BULK, LIVE, Publisher, depth, open_connection
from shared.settings import Settings
from tests.conftest import Database
from tests.flows.company import Company
from tests.flows.conftest import on_both_databases

StartCompany = Callable[..., Company]


def calls_to_invoiced(company: Company) -> list[str]:
    rows = company.invoiced.call("GET", "/_simulator/requests")
    return [f"{row['method']} {row['path']}" for row in rows]


def forget_calls(company: Company) -> None:
    company.invoiced.call("DELETE", "/_simulator/requests")
    company.quickbooks.forget_calls()


def some_business(company: Company) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    payment = company.invoiced.pay(customer["id"], "5", (invoice["id"], "5"))
    return customer, invoice, payment


@on_both_databases
def test_whatever_was_missed_is_caught_up_and_a_second_sweep_writes_nothing(company: Company) -> None:
    _, invoice, payment = some_business(company)

    swept = company.sweep()

    assert swept.state == "done"
    assert company.outcome(Kind.INVOICE, invoice["id"]) in (Outcome.SYNCED, Outcome.UNCHANGED)
    assert company.outcome(Kind.PAYMENT, payment["id"]) is Outcome.SYNCED
    posted = company.quickbooks.one("Invoice")
    assert (posted["TotalAmt"], posted["Balance"]) == (invoice["total"], invoice["total"] - Decimal(5))
    assert swept.counts is not None and swept.counts["found"] == 3

    company.later(3600)
    forget_calls(company)
    again = company.sweep(Scope.EVERYTHING)
    assert again.state == "done"
    assert [call for call in company.quickbooks.calls() if "query" not in call] == []


def test_a_sweep_that_finds_nothing_costs_six_calls_to_invoiced_and_one_to_quickbooks_at_most(
    company: Company,
) -> None:
    some_business(company)
    company.sweep()
    # As if it had all happened long before the next sweep: nothing lies in the overlap.
    with company.wiring.sessions.begin() as session:
        for stream in Stream:
            cursors.move(session, company.id, stream, company.now() + timedelta(hours=1))
    forget_calls(company)

    swept = company.sweep()

    assert swept.counts == {"found": 0}
    assert len(calls_to_invoiced(company)) <= 6
    assert company.quickbooks.calls() == ["cdc"]


def test_what_stands_as_listed_is_unchanged_without_a_look_of_its_own(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here nothing changes twice in a second.
    monkeypatch.setattr(learned, "CLEARLY_AFTER", timedelta(0))
    customer = company.invoiced.customer("Acme")
    invoices = [company.invoiced.invoice(customer["id"]) for _ in range(3)]
    company.sweep()
    forget_calls(company)

    swept = company.sweep(Scope.EVERYTHING)

    assert swept.counts is not None and swept.counts[Outcome.UNCHANGED.value] >= len(invoices)
    assert [call for call in calls_to_invoiced(company) if call.startswith("GET /invoices/")] == []
    assert not [call for call in company.quickbooks.calls() if call.startswith(("create", "sparse", "update"))]


def test_a_change_in_the_second_of_the_one_that_was_seen_is_not_taken_for_unchanged(company: Company) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer("Acme")["id"])
    assert company.invoice(invoice).outcome is Outcome.SYNCED
    seen = company.invoiced.call("GET", f"/invoices/{invoice['id']}")
    changed = {"items": [{**seen["items"][0], "unit_cost": 90, "amount": 90}], "subtotal": 90, "total": 90}
    same_second = {"balance": 90, "updated_at": seen["updated_at"]}
    company.invoiced.call("POST", f"/_simulator/invoices/{invoice['id']}/raw", changed | same_second)
    # A minute later the record is taken for another's sake, and its source is not read.
    key = RecordKey(company.id, Kind.INVOICE, str(invoice["id"]))
    with company.wiring.sessions.begin() as session:
        a_minute_later = company.now() + timedelta(minutes=1)
        assert records.claim(session, key, "another", a_minute_later)
        records.finish(session, key, "another", Settlement(Outcome.SYNCED), a_minute_later)

    company.sweep()

    assert company.quickbooks.one("Invoice")["TotalAmt"] == 90


def test_what_was_deleted_while_nobody_listened_is_voided_by_the_next_sweep(company: Company) -> None:
    customer = company.invoiced.customer("Acme")
    invoice = company.invoiced.invoice(customer["id"])
    company.sweep()
    company.invoiced.call("DELETE", f"/invoices/{invoice['id']}")

    swept = company.sweep()

    assert swept.state == "done"
    assert company.quickbooks.one("Invoice")["TotalAmt"] == 0


def test_deletions_while_the_lists_are_read_hide_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is deleted between two pages moves what comes behind it, over the edge of the page that was read last."""
    customer = company.invoiced.customer("Acme")
    invoices = [company.invoiced.invoice(customer["id"])["id"] for _ in range(8)]
    monkeypatch.setattr(client, "_PER_PAGE", 2)
    # After which page what is deleted, by reading of the list: both times the fifth invoice comes to stand on a page
    # that was read before.
    deletions = {(1, 2): invoices[:2], (2, 1): invoices[2:3]}
    readings = 0
    fetch = InvoicedClient.fetch_changed

    def deleting(self: InvoicedClient, plural: str, updated_after: int | None, page: int) -> Page[Listed]:
        nonlocal readings
        fetched = fetch(self, plural, updated_after, page)
        if plural == "invoices":
            readings += page == 1
            for invoice in deletions.pop((readings, page), ()):
                company.invoiced.call("DELETE", f"/invoices/{invoice}")
        return fetched

    monkeypatch.setattr(InvoicedClient, "fetch_changed", deleting)

    assert company.sweep().state == "done"

    assert deletions == {}
    assert sum(posted["TotalAmt"] > 0 for posted in company.quickbooks.objects("Invoice")) == 5


def test_a_customer_changed_in_quickbooks_arrives_and_an_echo_of_our_own_write_does_not(company: Company) -> None:
    customer = company.invoiced.customer("Acme")
    company.invoiced.invoice(customer["id"])
    company.sweep()
    posted = company.quickbooks.one("Customer")
    first = company.sweep()
    assert first.counts is not None
    with company.wiring.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SweepRecord)) == 0
    company.quickbooks.by_hand(
        "Customer", {"Id": posted["Id"], "sparse": True, "PrimaryEmailAddr": {"Address": "new@acme.test"}}
    )

    company.sweep()

    assert company.invoiced.call("GET", f"/customers/{customer['id']}")["email"] == "new@acme.test"


def test_beyond_thirty_days_quickbooks_is_queried_page_by_page(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "QUERY_PAGE", 2)
    for name in ("Ann", "Ben", "Cleo"):
        company.quickbooks.by_hand("Customer", {"DisplayName": name})
    with company.wiring.sessions.begin() as session:
        cursors.move(session, company.id, Stream.QUICKBOOKS_CUSTOMERS, company.now() - timedelta(days=40))
    forget_calls(company)

    company.sweep()

    assert [call for call in company.quickbooks.calls() if call in ("query", "cdc")] == ["query", "query"]
    names = {row["name"] for row in company.invoiced.call("GET", "/customers", per_page="100")}
    assert names >= {"Ann", "Ben", "Cleo"}


def test_where_change_data_capture_is_full_quickbooks_is_queried_too(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "CDC_OBJECTS", 3)
    for name in ("Ann", "Ben", "Cleo"):
        company.quickbooks.by_hand("Customer", {"DisplayName": name})

    company.sweep()

    assert [call for call in company.quickbooks.calls() if call in ("query", "cdc")][:2] == ["cdc", "query"]


@on_both_databases
def test_two_sweeps_of_one_connection_never_overlap(company: Company) -> None:
    first = company.ask_for_sweep()
    assert company.ask_for_sweep().id == first.id
    with pytest.raises(RejectedError, match="still running"):
        company.ask_for_sweep(Scope.EVERYTHING)
    second = Sweep(connection_id=company.id, scope="catch-up", why="person", state="asked", asked_at=company.now())
    with pytest.raises(IntegrityError), company.wiring.sessions.begin() as session:
        session.add(second)


def test_who_synchronizes_while_a_sweep_of_the_clock_runs_has_what_changed_until_then(company: Company) -> None:
    customer = company.invoiced.customer("Acme")
    company.invoiced.invoice(customer["id"])
    first = company.ask_for_sweep(why="schedule")
    company.find_all()
    company.invoiced.invoice(customer["id"])

    swept = company.sweep()

    assert swept.id == first.id
    assert len(company.quickbooks.objects("Invoice")) == 2


@on_both_databases
def test_a_cancelled_sweep_leaves_what_nobody_has_looked_at_alone(company: Company) -> None:
    customer = company.invoiced.customer("Acme")
    for _ in range(3):
        company.invoiced.invoice(customer["id"])
    sweep = company.ask_for_sweep()
    company.find_all()
    with company.wiring.sessions.begin() as session:
        sweeps.cancel(session, sweeps.get(session, company.id, sweep.id), company.now())

    company.drain_bulk_queue()

    assert company.quickbooks.objects("Invoice") == []
    with company.wiring.sessions() as session:
        ended = sweeps.get(session, company.id, sweep.id)
        assert (ended.state, ended.counts) == ("cancelled", {"found": 4})

    company.sweep()
    assert len(company.quickbooks.objects("Invoice")) == 3, "the next one finds what was let go"


@pytest.mark.parametrize(
    ("company", "dies_after"),
    [*(("sqlite_database", number) for number in range(1, 7)), ("postgresql_database", 4)],
    indirect=["company"],
)
def test_a_sweep_whose_process_dies_goes_on_where_it_was(
    company: Company, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, invoice, _ = some_business(company)
    company.ask_for_sweep()
    company.die_in_sweep(dies_after)
    company.later(-sweeps.LEASE_S - 1)
    monkeypatch.setattr(company.wiring, "process_name", "another:1")
    assert sweeping.step_all(company.wiring, company.publisher).sweeps == 0, "the dead process still has it"
    company.later(sweeps.LEASE_S + 1)

    company.finish_sweeps()

    assert company.quickbooks.one("Invoice")["DocNumber"] == f"INVD-{invoice['number']}"
    assert company.quickbooks.one("Payment")["TotalAmt"] == 5


@on_both_databases
def test_what_was_not_published_when_a_process_died_is_published_by_the_next_one(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    publish = company.publisher.publish

    def dying(messages: list[Message], queue: str) -> None:
        if any(message.kind is Kind.INVOICE for message in messages):
            raise Died
        publish(messages, queue)

    invoice = company.invoiced.invoice(company.invoiced.customer("Acme")["id"])
    company.ask_for_sweep()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Died):
        patch.setattr(company.publisher, "publish", dying)
        company.find_all()
    monkeypatch.setattr(company.wiring, "process_name", "another:1")
    company.later(sweeps.LEASE_S + 1)

    company.finish_sweeps()

    assert company.quickbooks.one("Invoice")["DocNumber"] == f"INVD-{invoice['number']}"


@pytest.mark.parametrize("set_up", ["embedded", "servers"])
def test_a_sweep_is_carried_by_one_consumer_of_several(
    start_company: StartCompany, set_up: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page is read twice, and nothing is queued or posted twice, however they run into each other."""
    servers = ("postgresql_database", "rabbitmq_url") if set_up == "servers" else ()
    company = start_company(*(request.getfixturevalue(name) for name in servers))
    monkeypatch.setattr(client, "_PER_PAGE", 2)
    customer = company.invoiced.customer("Acme")
    for _ in range(7):
        company.invoiced.invoice(customer["id"])
    sweep = company.ask_for_sweep()
    forget_calls(company)
    is_over = threading.Event()

    def carry(wiring: Wiring) -> None:
        while not is_over.is_set():
            sweeping.step_all(wiring, company.publisher)
            time.sleep(0.01)

    others = [Wiring(company.wiring.config, company.wiring.engine, company.now) for _ in range(2)]
    for number, wiring in enumerate(others):
        wiring.process_name = f"another:{number}"
    threads = [threading.Thread(target=carry, args=(wiring,)) for wiring in others]
    for thread in threads:
        thread.start()
    company.finish_sweeps()
    is_over.set()
    for thread in threads:
        thread.join()

    assert calls_to_invoiced(company).count("GET /invoices") == 4
    assert len(company.quickbooks.objects("Invoice")) == 7
    with company.wiring.sessions() as session:
        ended = sweeps.get(session, company.id, sweep.id)
        assert (ended.state, (ended.counts or {})["found"]) == ("done", 8)


@on_both_databases
def test_what_was_queued_and_lost_is_queued_once_more(company: Company) -> None:
    some_business(company)
    sweep = company.ask_for_sweep()
    company.find_all()
    with open_connection(company.wiring.config.broker_url, company.wiring.engine) as connection:
        assert connection.default_channel.queue_purge(BULK) == 3
    company.find_all()
    assert depth(company.wiring.config.broker_url, company.wiring.engine)[BULK] == 0
    company.later(sweeps.LOST_AFTER.total_seconds() + 1)

    company.finish_sweeps()

    with company.wiring.sessions() as session:
        assert sweeps.get(session, company.id, sweep.id).state == "done"
    assert company.quickbooks.one("Payment")["TotalAmt"] == 5


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_listing_goes_on_at_the_page_at_which_its_process_died(
    company: Company, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    """Or where it began, if Invoiced refuses a page to whoever has not read the one before it."""
    monkeypatch.setattr(client, "_PER_PAGE", 2)
    customer = company.invoiced.customer("Acme")
    for _ in range(7):
        company.invoiced.invoice(customer["id"])
    forget_calls(company)
    company.ask_for_sweep()
    # The page of customers, three of invoices, and each is stored by itself.
    for _ in range(4):
        assert sweeping.step_all(company.wiring, company.publisher).listing == 1
    company.die_in_sweep(1)
    monkeypatch.setattr(company.wiring, "process_name", "another:1")
    if is_refused:
        company.invoiced.fault("status", status=400, entity="invoice", operation="query", count=1)

    company.finish_sweeps()

    read = calls_to_invoiced(company).count("GET /invoices")
    # Four pages, of which the last was read for nothing: its process died before it was stored.
    assert read == (4 + 1 + 4 if is_refused else 4 + 1)
    assert len(company.quickbooks.objects("Invoice")) == 7


def test_a_list_that_invoiced_refuses_ends_its_sweep(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PER_PAGE", 1)
    some_business(company)
    company.ask_for_sweep()
    company.invoiced.fault("status", status=400, entity="invoice", operation="query")

    company.finish_sweeps()

    with company.wiring.sessions() as session:
        latest = sweeps.list_latest(session, company.id)[0]
        assert (latest.state, "Invoiced refuses it" in (latest.cause or "")) == ("failed", True)


def test_nothing_is_posted_before_the_first_synchronize(company: Company) -> None:
    _, invoice, payment = some_business(company)
    with company.wiring.sessions.begin() as session:
        session.execute(sa.update(Connection).values(started_at=None))
    forget_calls(company)

    for kind, record in ((Kind.INVOICE, invoice), (Kind.PAYMENT, payment)):
        settlement = company.look(kind, record["id"])
        assert (settlement.outcome, settlement.waiting_for) == (Outcome.WAITING, "start")
    assert company.quickbooks.calls() == []

    company.sweep()

    assert company.quickbooks.one("Payment")["TotalAmt"] == 5
    with company.wiring.sessions() as session:
        assert connections.get(session, company.id).started_at is not None


def test_every_connection_is_swept_by_itself(company: Company) -> None:
    some_business(company)
    sweeping.request_due(company.wiring)
    assert company.sweeps_running() == 0, "its webhooks have only just begun"
    company.later(16 * 60)
    sweeping.request_due(company.wiring)
    sweeping.request_due(company.wiring)
    assert company.sweeps_running() == 1
    company.finish_sweeps()
    assert company.quickbooks.one("Payment")["TotalAmt"] == 5


@on_both_databases
def test_what_a_person_releases_in_great_number_does_not_stand_before_webhooks(company: Company) -> None:
    with company.wiring.sessions.begin() as session:
        for number in range(schedule.MANY + 1):
            records.request_look(session, RecordKey(company.id, Kind.INVOICE, str(900_000 + number)), company.now())

    assert [schedule.publish_due(company.wiring, company.publisher) for _ in range(2)] == [schedule.MANY, 1]

    waiting = depth(company.wiring.config.broker_url, company.wiring.engine)
    assert (waiting[BULK], waiting[LIVE]) == (schedule.MANY, 1)


@on_both_databases
def test_what_was_due_while_the_broker_was_away_is_due_as_soon_as_it_is_back(company: Company) -> None:
    with company.wiring.sessions.begin() as session:
        records.request_look(session, RecordKey(company.id, Kind.INVOICE, "1"), company.now())
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        away = Publisher(f"amqp://127.0.0.1:{reserved.getsockname()[1]}/", company.wiring.engine)
        with pytest.raises(BrokerUnavailableError):
            schedule.publish_due(company.wiring, away)
        away.close()

    assert [schedule.publish_due(company.wiring, company.publisher) for _ in range(2)] == [1, 0]


def test_a_person_takes_over_what_the_clock_had_asked_for(company: Company) -> None:
    """QuickBooks' side, which the clock reads once a day only, is listed for them as well, however late they come."""
    company.sweep()
    company.quickbooks.by_hand("Customer", {"DisplayName": "Born in QuickBooks"})
    company.invoiced.customer("Acme")
    clock = company.ask_for_sweep(why="schedule")
    company.find_all()

    assert company.ask_for_sweep(why="person").id == clock.id

    company.finish_sweeps()

    names = {row["name"] for row in company.invoiced.call("GET", "/customers", per_page="100")}
    assert "Born in QuickBooks" in names


def test_a_setting_that_changes_during_the_first_look_at_a_record_is_not_lost(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = company.invoiced.invoice(company.invoiced.customer("Acme")["id"])
    with company.wiring.sessions.begin() as session:
        connections.save_settings(session, company.id, Settings(invoices=False))
    profile = connections.profile

    def changed_after(row: Connection) -> connections.Profile:
        seen = profile(row)
        monkeypatch.setattr(connections, "profile", profile)
        with company.wiring.sessions.begin() as session:
            connections.save_settings(session, company.id, Settings())
        return seen

    monkeypatch.setattr(connections, "profile", changed_after)
    settlement = company.hear(Kind.INVOICE, invoice["id"])
    assert settlement is not None and settlement.outcome is Outcome.SKIPPED

    company.settle()

    assert company.quickbooks.one("Invoice")["TotalAmt"] == invoice["total"]


@pytest.mark.parametrize("what", ["delete", "edit"])
def test_what_happens_to_a_record_after_its_look_while_a_long_listing_goes_on_is_found_by_the_next_sweep(
    company: Company, what: str
) -> None:
    customer = company.invoiced.customer("Acme")["id"]
    invoice, other = (company.invoiced.invoice(customer) for _ in range(2))
    company.ask_for_sweep()
    for _ in range(2):
        assert sweeping.step_all(company.wiring, company.publisher).listing == 1
    company.drain_bulk_queue()
    company.settle()
    assert len(company.quickbooks.objects("Invoice")) == 2
    # The webhook is lost; and the other's deletion has the list read again.
    if what == "delete":
        company.invoiced.call("DELETE", f"/invoices/{invoice['id']}")
    else:
        company.invoiced.edit("invoices", invoice["id"], items=[{**invoice["items"][0], "unit_cost": 90}])
        company.invoiced.call("DELETE", f"/invoices/{other['id']}")
    company.later(finding.OVERLAP.total_seconds() + 60)
    company.finish_sweeps()

    company.sweep()

    posted = company.quickbooks.one("Invoice", DocNumber=f"INVD-{invoice['number']}")
    assert posted["TotalAmt"] == (0 if what == "delete" else 90)


def test_a_sweep_that_ends_while_a_person_asks_for_one_is_not_taken_for_theirs(
    start_company: StartCompany, postgresql_database: Database
) -> None:
    company = start_company(database=postgresql_database)
    some_business(company)
    clock = company.ask_for_sweep(why="schedule")
    company.find_all()
    asked: list[Sweep] = []
    person = threading.Thread(target=lambda: asked.append(company.ask_for_sweep()))
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    with company.wiring.sessions.begin() as session:
        held = sweeps.held(session, clock.id, company.wiring.process_name, company.now())
        assert held is not None
        sweeps.fail(session, held, "Invoiced refuses the API key.", company.now())
        session.flush()
        person.start()
        with company.wiring.sessions() as beside:
            while not beside.execute(waiting).scalar_one():
                # A transaction sees the activity as it was when it first asked.
                beside.rollback()
                time.sleep(0.01)
    person.join()

    assert [(sweep.id == clock.id, sweep.state) for sweep in asked] == [(False, "asked")]
    with company.wiring.sessions() as session:
        assert sweeps.get(session, company.id, clock.id).state == "failed"
