"""`invoiced-quickbooks`: the root of all commands, and the one place where their errors are shown."""

import sys
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from invoiced_quickbooks.audit_command import show_audit
from invoiced_quickbooks.connection_commands import connection
from invoiced_quickbooks.customer_commands import customers
from invoiced_quickbooks.preflight_command import preflight
from invoiced_quickbooks.record_command import show_record
from invoiced_quickbooks.records_commands import (
    export,
    ignore,
    list_records,
    resync,
    retry,
    show_attention,
    unignore,
)
from invoiced_quickbooks.running_commands import demo, migrate, start
from invoiced_quickbooks.settings_commands import settings
from invoiced_quickbooks.status_command import status
from invoiced_quickbooks.supervisor import BrokenError
from invoiced_quickbooks.sweep_commands import sweep
from invoiced_quickbooks.sync_command import sync
from invoiced_quickbooks.user_commands import user
from shared.config import ConfigError
from shared.errors import SyncError


class Failure(click.ClickException):
    """Ends a command with exit status 1 and plain lines on stderr."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))

    def show(self, file: Any = None) -> None:
        """Print the lines as they are; click would put `Error:` before the first."""
        click.echo(self.message, file=file or sys.stderr)


class Commands(click.Group):
    """Lets every command raise what it meets, and says it in a person's words."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise Failure(error.problems) from error
        except SyncError as error:
            raise Failure(_lines_of(error)) from error
        except BrokenError as error:
            raise Failure([str(error)]) from error
        except SQLAlchemyError as error:
            raise Failure(_lines_of_database(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="invoiced-quickbooks")
def main() -> None:
    """Keep QuickBooks Online in step with Invoiced.

    The environment says which database, broker and credentials; beside `make run` nothing needs to be set.
    """


def _lines_of(error: SyncError) -> list[str]:
    lines = [error.cause]
    if error.detail:
        lines.append(f"Detail: {f'{error.code}, ' if error.code else ''}{error.detail}")
    if error.remedy:
        lines.append(f"What to do: {error.remedy}")
    return lines


def _lines_of_database(error: SQLAlchemyError) -> list[str]:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    return [
        f"The database cannot be used: {first_line}",
        "What to do: check DATABASE_URL; a new database needs `invoiced-quickbooks migrate` first.",
    ]


for command in (
    connection,
    settings,
    preflight,
    user,
    sweep,
    sync,
    status,
    show_record,
    list_records,
    show_attention,
    retry,
    ignore,
    unignore,
    resync,
    customers,
    export,
    show_audit,
    migrate,
    start,
    demo,
):
    main.add_command(command)
