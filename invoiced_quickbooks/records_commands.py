"""`records`, `attention`, `retry`, `ignore`, `unignore`, `resync`, `export`: what the pages of the same names do."""

from collections.abc import Callable
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.selections import (
    COMMAND_LINE,
    Meant,
    known_records,
    named_or_found,
    of_search,
    of_selection,
    selection_of,
)
from invoiced_quickbooks.shown import COLOURS, console, for_people, print_json
from shared.db import attention, record_actions, record_list
from shared.db.record_export import HEADER, document_of, find_all, row_of
from shared.db.record_list import NOT_LOOKED_AT, ListedRecord, Search
from shared.money import plain
from shared.outcomes import Outcome
from shared.spreadsheet import csv_lines


@click.command("records")
@of_search()
@click.option("--after", metavar="PLACE", help="Where the page begins: `next_page` of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=record_list.PAGE, show_default=True)
@as_json
@of_connection
def list_records(search: Search, after: str | None, limit: int, as_json: bool, connection_id: str | None) -> None:
    """List records with their state, the newest first."""
    with opened() as wiring, wiring.sessions() as session:
        row = chosen_connection(session, connection_id)
        page = record_list.find(session, row.id, search, after=after, limit=limit)
    if as_json:
        print_json({"records": [document_of(record) for record in page.records], "next_page": page.next_page})
        return
    _print_table(page.records)
    if page.next_page is not None:
        click.echo(f"There are more: --after '{page.next_page}'")


@click.command("attention")
@as_json
@of_connection
def show_attention(as_json: bool, connection_id: str | None) -> None:
    """Show what needs a person, grouped by cause, and how it is mended."""
    with opened() as wiring, wiring.sessions() as session:
        row = chosen_connection(session, connection_id)
        groups = [*attention.held_back(session, row.id), *attention.groups(session, row.id)]
    if as_json:
        print_json([{**group.cause._asdict(), "count": group.count, "ignored": group.ignored} for group in groups])
        return
    if not any(group.count for group in groups):
        click.echo("Nothing needs attention.")
    for group in groups:
        aside = f" ({group.ignored} ignored)" if group.ignored else ""
        click.echo(click.style(f"{group.count}  {group.cause.title}", bold=True) + f"{aside}  [{group.cause.key}]")
        click.echo(f"  {group.cause.explanation}\n  What to do: {group.cause.fix}")


@click.command()
@of_selection
@as_json
@of_connection
def retry(**options: Any) -> None:
    """Try records again: some by KIND and ID, those of a cause, or all that need attention."""
    _act(record_actions.retry, "to be tried again", **options)


@click.command()
@of_selection
@as_json
@of_connection
def ignore(**options: Any) -> None:
    """Put records aside, for as long as they fail for the cause that they fail for now."""
    _act(record_actions.ignore, "ignored", **options)


@click.command()
@of_selection
@as_json
@of_connection
def unignore(**options: Any) -> None:
    """Take back what was put aside."""
    _act(record_actions.take_back, "taken back", **options)


@click.command()
@named_or_found()
@as_json
@of_connection
def resync(meant: Meant, as_json: bool, connection_id: str | None) -> None:
    """Have records looked at again, whatever their state; only differences are written.

    They are named by KIND and ID, or all are meant that a search finds: their number is told, and asked about. More
    than fifty are left to a sweep. `sweep start --everything` is for all that there is.
    """
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            number = 0 if meant.kind else record_list.count(session, row.id, meant.search)
        meant.confirm(number, "have them looked at again")
        with wiring.sessions.begin() as session:
            if meant.kind:
                keys = known_records(session, row.id, meant.kind, meant.record_ids)
                asked = record_actions.resync_chosen(session, row.id, keys, COMMAND_LINE, wiring.now())
            else:
                asked = record_actions.resync_found(session, row.id, meant.search, COMMAND_LINE, wiring.now())
    if as_json:
        print_json({"records": asked.number, "sweep": asked.sweep_id})
        return
    _say(asked.number, "to be looked at", as_json=False)
    if asked.sweep_id is not None:
        click.echo(f"`sweep watch {asked.sweep_id}` shows how far it is.")


@click.group()
def export() -> None:
    """Write tables for a spreadsheet."""


@export.command("records")
@of_search()
@as_json
@of_connection
def export_records(search: Search, as_json: bool, connection_id: str | None) -> None:
    """Write the records that a search finds as CSV to stdout, or as JSON with --json."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        found = find_all(wiring.sessions, row.id, search)
        if as_json:
            print_json([document_of(record) for record in found])
            return
        for line in csv_lines(HEADER, (row_of(record) for record in found)):
            click.echo(line, nl=False)


def _act(
    action: Callable[..., int],
    done: str,
    *,
    kind: str | None,
    record_ids: tuple[str, ...],
    cause_group: str | None,
    is_all: bool,
    as_json: bool,
    connection_id: str | None,
) -> None:
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            selection = selection_of(session, row.id, kind, record_ids, cause_group, is_all=is_all)
        number = action(wiring.sessions, row.id, selection, COMMAND_LINE, wiring.now())
    _say(number, done, as_json=as_json)


def _say(number: int, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"records": number})
    else:
        click.echo(f"{number} {'record' if number == 1 else 'records'} {done}.")


def _print_table(listed: tuple[ListedRecord, ...]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("record", "customer", "amount", "outcome", "at", "why"):
        table.add_column(name, justify="right" if name == "amount" else "left", overflow="fold")
    for record in listed:
        outcome = record.outcome or NOT_LOOKED_AT
        style = COLOURS[Outcome(record.outcome)] if record.outcome else "white"
        table.add_row(
            Text(f"{record.kind} {record.label or record.record_id}"),
            Text(record.customer_name or ""),
            Text("" if record.amount is None else f"{plain(record.amount)} {record.currency or ''}"),
            Text(outcome + (" (ignored)" if record.ignored_at else ""), style=style),
            for_people(record.shown_at),
            Text(record.cause or ""),
        )
    console().print(table)
