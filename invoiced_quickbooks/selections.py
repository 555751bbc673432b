"""Which records a command is for: some by kind and id, those of a cause, all that need attention, or all that a search
finds."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from invoiced_quickbooks.records import find_record
from shared.db import records
from shared.db.record_actions import Selection
from shared.db.record_list import IGNORED, NOT_LOOKED_AT, Search
from shared.db.records import RecordKey
from shared.errors import NotFoundError, RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome

# What the audit trail and the history call whoever types.
COMMAND_LINE = "command line"

_Command = TypeVar("_Command", bound=Callable[..., Any])


def of_search(kinds: Iterable[Kind] = Kind) -> Callable[[_Command], _Command]:
    """Add what records can be searched by, as on the page; given to the command as `search`."""

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def searching(
            *args: Any,
            search_text: str,
            search_kind: str | None,
            outcome: str | None,
            search_cause: str | None,
            dated_from: datetime | None,
            dated_to: datetime | None,
            **options: Any,
        ) -> Any:
            search = Search(
                search_text.strip(),
                None if search_kind is None else Kind(search_kind),
                outcome,
                search_cause,
                dated_from=dated_from.date() if dated_from else None,
                dated_to=dated_to.date() if dated_to else None,
            )
            return command(*args, search=search, **options)

        outcomes = [*(outcome.value for outcome in Outcome), NOT_LOOKED_AT, IGNORED]
        names = [kind.value for kind in kinds]
        kind_help = ", ".join(names) + "."
        day = click.DateTime(["%Y-%m-%d"])
        for option in (
            click.option("--to", "dated_to", type=day, metavar="YYYY-MM-DD", help="Documents up to this day."),
            click.option(
                "--from", "dated_from", type=day, metavar="YYYY-MM-DD", help="Documents of this day or later."
            ),
            click.option("--cause", "search_cause", metavar="KEY", help="Of one cause, as `attention` names it."),
            click.option("--outcome", type=click.Choice(outcomes), metavar="OUTCOME", help=", ".join(outcomes) + "."),
            click.option("--kind", "search_kind", type=click.Choice(names), metavar="KIND", help=kind_help),
            click.option(
                "--search", "search_text", default="", metavar="TEXT",
                help="Part of a number or a customer, or an amount.",
            ),
        ):  # fmt: skip
            searching = option(searching)
        return searching  # type: ignore[return-value]

    return decorate


@dataclass(frozen=True)
class Meant:
    """The records of `kind` that `record_ids` name; where `kind` is None, all that `search` finds."""

    kind: Kind | None
    record_ids: tuple[str, ...]
    search: Search
    is_confirmed: bool

    def confirm(self, number: int, deed: str) -> None:
        """Ask whoever sits at the terminal whether all that was found is meant.

        Raises:
            RejectedError: there is nobody to ask.
        """
        if self.is_confirmed or not number:
            return
        found = f"{number:,} {'record matches' if number == 1 else 'records match'}."
        if not sys.stdin.isatty():
            raise RejectedError(f"{found} Nothing was done.", remedy=f"Add --yes to {deed}.")
        click.confirm(f"{found} Do you want to {deed}?", abort=True, err=True)


def named_or_found(kinds: Iterable[Kind] = Kind) -> Callable[[_Command], _Command]:
    """Add `KIND ID…`, the search, and `--yes`; given to the command as `meant`.

    The command raises RejectedError where neither a name nor a search is given, or both are.
    """

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def choosing(
            *args: Any, kind: str | None, record_ids: tuple[str, ...], search: Search, yes: bool, **options: Any
        ) -> Any:
            is_named, is_searched = kind is not None and bool(record_ids), search != Search()
            if is_named is is_searched or (kind is not None and not record_ids):
                raise RejectedError(
                    "It is not clear which records are meant.",
                    remedy="Name them by KIND and ID, or search for them, as with --kind invoice --from 2026-10-01.",
                )
            meant = Meant(Kind(kind) if kind is not None else None, record_ids, search, yes)
            return command(*args, meant=meant, **options)

        names = [kind.value for kind in kinds]
        for decorator in (
            click.option("--yes", is_flag=True, help="Do not ask whether all that the search finds is meant."),
            of_search(kinds),
            click.argument("record_ids", nargs=-1, metavar="[ID]..."),
            click.argument("kind", type=click.Choice(names), metavar="[KIND]", required=False),
        ):
            choosing = decorator(choosing)
        return choosing  # type: ignore[return-value]

    return decorate


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
