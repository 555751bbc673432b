"""`make run`: the whole product on this machine, against simulators of both vendors, with live traffic."""

import fcntl
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from administration.connect import NewConnection, add_connection
from consumer.wiring import Wiring
from invoiced_quickbooks.demo_environment import Ports, demo_variables, write_demo_environment
from invoiced_quickbooks.demo_feed import Feed
from invoiced_quickbooks.ports import check_ports
from invoiced_quickbooks.simulator_control import SimulatorControl
from invoiced_quickbooks.supervisor import BrokenError, Program, StoppedError, Supervisor, own_environment
from invoiced_quickbooks.user_commands import add_user
from invoiced_quickbooks.web_address import answers
from shared.config import Config
from shared.db import connections, users
from shared.db.migrate import migrate
from shared.db.models import Connection, Record
from shared.db.users import Role
from shared.log import configure_logging

COMPANY_NAME = "Sample company"
DEMO_USER = "demo@example.com"
# The sample company's account in Invoiced lives in Chicago.
TIME_ZONE = "America/Chicago"
_READY_WITHIN_S = 60.0
_FEED_EVERY_S = 0.3
# Whoever depends on others ends first: traffic, then the product, then the vendors.
_VENDORS, _PRODUCT, _TRAFFIC = 0, 1, 2


def run() -> None:
    """Run until a signal comes.

    Raises:
        ConfigError: a port is taken, or no port.
        BrokenError: a process could not start, or ended by itself.
        SyncError: the two sides could not be connected.
    """
    ports = Ports.from_env()
    data_dir = Path(os.environ.get("DATA_DIR") or "./var").resolve()
    with _sole_demo(data_dir):
        check_ports(ports.wanted())
        with Supervisor() as supervisor:
            try:
                _bring_up(supervisor, data_dir, ports)
            except StoppedError:
                _say("Ending every process. The next `make run` goes on from here.")


def _bring_up(supervisor: Supervisor, data_dir: Path, ports: Ports) -> None:
    _say("Starting both simulators, the receiver and the consumer …")
    invoiced, quickbooks = _start_vendors(supervisor, data_dir, ports)
    credentials = quickbooks.credentials()
    variables = demo_variables(data_dir, ports, credentials)
    write_demo_environment(data_dir, variables)
    # From here on this process has the demo's environment, as its children have.
    os.environ.update(variables, DATA_DIR=str(data_dir))
    config = Config.from_env()
    configure_logging("console", logging.WARNING)
    wiring = Wiring(config)
    try:
        company = credentials["companies"][0]
        _refuse_foreign_database(wiring, {one["realm_id"] for one in credentials["companies"]})
        migrate(wiring.engine)
        _start_product(supervisor, data_dir, ports)
        connection = _connect(wiring, company, invoiced.credentials()["api_key"], variables)
        _add_demo_user(wiring, variables["DEMO_PASSWORD"])
        feed = Feed(wiring.sessions, _say, wiring.now)
        receiver = f"http://127.0.0.1:{ports.receiver}"
        quickbooks.send_webhooks(f"{receiver}/webhooks/quickbooks")
        invoiced.send_webhooks(
            f"{receiver}/webhooks/invoiced/{connection.id}",
            secret=variables["INVOICED_WEBHOOK_SECRET"],
            replay=not _has_records(wiring),
        )
        supervisor.start(_traffic(ports))
        _welcome(ports, data_dir, variables["DEMO_PASSWORD"])
        supervisor.watch(_FEED_EVERY_S, feed.tell)
    finally:
        invoiced.close()
        quickbooks.close()
        wiring.close()


def _start_vendors(supervisor: Supervisor, data_dir: Path, ports: Ports) -> tuple[SimulatorControl, SimulatorControl]:
    for name, port, options in (
        ("quickbooks", ports.quickbooks, ["--empty"]),
        ("invoiced", ports.invoiced, ["--seed", "1"]),
    ):
        kept = ["--data-dir", str(data_dir / "simulators" / name)]
        command = ["-m", f"simulators.{name}", "--port", str(port), *kept, *options, "--limits"]
        supervisor.start(_python(f"{name}-simulator", command, data_dir, stage=_VENDORS))
    invoiced = SimulatorControl("Invoiced", ports.invoiced_url)
    quickbooks = SimulatorControl("QuickBooks", ports.quickbooks_url)
    for simulator in (invoiced, quickbooks):
        ready = _answers(f"{simulator.url}/_simulator/credentials")
        supervisor.wait_until(ready, f"The {simulator.name} simulator", _READY_WITHIN_S)
    return invoiced, quickbooks


def _start_product(supervisor: Supervisor, data_dir: Path, ports: Ports) -> None:
    gunicorn = ["-m", "gunicorn", "--config", "python:webhook_receiver.gunicorn_conf"]
    supervisor.start(_python("receiver", gunicorn, data_dir, stage=_PRODUCT))
    supervisor.start(_python("consumer", ["-m", "consumer"], data_dir, stage=_PRODUCT))
    health = _answers(f"http://127.0.0.1:{ports.receiver}/healthz")
    supervisor.wait_until(health, "The receiver", _READY_WITHIN_S)


def _traffic(ports: Ports) -> Program:
    addresses = ["--invoiced", ports.invoiced_url, "--quickbooks", ports.quickbooks_url]
    command = [sys.executable, "-m", "simulators.traffic", *addresses]
    return Program("traffic", command, own_environment(), grace_s=5, stage=_TRAFFIC)


def _python(name: str, command: list[str], data_dir: Path, stage: int) -> Program:
    log = data_dir / "log" / f"{name}.log"
    return Program(name, [sys.executable, *command], own_environment(), log, grace_s=12, stage=stage)


def _answers(url: str) -> Callable[[], bool]:
    return lambda: answers(url)


def _refuse_foreign_database(wiring: Wiring, simulated: set[str]) -> None:
    """Keep the demo out of a database that is in earnest use; whoever tries the page may have connected further
    companies of the simulator.

    Raises:
        BrokenError: it holds a connection to a company that is not `simulated`.
    """
    if not sa.inspect(wiring.engine).has_table(Connection.__tablename__):
        return
    with wiring.sessions() as session:
        others = [row for row in connections.list_all(session) if row.realm_id not in simulated]
    if others:
        raise BrokenError(
            "The database that DATABASE_URL (or DATA_DIR) names holds connections of its own, and the demo stays out"
            " of it. Unset DATABASE_URL, or name another."
        )


def _connect(wiring: Wiring, company: Any, api_key: str, variables: dict[str, str]) -> Connection:
    with wiring.sessions() as session:
        for row in connections.list_all(session):
            return row
    return add_connection(
        wiring,
        NewConnection(
            name=COMPANY_NAME,
            invoiced_api_key=api_key,
            invoiced_webhook_secret=variables["INVOICED_WEBHOOK_SECRET"],
            realm_id=company["realm_id"],
            refresh_token=company["refresh_token"],
            time_zone=TIME_ZONE,
        ),
        say=_say,
    )


def _add_demo_user(wiring: Wiring, password: str) -> None:
    with wiring.sessions() as session:
        known = users.find(session, DEMO_USER)
    if known is None:
        add_user(wiring, DEMO_USER, Role.ADMIN, password)


def _has_records(wiring: Wiring) -> bool:
    with wiring.sessions() as session:
        return session.execute(sa.select(Record.record_id).limit(1)).first() is not None


@contextmanager
def _sole_demo(data_dir: Path) -> Iterator[None]:
    """Hold the folder for this process.

    Raises:
        BrokenError: another demo runs in it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BrokenError(f"Another `make run` uses {data_dir}: end it, or set DATA_DIR to another.") from error
        yield


def _welcome(ports: Ports, data_dir: Path, password: str) -> None:
    own = Path(sys.executable).parent / "invoiced-quickbooks"
    with suppress(ValueError):
        own = own.relative_to(Path.cwd())
    for line in (
        "",
        f"  The page that shows all of this               {ports.receiver_url}",
        f"  Log in there as {DEMO_USER}, password {password}",
        f"  Invoiced, simulated: a sample company         http://localhost:{ports.invoiced}",
        f"  QuickBooks Online, simulated                  http://localhost:{ports.quickbooks}",
        "",
        f"  Ask at any time: {own} status    Logs: {data_dir / 'log'}    Ctrl-C ends every process.",
        "",
    ):
        _say(line)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
