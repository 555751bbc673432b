"""`user`: who may log in on the page."""

import sys
from typing import IO

import click

from invoiced_quickbooks.options import as_json, opened
from invoiced_quickbooks.shown import in_utc, print_json
from shared import passwords
from shared.clients import Clients
from shared.db import users
from shared.db.users import PASSWORD_LENGTH, Role
from shared.errors import RejectedError

_password = click.option(
    "--password-file", type=click.File(), metavar="FILE",
    help="Read the password from a file (-: standard input) instead of asking for it.",
)  # fmt: skip


@click.group()
def user() -> None:
    """Say who may log in on the page."""


@user.command()
@click.argument("email")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.ADMIN.value, show_default=True,
    help="An admin may change everything, a viewer only look.",
)  # fmt: skip
@_password
@as_json
def add(email: str, role: str, password_file: IO[str] | None, as_json: bool) -> None:
    """Add a user with this e-mail, and ask for a password."""
    with opened() as wiring:
        add_user(wiring, email, Role(role), _asked(password_file))
    if as_json:
        print_json({"email": email.strip().lower(), "role": role})
    else:
        click.echo(f"{email} may log in at {wiring.config.public_url} as {role}.")


@user.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the users."""
    with opened() as wiring, wiring.sessions() as session:
        found = users.list_all(session)
        shown = [{"email": row.email, "role": row.role, "logged_in_at": row.logged_in_at} for row in found]
    if as_json:
        print_json(shown)
        return
    for row in found:
        click.echo(f"{row.email}  {row.role}  {in_utc(row.logged_in_at) if row.logged_in_at else 'never logged in'}")
    if not found:
        click.echo("There is no user yet. Make one with `invoiced-quickbooks user add`.")


@user.command()
@click.argument("email")
@_password
@as_json
def password(email: str, password_file: IO[str] | None, as_json: bool) -> None:
    """Give a user a new password; all of their sessions end."""
    given = passwords.hashed(_asked(password_file))
    with opened() as wiring, wiring.sessions.begin() as session:
        users.set_password(session, email, given)
    if as_json:
        print_json({"email": email.strip().lower()})
    else:
        click.echo(f"{email} has a new password.")


@user.command()
@click.argument("email")
@as_json
def remove(email: str, as_json: bool) -> None:
    """Remove a user; their sessions end."""
    with opened() as wiring, wiring.sessions.begin() as session:
        users.remove(session, email)
    if as_json:
        print_json({"removed": email.strip().lower()})
    else:
        click.echo(f"{email} may not log in any more.")


def add_user(clients: Clients, email: str, role: Role, password: str) -> None:
    """Add a user.

    Raises:
        RejectedError: there is one with this e-mail, or it is none.
    """
    hashed = passwords.hashed(password)
    with clients.sessions.begin() as session:
        users.add(session, email, role, hashed, clients.now())


def _asked(file: IO[str] | None) -> str:
    """Return the password, from a file or from whoever sits at the terminal; never from the command's own words,
    which others can see.

    Raises:
        RejectedError: it is too short, or there is nobody to ask.
    """
    if file is not None:
        given = file.read().rstrip("\r\n")
    elif sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise RejectedError("There is no terminal to ask for the password.", remedy="Give --password-file FILE, or -.")
    if len(given) < PASSWORD_LENGTH:
        raise RejectedError("The password is too short.", remedy=f"Give {PASSWORD_LENGTH} characters or more.")
    return str(given)
