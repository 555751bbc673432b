"""`audit`: who changed what."""

import click

from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.shown import for_people, in_utc, print_json
from shared.db import audit


@click.command("audit")
@click.option("--before", type=int, metavar="NUMBER", help="Only older entries than this.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, the newest first."
)
@as_json
@of_connection
def show_audit(before: int | None, limit: int, as_json: bool, connection_id: str | None) -> None:
    """Show the audit trail: who changed what, and when; never a secret."""
    with opened() as wiring, wiring.sessions() as session:
        row = chosen_connection(session, connection_id)
        entries = audit.list_latest(session, row.id, before_id=before, limit=limit)
    if as_json:
        print_json(
            [
                {
                    "number": entry.id,
                    "at": in_utc(entry.at),
                    "who": entry.who,
                    "what": entry.what,
                    "before": entry.before,
                    "after": entry.after,
                }
                for entry in entries
            ]
        )
        return
    for entry in entries:
        change = " → ".join(text for text in (entry.before, entry.after) if text)
        told = f": {change}" if change else ""
        click.echo(f"{entry.id}  {for_people(entry.at)}  {entry.who}  {entry.what}{told}")
    if not entries:
        click.echo("Nobody has changed anything yet.")
