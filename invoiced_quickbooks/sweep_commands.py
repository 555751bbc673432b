"""`sweep`: catch up on whatever was missed, and watch it being done."""

import sys
import time
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from administration.take_first_look import find_seen
from consumer.wiring import Wiring
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.selections import COMMAND_LINE
from invoiced_quickbooks.shown import in_utc, print_json
from shared.db import audit, connections, sweeps
from shared.db.models import Sweep
from shared.db.sweep_export import HEADER, document_of, find_all, row_of
from shared.db.sweeps import ENDED, RUNNING, Scope, State
from shared.errors import RejectedError
from shared.spreadsheet import csv_lines

_LOOK_EVERY_S = 0.5
_WHYS = ("person", "schedule", "gap")


@click.group()
def sweep() -> None:
    """Catch up on whatever was missed."""


@sweep.command()
@click.option("--everything", is_flag=True, help="Look at every record again, not only at what changed.")
@click.option("--watch", is_flag=True, help="Watch it until its end.")
@as_json
@of_connection
def start(everything: bool, watch: bool, as_json: bool, connection_id: str | None) -> None:
    """Ask for a sweep; a consumer carries it out. Where one runs already, that one is meant.

    The first one of a company that was connected on the page, or moved, is begun only after a look at what it would
    post (`preflight --first-look`), as there.
    """
    with opened() as wiring:
        with wiring.sessions.begin() as session:
            row = connections.get_locked(session, chosen_connection(session, connection_id).id)
            if row.started_at is None and find_seen(session, row, wiring.now()) is None:
                raise RejectedError(
                    "Nothing is posted before you have seen what would be.",
                    remedy="`preflight --first-look` counts it; then start again within the hour.",
                )
            scope = Scope.EVERYTHING if everything else Scope.CATCH_UP
            found = sweeps.request(session, row.id, scope, "person", wiring.now(), asked_by=COMMAND_LINE)
            audit.note(session, row.id, COMMAND_LINE, "Re-sync all" if everything else "Synchronize", wiring.now())
        _tell(wiring, found, as_json=as_json, watch=watch)


@sweep.command()
@click.argument("number", type=int, required=False)
@as_json
@of_connection
def watch(number: int | None, as_json: bool, connection_id: str | None) -> None:
    """Watch sweep NUMBER until its end; without a number, the one that runs or ran last."""
    with opened() as wiring:
        _tell(wiring, _named(wiring, connection_id, number), as_json=as_json, watch=True)


@sweep.command()
@click.argument("number", type=int, required=False)
@as_json
@of_connection
def show(number: int | None, as_json: bool, connection_id: str | None) -> None:
    """Show sweep NUMBER, or the last one, with the records that did not end well."""
    with opened() as wiring:
        found = _named(wiring, connection_id, number)
        with wiring.sessions() as session:
            left = [document_of(record) for record in sweeps.records_of(session, found.id)]
        shown = _summary(wiring, found)
    if as_json:
        print_json(shown | {"records": left})
        return
    click.echo(_line(shown))
    for row in left:
        click.echo(f"  {row['kind']} {row['label'] or row['id']}: {row['outcome']}. {row['cause'] or ''}")


@sweep.command("list")
@click.option(
    "--state", type=click.Choice(["running", *ENDED]), metavar="STATE", help="running, " + ", ".join(ENDED) + "."
)
@click.option("--why", type=click.Choice(_WHYS), metavar="WHY", help="Who wanted it: " + ", ".join(_WHYS) + ".")
@click.option("--before", type=int, metavar="NUMBER", help="Only older ones than this.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the newest first."
)
@as_json
@of_connection
def list_(
    state: str | None, why: str | None, before: int | None, limit: int, as_json: bool, connection_id: str | None
) -> None:
    """List past sweeps, the newest first."""
    states = RUNNING if state == "running" else (state,) if state is not None else ()
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            found = sweeps.list_latest(session, row.id, states=states, why=why, before_id=before, limit=limit)
        shown = [_summary(wiring, each) for each in found]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        click.echo(_line(each))
    if not shown:
        click.echo("There is none. Ask for one with `invoiced-quickbooks sweep start`.")


@sweep.command()
@as_json
@of_connection
def cancel(as_json: bool, connection_id: str | None) -> None:
    """End the sweep that runs; what it found and nobody has looked at yet is left for the next one."""
    with opened() as wiring:
        with wiring.sessions.begin() as session:
            row = chosen_connection(session, connection_id)
            running = sweeps.find_running(session, row.id)
            if running is None:
                raise RejectedError("No sweep runs.", remedy="`sweep list` shows those that have ended.")
            sweeps.cancel(session, running, wiring.now())
            audit.note(session, row.id, COMMAND_LINE, "Cancelled a sync", wiring.now())
        _tell(wiring, running, as_json=as_json, watch=False)


@sweep.command()
@click.argument("number", type=int, required=False)
@as_json
@of_connection
def export(number: int | None, as_json: bool, connection_id: str | None) -> None:
    """Write the records of a sweep that did not end well as CSV to stdout, or as JSON with --json."""
    with opened() as wiring:
        found = _named(wiring, connection_id, number)
        left = find_all(wiring.sessions, found.id)
        if as_json:
            print_json([document_of(record) for record in left])
            return
        for line in csv_lines(HEADER, map(row_of, left)):
            click.echo(line, nl=False)


def _tell(wiring: Wiring, found: Sweep, *, as_json: bool, watch: bool) -> None:
    if watch:
        found = _watch(wiring, found, as_json=as_json)
    shown = _summary(wiring, found)
    if as_json:
        print_json(shown)
    else:
        click.echo(_line(shown))
    if shown["state"] == State.FAILED.value:
        sys.exit(1)


def _watch(wiring: Wiring, found: Sweep, *, as_json: bool) -> Sweep:
    """Show a bar until the sweep has ended; with JSON, only wait."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("Synchronizing", total=None)
        while True:
            with wiring.sessions() as session:
                now = sweeps.get(session, found.connection_id, found.id)
                progress = sweeps.progress(session, now, wiring.now())
            rate = f", {progress.per_minute:.0f} a minute" if progress.per_minute else ""
            total = progress.found if progress.found_all else None
            bar.update(task, completed=progress.done, total=total, description=f"{now.state}{rate}")
            if now.state in ENDED:
                return now
            time.sleep(_LOOK_EVERY_S)


def _named(wiring: Wiring, connection_id: str | None, number: int | None) -> Sweep:
    with wiring.sessions() as session:
        row = chosen_connection(session, connection_id)
        if number is not None:
            return sweeps.get(session, row.id, number)
        latest = sweeps.list_latest(session, row.id, limit=1)
    if not latest:
        raise RejectedError("There was no sweep yet.", remedy="Ask for one with `invoiced-quickbooks sweep start`.")
    return latest[0]


def _summary(wiring: Wiring, found: Sweep) -> dict[str, Any]:
    with wiring.sessions() as session:
        progress = sweeps.progress(session, found, wiring.now())
    return {
        "number": found.id,
        "connection": found.connection_id,
        "scope": found.scope,
        "why": found.why,
        "asked_by": found.asked_by,
        "state": found.state,
        "asked_at": in_utc(found.asked_at),
        "began_at": in_utc(found.began_at),
        "found_all_at": in_utc(found.found_all_at),
        "ended_at": in_utc(found.ended_at),
        "found": progress.found,
        "done": progress.done,
        "per_minute": None if progress.per_minute is None else round(progress.per_minute, 1),
        "ends_at": in_utc(progress.ends_at),
        "outcomes": dict(progress.outcomes),
        "cause": found.cause,
    }


def _line(shown: dict[str, Any]) -> str:
    counts = ", ".join(f"{number} {outcome}" for outcome, number in shown["outcomes"].items()) or "nothing to do"
    who = f"{shown['why']}{', ' + shown['asked_by'] if shown['asked_by'] else ''}"
    asked_at = shown["asked_at"].strftime("%Y-%m-%d %H:%M UTC")
    cause = f". {shown['cause']}" if shown["cause"] else ""
    return f"{shown['number']}  {asked_at}  {shown['state']}  {shown['scope']} ({who}): {counts}{cause}"
