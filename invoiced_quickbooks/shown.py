"""How commands show values: JSON alone on stdout, or lines and tables for a person."""

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import click
import msgspec
from rich.console import Console

from shared.money import encode_json
from shared.outcomes import Outcome

# What a person should look at is warm, what is well is green, what goes on by itself is blue.
COLOURS = {
    Outcome.SYNCED: "green",
    Outcome.UNCHANGED: "green",
    Outcome.SKIPPED: "white",
    Outcome.WAITING: "blue",
    Outcome.FAILED: "red",
    Outcome.MISMATCH: "yellow",
    Outcome.CHANGED_IN_QUICKBOOKS: "yellow",
}


_in_given_order = msgspec.json.Encoder(decimal_format="number")


def print_json(value: Any) -> None:
    """Print one JSON document: Decimals digit for digit, instants in ISO 8601 and UTC."""
    click.echo(msgspec.json.format(_in_given_order.encode(value), indent=2).decode())


def print_fields(fields: Mapping[str, Any], indent: int = 0) -> None:
    """Print name and value line by line; nested mappings are indented, what is unknown is left out."""
    shown = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        margin, words = " " * indent, name.replace("_", " ")
        if isinstance(value, Mapping):
            click.echo(f"{margin}{words}:")
            print_fields(value, indent + 2)
        elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
            click.echo(f"{margin}{words}:")
            for one in value:
                print_fields(one, indent + 2)
                if one is not value[-1]:
                    click.echo()
        else:
            click.echo(f"{margin}{words.ljust(width)}  {for_people(value)}")


def for_people(value: Any) -> str:
    """Return a value as a person reads it; instants in this machine's time zone."""
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        case date():
            return value.isoformat()
        case Decimal() | int() | str():
            return str(value)
        case _:
            return encode_json(value)


def in_utc(instant: datetime | None) -> datetime | None:
    """Return an instant as `print_json` shows it, in whole milliseconds."""
    if instant is None:
        return None
    instant = instant.astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def console() -> Console:
    """Return the console of this terminal; without one, wide enough for a whole line."""
    return Console() if sys.stdout.isatty() else Console(width=180, force_terminal=False)
