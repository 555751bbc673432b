"""`status`: what waits, runs and failed."""

import sys
import time
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from consumer.wiring import Wiring
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.shown import COLOURS, console, for_people, in_utc, print_json
from shared.clients import utc_now
from shared.db import connections
from shared.db.models import Connection
from shared.db.overview import Counts, LatestRecord, count_records, latest_records
from shared.errors import BrokerUnavailableError
from shared.outcomes import Outcome
from shared.queues import BULK, DEAD_LETTERS, LIVE, depth

_REFRESH_S = 1.0


@click.command()
@click.option("--once", is_flag=True, help="Print once and end, on a terminal too.")
@as_json
@of_connection
def status(once: bool, as_json: bool, connection_id: str | None) -> None:
    """Show what is queued, in work, waiting and how records ended; live on a terminal, until Ctrl-C."""
    with opened() as wiring:
        look = _Look(wiring, connection_id)
        if as_json:
            print_json(look.document())
        elif once or not sys.stdout.isatty():
            console().print(look.table())
        else:
            with Live(look.table(), console=console(), screen=False, auto_refresh=False) as live:
                try:
                    while True:
                        time.sleep(_REFRESH_S)
                        live.update(look.table(), refresh=True)
                except KeyboardInterrupt:
                    return


class _Look:
    """Reads the database and the broker anew each time."""

    def __init__(self, wiring: Wiring, connection_id: str | None) -> None:
        self._wiring = wiring
        self._connection_id = connection_id

    def document(self) -> dict[str, Any]:
        """Return the status as `--json` prints it; what only the broker knows is null while it is away."""
        letters, trouble = self._letters()
        counts, rows, latest = self._read()
        return {
            "queued": _queued(letters, counts),
            "in_work": counts.in_work,
            "waiting": counts.waiting,
            "outcomes": counts.outcomes,
            "by_kind": counts.by_kind,
            "dead_letters": letters[DEAD_LETTERS] if letters else None,
            "broker": trouble or "available",
            "connections": [
                {"id": row.id, "name": row.name, "state": row.state, "realm_id": row.realm_id} for row in rows
            ],
            "latest": [_document(record) for record in latest],
        }

    def table(self) -> RenderableType:
        """Return the status as a terminal shows it."""
        letters, trouble = self._letters()
        counts, rows, latest = self._read()
        queued = _queued(letters, counts)
        line = Text(style="bold")
        line.append(f"queued {'?' if queued is None else queued}   in work {counts.in_work}   waiting {counts.waiting}")
        if letters and letters[DEAD_LETTERS]:
            line.append(f"   dead letters {letters[DEAD_LETTERS]}", style="red")
        if trouble:
            line.append(f"\n{trouble}", style="red")
        return Group(_connections_table(rows), line, _outcomes_table(counts), _latest_table(latest))

    def _letters(self) -> tuple[dict[str, int] | None, str | None]:
        """Return how many messages wait by queue, or None and why the broker does not tell."""
        try:
            return depth(self._wiring.config.broker_url, self._wiring.engine), None
        except BrokerUnavailableError as error:
            return None, f"{error.cause} {error.remedy}"

    def _read(self) -> tuple[Counts, list[Connection], list[LatestRecord]]:
        with self._wiring.sessions() as session:
            if self._connection_id is None:
                rows = connections.list_all(session)
            else:
                rows = [chosen_connection(session, self._connection_id)]
            counts = count_records(session, utc_now(), self._connection_id)
            return counts, rows, latest_records(session, self._connection_id, limit=15)


def _document(record: LatestRecord) -> dict[str, Any]:
    return {
        "connection": record.connection_id,
        "kind": record.kind,
        "id": record.record_id,
        "label": record.label,
        "outcome": record.outcome,
        "outcome_at": in_utc(record.outcome_at),
        "cause": record.cause,
        "remedy": record.remedy,
        "quickbooks": [{"entity": entity, "id": qbo_id} for entity, qbo_id in record.quickbooks],
    }


def _queued(letters: dict[str, int] | None, counts: Counts) -> int | None:
    # The broker was asked first: a message that was taken meanwhile is counted twice rather than not at all.
    return None if letters is None else letters[LIVE] + letters[BULK] + counts.due


def _connections_table(rows: list[Connection]) -> RenderableType:
    if not rows:
        return Text("There is no connection yet. Make one with `invoiced-quickbooks connection add`.")
    table = Table("connection", "name", "QuickBooks company", "state", box=None, pad_edge=False)
    for row in rows:
        style = "green" if row.state == connections.CONNECTED else "red"
        table.add_row(row.id, Text(row.name), row.realm_id, Text(row.state, style=style))
    return table


def _outcomes_table(counts: Counts) -> RenderableType:
    table = Table("records", box=None, pad_edge=False)
    for outcome in Outcome:
        table.add_column(Text(outcome.value, style=COLOURS[outcome]), justify="right")
    for kind, by_outcome in counts.by_kind.items():
        table.add_row(kind, *(str(by_outcome.get(outcome.value, "")) for outcome in Outcome))
    table.add_row("all", *(str(counts.outcomes[outcome.value]) for outcome in Outcome), style="bold")
    return table


def _latest_table(latest: list[LatestRecord]) -> RenderableType:
    table = Table("latest", "record", "outcome", "cause", box=None, pad_edge=False)
    for record in latest:
        table.add_row(
            for_people(record.outcome_at),
            Text(f"{record.kind} {record.label or record.record_id}"),
            Text(record.outcome, style=COLOURS[Outcome(record.outcome)]),
            Text(record.cause or ""),
        )
    return table
