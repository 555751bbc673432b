"""Which records a command is for: some by kind and id, those of a cause, or all that need attention."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from invoiced_quickbooks.records import find_record
from shared.db import records
from shared.db.record_actions import Selection
from shared.db.records import RecordKey
from shared.errors import NotFoundError, RejectedError
from shared.messages import Kind

# What the audit trail and the history call whoever types.
COMMAND_LINE = "command line"

_Command = TypeVar("_Command", bound=Callable[..., Any])


def of_selection(command: _Command) -> _Command:
    """Add `KIND ID…`, `--cause` and `--all`."""
    for decorate in (
        click.option("--all", "is_all", is_flag=True, help="All records that need attention."),
        click.option("--cause", "cause_group", metavar="KEY", help="All of one cause, as `attention` names it."),
        click.argument("record_ids", nargs=-1, metavar="[ID]..."),
        click.argument(
            "kind", type=click.Choice([kind.value for kind in Kind]), metavar="[KIND]", required=False, default=None
        ),
    ):
        command = decorate(command)
    return command


def selection_of(
    session: Session,
    connection_id: str,
    kind: str | None,
    record_ids: tuple[str, ...],
    cause_group: str | None,
    *,
    is_all: bool,
) -> Selection:
    """Return what is meant.

    Raises:
        RejectedError: nothing is named, or more than one of the ways to name it is used.
        NotFoundError: nobody has heard of a record.
    """
    ways = [kind is not None, cause_group is not None, is_all]
    if sum(ways) != 1 or (kind is not None and not record_ids):
        raise RejectedError(
            "It is not clear which records are meant.",
            remedy="Name them by KIND and ID, or give --cause KEY, or --all.",
        )
    if kind is None:
        return Selection(cause_group=cause_group)
    return Selection(known_records(session, connection_id, Kind(kind), record_ids))


def known_records(
    session: Session, connection_id: str, kind: Kind, record_ids: tuple[str, ...]
) -> tuple[RecordKey, ...]:
    """Return the keys of records by id or number.

    Raises:
        NotFoundError: nobody has heard of one of them.
    """
    keys = tuple(find_record(session, connection_id, kind, record_id) for record_id in record_ids)
    for key in keys:
        if records.find(session, key) is None:
            raise NotFoundError(
                f"Nothing is known of {kind.value} {key.record_id}.", remedy="`records` lists what is known."
            )
    return keys
