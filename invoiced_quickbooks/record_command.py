"""`record`: all that is known of one record."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from administration.both_sides import compare, find_known, read_in_quickbooks
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.records import both_sides_document, entry_document, find_record, record_document
from invoiced_quickbooks.shown import console, for_people, print_fields, print_json
from shared.clients import utc_now
from shared.db import history
from shared.errors import NotFoundError
from shared.messages import Kind


@click.command("record")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]), metavar="KIND")
@click.argument("record_id", metavar="ID")
@click.option("--compare", "wants_both", is_flag=True, help="Both sides, line by line; Invoiced's is read now.")
@click.option(
    "--read-quickbooks", "reads", is_flag=True, help="Both sides, with QuickBooks' read now: a metered read a document."
)
@click.option("--history", "wants_history", is_flag=True, help="What happened to it, the newest first.")
@click.option("--before", type=int, metavar="NUMBER", help="Of the history, only what is older than this entry.")
@click.option("--limit", type=click.IntRange(1, 300), default=60, show_default=True, help="So many entries of it.")
@as_json
@of_connection
def show_record(
    kind: str,
    record_id: str,
    wants_both: bool,
    reads: bool,
    wants_history: bool,
    before: int | None,
    limit: int,
    as_json: bool,
    connection_id: str | None,
) -> None:
    """Show all that is known of one record: links, outcome, attempts, last request and reply.

    KIND is invoice, payment, customer, quickbooks-customer, or of the sync's own making: item, account, tax-code,
    payment-method, quickbooks-preferences. ID is Invoiced's id (QuickBooks' of a quickbooks-customer), or the
    number of the record.
    """
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            key = find_record(session, row.id, Kind(kind), record_id)
            document = record_document(session, key, utc_now())
            known = find_known(session, key)
            entries = history.find(session, key, before=before, limit=limit) if wants_history else []
        if document is None:
            raise NotFoundError(
                f"Nothing is known of {kind} {record_id} in connection {row.id} ({row.name}).",
                remedy="No event of it has arrived yet. `invoiced-quickbooks sync` fetches an invoice, a payment or a"
                " customer at once.",
            )
        if known is not None and (wants_both or reads):
            compared = compare(wiring, known, read_in_quickbooks(wiring, known) if reads else {})
            document["both_sides"] = both_sides_document(compared)
    if wants_history:
        document["history"] = [entry_document(entry) for entry in entries]
    if as_json:
        print_json(document)
        return
    apart = {name: document.pop(name) for name in ("both_sides", "history") if name in document}
    print_fields({**document, "links": [_without_bodies(link) for link in document["links"]]})
    if "both_sides" in apart:
        _print_both_sides(apart["both_sides"])
    for entry in apart.get("history", ()):
        _print_entry(entry)


def _without_bodies(link: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the last request and reply mostly say again; `--json` has it."""
    return {name: value for name, value in link.items() if name not in ("written", "standing")}


def _print_both_sides(document: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Invoiced", "QuickBooks", "compared"):
        table.add_column(name, overflow="fold")
    for row in document["rows"]:
        sides = ["" if row[side] is None else for_people(row[side]) for side in ("invoiced", "quickbooks")]
        table.add_row(Text(row["name"]), *map(Text, sides), row["verdict"] or "")
    console().print(table)
    if document["why_not_invoiced"]:
        click.echo(f"Invoiced could not be asked: {document['why_not_invoiced']}")
    for url in (*document["invoiced_urls"], document["customers_view"], *document["quickbooks_urls"]):
        if url:
            click.echo(url)


def _print_entry(entry: dict[str, Any]) -> None:
    """Print one line; `--json` has the bodies."""
    if entry["what"] == history.CALL:
        request, reply = entry["request"] or {}, entry["reply"] or {}
        told = f"{request.get('method')} {request.get('path')}: {reply.get('status') or 'no answer'}"
        told += f", intuit_tid {entry['intuit_tid']}" if entry["intuit_tid"] else ""
    elif entry["what"] == history.LOOK:
        told = f"{entry['outcome']} after {entry['why'] or 'a look at another record'}"
        told += f". {entry['cause']}" if entry["cause"] else ""
    else:
        told = f"{entry['who']}: {entry['cause']}"
    click.echo(f"{entry['number']}  {for_people(entry['at'])}  {told}")
