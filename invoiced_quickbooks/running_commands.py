"""`migrate`, `start` and `demo`: what brings the product up."""

import click

from invoiced_quickbooks import demo as demo_form
from invoiced_quickbooks import starting
from invoiced_quickbooks.options import as_json
from invoiced_quickbooks.shown import print_json
from shared.config import database_url_from_env
from shared.db.migrate import migrate as migrate_database
from shared.db.session import make_engine


@click.command()
@as_json
def migrate(as_json: bool) -> None:
    """Bring the database to the newest schema; where it is there already, nothing happens.

    This takes DATABASE_URL or DATA_DIR alone, no secrets.
    """
    engine = make_engine(database_url_from_env())
    try:
        migrate_database(engine)
        where = engine.url.render_as_string(hide_password=True)
    finally:
        engine.dispose()
    if as_json:
        print_json({"database": where, "migrated": True})
    else:
        click.echo(f"The database is at the newest schema: {where}", err=True)


@click.command()
@click.option(
    "--consumers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    envvar="CONSUMERS",
    show_envvar=True,
    help="How many consumer processes.",
)
def start(consumers: int) -> None:
    """Run the product with the environment as given: migrations, then `web` and `consumer`.

    SIGINT and SIGTERM end all of it.
    """
    starting.start(consumers)


@click.command()
def demo() -> None:
    """Run everything on this machine alone, against simulators of both vendors, with live traffic.

    SIGINT and SIGTERM end all of it; the next time it goes on where it stopped.
    """
    demo_form.run()
