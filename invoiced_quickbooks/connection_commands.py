"""`connection`: add, list, show, remove, refresh, reconnect, disconnect, and the key of the Invoiced account."""

import sys
from datetime import datetime
from typing import Any

import click

from administration import other_company
from administration.connect import (
    NewConnection,
    OtherCompanyError,
    add_connection,
    clear_removed,
    disconnect,
    give_invoiced_key,
    give_webhook_secret,
    propose_start,
    quickbooks_webhook_url,
    reconnect,
    webhook_url,
)
from administration.setting_values import DEFAULT_TIME_ZONE
from consumer.wiring import Wiring
from invoiced_quickbooks.look import look_now
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.selections import COMMAND_LINE
from invoiced_quickbooks.shown import in_utc, print_fields, print_json
from shared.db import audit, connections
from shared.db.connection_health import health_of
from shared.db.models import Connection
from shared.db.records import RecordKey
from shared.messages import PREFERENCES_ID, Kind
from shared.outcomes import SETTLED_WELL, Outcome
from shared.settings import settings_from_document


@click.group()
def connection() -> None:
    """Pair an Invoiced account with a QuickBooks company."""


@connection.command()
@click.option("--name", metavar="NAME", help="What to call it; by default the company's name in QuickBooks.")
@click.option(
    "--invoiced-api-key", required=True, metavar="KEY", envvar="INVOICED_API_KEY", show_envvar=True,
    help="API key of the Invoiced account.",
)  # fmt: skip
@click.option(
    "--invoiced-webhook-secret", required=True, metavar="SECRET", envvar="INVOICED_WEBHOOK_SECRET",
    show_envvar=True, help="The secret under which Invoiced signs its webhooks.",
)  # fmt: skip
@click.option("--realm-id", required=True, metavar="ID", help="The company's id in QuickBooks.")
@click.option(
    "--refresh-token", required=True, metavar="TOKEN", envvar="QUICKBOOKS_REFRESH_TOKEN", show_envvar=True,
    help="The refresh token that Intuit gave for the company.",
)  # fmt: skip
@click.option(
    "--time-zone", metavar="ZONE", help=f"Of the Invoiced account, as America/New_York; else {DEFAULT_TIME_ZONE}."
)
@click.option(
    "--start-date",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Invoices dated earlier are left alone; without it, all are synced.",
)
@as_json
def add(
    name: str | None,
    invoiced_api_key: str,
    invoiced_webhook_secret: str,
    realm_id: str,
    refresh_token: str,
    time_zone: str | None,
    start_date: datetime | None,
    as_json: bool,
) -> None:
    """Connect an Invoiced account with a QuickBooks company.

    Secrets may come from the environment instead, so that no process list shows them.
    """
    new = NewConnection(
        name=name,
        invoiced_api_key=_not_blank("--invoiced-api-key", invoiced_api_key),
        invoiced_webhook_secret=_not_blank("--invoiced-webhook-secret", invoiced_webhook_secret),
        realm_id=_realm_id("--realm-id", realm_id),
        refresh_token=_not_blank("--refresh-token", refresh_token),
        time_zone=time_zone or DEFAULT_TIME_ZONE,
        start_date=start_date.date() if start_date else None,
    )
    with opened() as wiring:
        row = add_connection(wiring, new, say=_say)
        _note(wiring, row.id, "Connected QuickBooks")
        shown = _summary(wiring, row)
        proposed = propose_start(row) if start_date is None else None
        minutes = wiring.config.sweep_every_minutes
    if as_json:
        print_json(shown | {"proposed_start_date": proposed})
    else:
        click.echo(f"Connected {row.name} ({shown['company']}) as {row.id}.")
        click.echo(f"Enter this address in Invoiced, with the webhook secret: {shown['webhook_url']}")
        click.echo(f"Enter this one in the Intuit app:                        {shown['quickbooks_webhook_url']}")
    if time_zone is None:
        _say(
            f"No --time-zone was given: dates are reckoned in {DEFAULT_TIME_ZONE}. Before the first sync, set that of"
            " the Invoiced account: invoiced-quickbooks settings set time_zone America/New_York"
        )
    if start_date is None:
        _say(
            f"No --start-date was given: the first sweep, {minutes} minutes from now, posts every invoice that there is"
            " in Invoiced. How many is not known here: invoiced-quickbooks preflight --first-look counts them."
        )
        _say(
            f"The books of {shown['company']} are closed, and take nothing dated before {proposed}. To leave earlier"
            f" invoices alone: invoiced-quickbooks settings set start_date {proposed}"
            if proposed
            else "To leave earlier invoices alone: invoiced-quickbooks settings set start_date 2026-01-01"
        )


@connection.command("list")
@as_json
@of_connection
def list_(as_json: bool, connection_id: str | None) -> None:
    """List the connections."""
    with opened() as wiring:
        with wiring.sessions() as session:
            if connection_id is None:
                rows = connections.list_all(session)
            else:
                rows = [chosen_connection(session, connection_id)]
        shown = [_summary(wiring, row) for row in rows]
    if as_json:
        print_json(shown)
    elif not shown:
        click.echo("There is no connection yet. Make one with `invoiced-quickbooks connection add`.")
    for fields in [] if as_json else shown:
        click.echo(f"{fields['id']}  {fields['state']}  {fields['name']} (QuickBooks company {fields['realm_id']})")


@connection.command()
@as_json
@of_connection
def show(as_json: bool, connection_id: str | None) -> None:
    """Show a connection: state, company, settings, webhook addresses; never a secret."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
            health = health_of(session, row.id, row.realm_id, wiring.now())
        shown = _summary(wiring, row) | _details(row) | {"health": vars(health) | _last_heard_of(row)}
    if as_json:
        print_json(shown)
    else:
        print_fields(shown)


@connection.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@of_connection
def remove(yes: bool, as_json: bool, connection_id: str | None) -> None:
    """Forget a connection with its records and links. What stands in QuickBooks and Invoiced stays."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Forget {row.name} ({row.id}) and all that is known of its records?", abort=True, err=True)
        with wiring.sessions.begin() as session:
            connections.remove(session, row.id)
        clear_removed(wiring.sessions, row.id)
    if as_json:
        print_json({"removed": row.id})
    else:
        click.echo(f"Removed {row.name} ({row.id}). Take its webhook out of Invoiced as well.")


@connection.command()
@as_json
@of_connection
def refresh(as_json: bool, connection_id: str | None) -> None:
    """Read the company's preferences anew, and let go on what they had stopped."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        key = RecordKey(row.id, Kind.QUICKBOOKS_PREFERENCES, PREFERENCES_ID)
        settlement = look_now(wiring, key, _say)
        with wiring.sessions() as session:
            preferences = connections.get(session, row.id).preferences
    if as_json:
        print_json({"outcome": settlement.outcome.value, "cause": settlement.cause or None, "preferences": preferences})
    elif settlement.outcome in SETTLED_WELL:
        news = "have changed" if settlement.outcome is Outcome.SYNCED else "are as they were"
        click.echo(f"The preferences of {row.name} {news}:")
        print_fields(preferences, indent=2)
    else:
        click.echo(f"{settlement.outcome.value}: {settlement.cause} {settlement.remedy}", err=True)
    sys.exit(0 if settlement.outcome in SETTLED_WELL else 1)


@connection.command("reconnect")
@click.option(
    "--refresh-token", required=True, metavar="TOKEN", envvar="QUICKBOOKS_REFRESH_TOKEN", show_envvar=True,
    help="The refresh token that Intuit gave when the company was connected again.",
)  # fmt: skip
@click.option("--realm-id", metavar="ID", help="The company that the token is for; by default the connection's own.")
@click.option("--move-to", metavar="ID", help="Confirm that the connection goes on with this other company.")
@as_json
@of_connection
def reconnect_command(
    refresh_token: str, realm_id: str | None, move_to: str | None, as_json: bool, connection_id: str | None
) -> None:
    """Give a connection a new refresh token; records that waited for it go on.

    A token for another company is refused, and it is said what a move would do to links, records and settings.
    `--move-to` with that company's id, after `connection disconnect`, carries it out.
    """
    token = _not_blank("--refresh-token", refresh_token)
    wanted = _realm_id("--move-to", move_to) if move_to is not None else None
    if realm_id is not None and wanted not in (None, _realm_id("--realm-id", realm_id)):
        raise click.BadParameter("it names another company than --realm-id.", param_hint="--move-to")
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        realm = wanted or (_realm_id("--realm-id", realm_id) if realm_id is not None else row.realm_id)
        if realm == row.realm_id:
            reconnect(wiring, row.id, token)
            _note(wiring, row.id, "Reconnected")
            done = f"{row.name} is connected again; what waited for it goes on."
        else:
            _tell_of_move(wiring, row, realm, is_confirmed=wanted is not None)
            moved = other_company.move(wiring, row.id, token, realm, COMMAND_LINE)
            done = (
                f"Moved to {moved.name}. Nothing is posted there before `sweep start`; `preflight --first-look` counts"
                " what would be."
            )
        with wiring.sessions() as session:
            shown = _summary(wiring, connections.get(session, row.id))
    if as_json:
        print_json(shown)
    else:
        click.echo(done)


def _tell_of_move(wiring: Wiring, row: Connection, realm_id: str, *, is_confirmed: bool) -> None:
    """Say what a move to another company does.

    Raises:
        OtherCompanyError: nobody has confirmed it.
    """
    with wiring.sessions() as session:
        happens = other_company.leaving(session, row.id).in_words(row.realm_id, realm_id)
    for sentence in happens:
        _say(f"- {sentence}")
    if not is_confirmed:
        first = "" if row.state != connections.CONNECTED else "`connection disconnect` first; then "
        raise OtherCompanyError(
            f"{row.name} is QuickBooks company {row.realm_id}, not {realm_id}. Nothing was changed.",
            remedy=f"Give a token of {row.name}. To go on with the other company, {first}add --move-to {realm_id}.",
        )


@connection.command("disconnect")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@of_connection
def disconnect_command(yes: bool, as_json: bool, connection_id: str | None) -> None:
    """Give the authorization back at Intuit and stop the sync. History and links are kept; what changes waits."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Disconnect {row.name} ({row.id}) from QuickBooks?", abort=True, err=True)
        _note(wiring, row.id, "Disconnected QuickBooks")
        disconnect(wiring, row.id)
        with wiring.sessions() as session:
            shown = _summary(wiring, connections.get(session, row.id))
    if as_json:
        print_json(shown)
    else:
        click.echo(f"{row.name} is disconnected. `connection reconnect` lets go on what waits for it.")


@connection.command()
@click.option(
    "--invoiced-api-key", required=True, metavar="KEY", envvar="INVOICED_API_KEY", show_envvar=True,
    help="The new API key of the Invoiced account.",
)  # fmt: skip
@as_json
@of_connection
def key(invoiced_api_key: str, as_json: bool, connection_id: str | None) -> None:
    """Give a connection another API key of its Invoiced account; it is tried before it is stored."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        give_invoiced_key(wiring, row.id, _not_blank("--invoiced-api-key", invoiced_api_key))
        _note(wiring, row.id, "API key of Invoiced")
        with wiring.sessions() as session:
            shown = _summary(wiring, connections.get(session, row.id))
    if as_json:
        print_json(shown)
    else:
        click.echo(f"Invoiced takes the key. What waited for it goes on in {row.name}.")


@connection.command()
@as_json
@of_connection
def webhook(as_json: bool, connection_id: str | None) -> None:
    """Show the address and the secret to enter in Invoiced, under Settings, Developers, Webhooks."""
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        shown = {
            "webhook_url": webhook_url(wiring, row.id),
            "webhook_secret": connections.webhook_secret(row, wiring.vault),
        }
    if as_json:
        print_json(shown)
    else:
        print_fields(shown)


@connection.command("webhook-secret")
@click.option(
    "--invoiced-webhook-secret", required=True, metavar="SECRET", envvar="INVOICED_WEBHOOK_SECRET",
    show_envvar=True, help="The secret that Invoiced shows for its webhooks.",
)  # fmt: skip
@as_json
@of_connection
def webhook_secret(invoiced_webhook_secret: str, as_json: bool, connection_id: str | None) -> None:
    """Give a connection another secret under which Invoiced signs its webhooks; good within ten seconds."""
    secret = _not_blank("--invoiced-webhook-secret", invoiced_webhook_secret)
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        give_webhook_secret(wiring, row.id, secret)
        _note(wiring, row.id, "Webhook secret of Invoiced")
        shown = _summary(wiring, row)
    if as_json:
        print_json(shown)
    else:
        click.echo(f"Webhooks of {row.name} that are signed with this secret are taken.")


def _note(wiring: Wiring, connection_id: str, what: str) -> None:
    with wiring.sessions.begin() as session:
        audit.note(session, connection_id, COMMAND_LINE, what, wiring.now())


def _say(text: str) -> None:
    click.echo(text, err=True)


def _summary(wiring: Wiring, row: Connection) -> dict[str, Any]:
    preferences = row.preferences
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state if preferences else "being set up",
        "realm_id": row.realm_id,
        "environment": wiring.config.quickbooks_environment,
        "company": preferences.get("company_name"),
        "country": preferences.get("country"),
        "home_currency": preferences.get("home_currency"),
        "time_zone": row.time_zone,
        "start_date": row.start_date,
        "started_at": in_utc(row.started_at),
        "has_invoiced_key": connections.has_invoiced_key(row, wiring.vault),
        "webhook_url": webhook_url(wiring, row.id),
        "quickbooks_webhook_url": quickbooks_webhook_url(wiring),
    }


def _last_heard_of(row: Connection) -> dict[str, Any]:
    return {
        "invoiced_webhook_at": in_utc(row.invoiced_webhook_at),
        "quickbooks_webhook_at": in_utc(row.quickbooks_webhook_at),
        "last_write_at": in_utc(row.last_write_at),
        "authorization_ends_at": in_utc(row.refresh_token_hard_expires_at),
    }


def _details(row: Connection) -> dict[str, Any]:
    return {
        "created_at": in_utc(row.created_at),
        "refresh_token_expires_at": in_utc(row.refresh_token_expires_at),
        "preferences_read_at": in_utc(row.preferences_read_at),
        "preferences": row.preferences,
        "settings": vars(settings_from_document(row.settings)),
    }


def _not_blank(option: str, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty.", param_hint=option)
    return value.strip()


def _realm_id(option: str, text: str) -> str:
    if not (text.strip().isascii() and text.strip().isdecimal() and len(text.strip()) <= 40):
        raise click.BadParameter("the company's id in QuickBooks is a number of about 16 digits.", param_hint=option)
    return text.strip()
