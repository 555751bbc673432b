"""`sync`: one record, now."""

import sys
from typing import Any

import click

from invoiced_quickbooks.look import look_now
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.records import find_record
from invoiced_quickbooks.shown import COLOURS, in_utc, print_json
from shared.db import records
from shared.messages import Kind
from shared.outcomes import Outcome

SYNCED_KINDS = (Kind.INVOICE, Kind.PAYMENT, Kind.CUSTOMER, Kind.QUICKBOOKS_CUSTOMER)
_WELL = (Outcome.SYNCED, Outcome.UNCHANGED, Outcome.SKIPPED)


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in SYNCED_KINDS]), metavar="KIND")
@click.argument("record_id", metavar="ID")
@as_json
@of_connection
def sync(kind: str, record_id: str, as_json: bool, connection_id: str | None) -> None:
    """Sync one record now, and say how it ended.

    KIND is invoice, payment, customer or quickbooks-customer. ID is Invoiced's id, or QuickBooks' of a
    quickbooks-customer; the number of a record that was seen before will do. What failed before is tried again.
    The exit status is 0 for synced, unchanged and skipped.
    """
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            key = find_record(session, row.id, Kind(kind), record_id)
        settlement = look_now(wiring, key, lambda text: click.echo(text, err=True))
        with wiring.sessions() as session:
            record = records.find(session, key)
        shown: dict[str, Any] = {
            "connection": key.connection_id,
            "kind": key.kind.value,
            "id": key.record_id,
            "label": record.label if record else None,
            "outcome": settlement.outcome.value,
            "cause": settlement.cause or None,
            "remedy": settlement.remedy or None,
            "code": settlement.code,
            "detail": settlement.detail,
            "waiting_for": settlement.waiting_for,
            "next_look_at": in_utc(settlement.next_look_at),
        }
    if as_json:
        print_json(shown)
    else:
        outcome = click.style(settlement.outcome.value, fg=COLOURS[settlement.outcome])
        click.echo(f"{kind} {shown['label'] or key.record_id}: {outcome}")
        for text in (settlement.cause, settlement.detail, settlement.remedy):
            if text:
                click.echo(f"  {text}")
    sys.exit(0 if settlement.outcome in _WELL else 1)
