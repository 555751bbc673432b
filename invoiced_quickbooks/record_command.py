"""`record`: all that is known of one record."""

from typing import Any

import click

from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened, reading
from invoiced_quickbooks.records import find_record, record_document
from invoiced_quickbooks.shown import print_fields, print_json
from shared.clients import utc_now
from shared.errors import NotFoundError
from shared.messages import Kind


@click.command("record")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]), metavar="KIND")
@click.argument("record_id", metavar="ID")
@as_json
@of_connection
def show_record(kind: str, record_id: str, as_json: bool, connection_id: str | None) -> None:
    """Show all that is known of one record: links, outcome, attempts, last request and reply.

    KIND is invoice, payment, customer, quickbooks-customer, or of the sync's own making: item, account, tax-code,
    payment-method, quickbooks-preferences. ID is Invoiced's id (QuickBooks' of a quickbooks-customer), or the
    number of the record.
    """
    with opened() as wiring, reading(wiring) as session:
        row = chosen_connection(session, connection_id)
        key = find_record(session, row.id, Kind(kind), record_id)
        document = record_document(session, key, utc_now())
        if document is None:
            raise NotFoundError(
                f"Nothing is known of {kind} {record_id} in connection {row.id} ({row.name}).",
                remedy="No event of it has arrived yet. `invoiced-quickbooks sync` fetches an invoice, a payment or a"
                " customer at once.",
            )
    if as_json:
        print_json(document)
    else:
        print_fields({**document, "links": [_without_bodies(link) for link in document["links"]]})


def _without_bodies(link: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the last request and reply mostly say again; `--json` has it."""
    return {name: value for name, value in link.items() if name not in ("written", "standing")}
