"""The options that commands share, and what they open: the configuration and everything built from it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from consumer.wiring import Wiring
from shared.config import Config
from shared.db import connections
from shared.db.connections import UnknownConnectionError
from shared.db.models import Connection
from shared.errors import RejectedError
from shared.log import configure_logging

_Command = TypeVar("_Command", bound=Callable[..., Any])


def as_json(command: _Command) -> _Command:
    """Add `--json`, given to the command as `as_json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
    return option(command)


def of_connection(command: _Command) -> _Command:
    """Add `--connection`, given to the command as `connection_id`."""
    option = click.option(
        "--connection",
        "connection_id",
        metavar="ID",
        help="Which connection is meant; may be left out where there is only one.",
    )
    return option(command)


@contextmanager
def opened() -> Iterator[Wiring]:
    """Give what a command needs, built from the environment.

    Of the log only errors are shown, on stderr: what else there is to tell, the command says itself.

    Raises:
        ConfigError: the environment is incomplete or wrong.
    """
    config = Config.from_env(beside_demo=True)
    configure_logging(config.log_format, logging.ERROR)
    wiring = Wiring(config)
    try:
        yield wiring
    finally:
        wiring.close()


def chosen_connection(session: Session, connection_id: str | None) -> Connection:
    """Return the connection that is meant: the one named, or the only one there is.

    Raises:
        UnknownConnectionError: there is none of that id.
        RejectedError: there is none yet, or there are several and none is named.
    """
    rows = connections.list_all(session)
    if connection_id is not None:
        for row in rows:
            if row.id == connection_id:
                return row
        raise UnknownConnectionError(f"There is no connection {connection_id!r}.", remedy=_choices(rows))
    if len(rows) != 1:
        cause = "There are several connections." if rows else "There is no connection yet."
        raise RejectedError(cause, remedy=_choices(rows))
    return rows[0]


def _choices(rows: list[Connection]) -> str:
    if not rows:
        return "Make one with `invoiced-quickbooks connection add`."
    named = ", ".join(f"{row.id} ({row.name})" for row in rows)
    return f"Name one with --connection ID: {named}."
