"""`settings`: what an admin chose for a connection."""

import difflib
import zoneinfo
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from typing import Any

import click

from consumer.mapping.names import DEFAULT_ITEM_NAME, item_key
from consumer.references import TAX_CODE
from consumer.wiring import Wiring
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened, reading
from invoiced_quickbooks.shown import for_people, print_json
from shared.connect import DEFAULT_TIME_ZONE
from shared.db import connections, records
from shared.db.models import Connection
from shared.errors import NotFoundError, RejectedError
from shared.messages import Kind
from shared.settings import Settings, settings_from_document

# What each id names in QuickBooks.
_ENTITIES = {
    "income_account": "Account",
    "discount_account": "Account",
    "bad_debt_account": "Account",
    "deposit_account": "Account",
    "tax_code": "TaxCode",
    "default_item": "Item",
}
# What would have been created in place of the setting; records that wait for it go on with the setting.
_STANDS_FOR = {
    "income_account": "account:income",
    "discount_account": "account:discount",
    "bad_debt_account": "account:bad_debt",
    "tax_code": f"tax-code:{TAX_CODE}",
    "default_item": f"item:{item_key(DEFAULT_ITEM_NAME)}",
}
_CREATED_ON_FIRST_USE = (Kind.ITEM, Kind.ACCOUNT, Kind.TAX_CODE)
# A DocNumber has 21 characters; more than this would leave too few for the number itself.
_LONGEST_PREFIX = 10

NAMES = (*(field.name for field in fields(Settings)), "time_zone", "start_date")


@click.group()
def settings() -> None:
    """Show or change what a connection posts, and how."""


@settings.command("show")
@as_json
@of_connection
def show(as_json: bool, connection_id: str | None) -> None:
    """Show every setting."""
    with opened() as wiring, reading(wiring) as session:
        values = _values(chosen_connection(session, connection_id))
    if as_json:
        print_json(values)
        return
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name.ljust(width)}  {_for_people(name, value)}")


@settings.command("set")
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("value", metavar="VALUE")
@as_json
@of_connection
def set_(name: str, value: str, as_json: bool, connection_id: str | None) -> None:
    """Set NAME to VALUE; an empty value brings the default back. `settings show` lists the names.

    Accounts, tax code and item are named by their ids in QuickBooks. A change applies to what is first posted
    from now on; what stands in QuickBooks stays as it is. Records that could not be posted for want of the
    account, code or item are tried again.
    """
    with opened() as wiring:
        with reading(wiring) as session:
            row = chosen_connection(session, connection_id)
        wanted = _parsed(name, value.strip())
        called = _called(wiring, row.id, name, wanted) if name in _ENTITIES and wanted else None
        with wiring.sessions.begin() as session:
            row = connections.get_locked(session, row.id)
            if name in ("time_zone", "start_date"):
                setattr(row, name, wanted)
            else:
                changed = replace(settings_from_document(row.settings), **{name: wanted})
                connections.save_settings(session, row.id, changed)
            if name in _ENTITIES:
                records.release_failed(session, row.id, wiring.now(), kinds=_CREATED_ON_FIRST_USE)
            if name in _STANDS_FOR:
                records.release_waiting(session, row.id, _STANDS_FOR[name], wiring.now())
            values = _values(row)
    if as_json:
        print_json(values)
    else:
        click.echo(f"{name} is now {_for_people(name, values[name])}{f' ({called})' if called else ''}.")


def _values(row: Connection) -> dict[str, Any]:
    return {
        **vars(settings_from_document(row.settings)),
        "time_zone": row.time_zone,
        "start_date": row.start_date,
    }


def _for_people(name: str, value: Any) -> str:
    if value is not None:
        return for_people(value) if value != "" else "(empty)"
    if name == "start_date":
        return "none: everything is synced"
    if name == "deposit_account":
        return "Undeposited Funds, as QuickBooks does by itself"
    return "none: created on first use"


def _parsed(name: str, text: str) -> Any:
    """Return the value that a text stands for.

    Raises:
        RejectedError: it makes no sense; says what would.
    """
    if name in _ENTITIES:
        return _id(name, text) if text else None
    return _PARSERS[name](text)


def _number_prefix(text: str) -> str:
    if len(text) > _LONGEST_PREFIX or not text.isprintable():
        raise RejectedError(
            f"A number prefix of {len(text)} characters does not leave enough of QuickBooks' 21 for the number.",
            remedy=f"Give {_LONGEST_PREFIX} printable characters at most.",
        )
    return text or Settings.number_prefix


def _flag(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0" | "":
            return False
    raise RejectedError(f"{text!r} is neither true nor false.", remedy="Give true or false.")


def _time_zone(text: str) -> str:
    known = zoneinfo.available_timezones()
    zone = text or DEFAULT_TIME_ZONE
    if zone not in known:
        by_city = {name.rpartition("/")[2].casefold(): name for name in sorted(known)}
        wanted = zone.rpartition("/")[2].casefold().replace(" ", "_")
        close = difflib.get_close_matches(wanted, by_city, n=1)
        example = by_city[close[0]] if close else "America/New_York"
        raise RejectedError(f"{zone!r} is not a time zone.", remedy=f"Name one such as {example} (tz database).")
    return zone


def _start_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RejectedError(f"{text!r} is not a date.", remedy="Give a date such as 2026-01-31.") from error


_PARSERS: dict[str, Callable[[str], Any]] = {
    "number_prefix": _number_prefix,
    "deactivate_customers": _flag,
    "time_zone": _time_zone,
    "start_date": _start_date,
}


def _id(name: str, text: str) -> str:
    if not (text.isascii() and text.replace("-", "").replace("_", "").isalnum() and len(text) <= 40):
        raise RejectedError(
            f"{text!r} is no id of QuickBooks.",
            remedy=f"Give the id that QuickBooks shows in the address of the {_ENTITIES[name]}, a number.",
        )
    return text


def _called(wiring: Wiring, connection_id: str, name: str, object_id: str) -> str:
    """Return how QuickBooks calls what was chosen: one read.

    Raises:
        RejectedError: there is no such thing, or it is inactive.
        SyncError: QuickBooks refused or did not answer; nothing is changed then.
    """
    entity = _ENTITIES[name]
    try:
        found = wiring.quickbooks(connection_id).read(entity, object_id)
    except NotFoundError as error:
        raise RejectedError(
            f"QuickBooks has no {entity} {object_id}.",
            remedy="Look its id up in QuickBooks: it stands in the page's address.",
            code=error.code,
            detail=error.detail,
        ) from error
    shown = str(found.get("FullyQualifiedName") or found.get("Name") or object_id)
    if found.get("Active") is False:
        raise RejectedError(
            f"{entity} {object_id} ({shown}) is inactive in QuickBooks.",
            remedy="Make it active there, or choose another.",
        )
    return shown
