"""`settings`: what an admin chose for a connection, what may be chosen, and posting again under it."""

from typing import Any

import click

from administration import repost
from administration.change_settings import change, values_of
from administration.quickbooks_lists import find_lists
from administration.setting_values import DEFAULTS, LISTED, NAMES, in_words
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.selections import COMMAND_LINE, Meant, named_or_found
from invoiced_quickbooks.shown import print_json
from shared.db import connections
from shared.db.records import RecordKey
from shared.errors import NotFoundError


@click.group()
def settings() -> None:
    """Show or change what a connection posts, and how."""


@settings.command("show")
@as_json
@of_connection
def show(as_json: bool, connection_id: str | None) -> None:
    """Show every setting."""
    with opened() as wiring, wiring.sessions() as session:
        values = values_of(chosen_connection(session, connection_id))
    if as_json:
        print_json(values)
        return
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name.ljust(width)}  {in_words(name, value) or '(empty)'}")


@settings.command("set")
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("value", metavar="VALUE")
@as_json
@of_connection
def set_(name: str, value: str, as_json: bool, connection_id: str | None) -> None:
    """Set NAME to VALUE; an empty value brings the default back. `settings show` lists the names.

    Accounts, tax code and item are named by their ids in QuickBooks (`settings choices`). A change applies to what is
    first posted from now on; what stands in QuickBooks stays as it is (`settings repost`). Records that the former
    value had kept back are tried again.
    """
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        changes = change(wiring, row.id, {name: value}, COMMAND_LINE)
        with wiring.sessions() as session:
            values = values_of(connections.get(session, row.id))
    if as_json:
        print_json(values)
    else:
        after = changes[0].after if changes else in_words(name, values[name])
        click.echo(f"{name} is {'now' if changes else 'still'} {after or '(empty)'}.")


@settings.command("choices")
@click.argument("name", type=click.Choice(tuple(LISTED)), metavar="[NAME]", required=False, default=None)
@as_json
@of_connection
def choices(name: str | None, as_json: bool, connection_id: str | None) -> None:
    """List what of QuickBooks a setting may name, by id and name; read from QuickBooks now."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        lists = find_lists(wiring, row.id, again=True)
    found = {one: of_one for one, of_one in lists.choices.items() if name in (None, one)}
    if as_json:
        print_json({one: [vars(choice) for choice in of_one] for one, of_one in found.items()})
        return
    for one, of_one in found.items():
        click.echo(click.style(one, bold=True) + f"  (default: {DEFAULTS[one]})")
        for choice in of_one:
            told = ", ".join(text for text in (choice.type, choice.currency) if text)
            click.echo(f"  {choice.id.rjust(6)}  {choice.name}" + (f"  ({told})" if told else ""))


@settings.command("repost")
@named_or_found(repost.KINDS)
@as_json
@of_connection
def repost_(meant: Meant, as_json: bool, connection_id: str | None) -> None:
    """Post invoices or payments again under today's settings: prefix, accounts, code, item, time zone.

    They are named by KIND and ID, or all are meant that a search finds: their number is told, and asked about.
    """
    accepted: list[RecordKey] = []
    refused: list[repost.Refused] = []
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            if meant.kind:
                keys, unknown = repost.find_named(session, row.id, meant.kind, meant.record_ids)
                if unknown:
                    raise NotFoundError(
                        f"Nothing is known of {meant.kind.value} {', '.join(unknown)}.",
                        remedy="`records` lists what is known.",
                    )
            else:
                keys = repost.find_matching(session, row.id, meant.search)
        if not meant.kind:
            meant.confirm(len(keys), "have them posted again")
        for start in range(0, len(keys), repost.AT_ONCE):
            with wiring.sessions.begin() as session:
                part = keys[start : start + repost.AT_ONCE]
                done, left = repost.repost(session, row.id, part, COMMAND_LINE, wiring.now())
            accepted += done
            refused += left
    if as_json:
        document: dict[str, Any] = {
            "reposted": [_document(key) for key in accepted],
            "refused": [_document(one.key) | {"reason": one.reason} for one in refused],
        }
        print_json(document)
        return
    click.echo(f"{len(accepted)} to be posted again.")
    for one in refused:
        click.echo(f"{one.key.name} is left as it stands: {one.reason}")


def _document(key: RecordKey) -> dict[str, str]:
    return {"kind": key.kind.value, "id": key.record_id}
