"""`preflight`: what would go wrong, and, on request, what would be posted."""

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from administration.first_look import Counted
from administration.preflight import check
from administration.preflight_facts import gather
from administration.take_first_look import SeenLook, go_on
from consumer.wiring import Wiring
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.shown import print_json
from shared.money import plain

_STEP_S = 2.0


@click.command()
@click.option("--first-look", "wants_look", is_flag=True, help="Also count what would be posted; reads all lists.")
@as_json
@of_connection
def preflight(wants_look: bool, as_json: bool, connection_id: str | None) -> None:
    """Check what in QuickBooks, Invoiced and the settings makes postings go wrong. Nothing is written."""
    counted: Counted | None = None
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        findings = check(gather(wiring, row.id).facts)
        if wants_look:
            counted = _count(wiring, row.id, as_json=as_json)
    if as_json:
        print_json({"findings": [vars(finding) for finding in findings], "first_look": counted and counted.document()})
        return
    for finding in findings:
        click.echo(click.style(f"{finding.severity.value}: {finding.title}", bold=True))
        click.echo(f"  {finding.explanation}\n  What to do: {finding.fix}")
    if counted is not None:
        _show(counted)


def _count(wiring: Wiring, connection_id: str, *, as_json: bool) -> Counted:
    """Take a first look, and show a bar for each list until its end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[read]:,} documents"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("Reading invoices", total=None, read=0)
        while True:
            step = go_on(wiring, connection_id, for_s=_STEP_S)
            if isinstance(step, SeenLook):
                return step.counted
            bar.update(
                task,
                description=f"Reading {step.plural}",
                completed=step.read_of_list,
                total=step.total,
                read=step.read,
            )


def _show(look: Counted) -> None:
    if not look.read:
        click.echo("There is nothing in Invoiced yet.")
        return
    for what, sums, skipped, stuck in (
        ("invoices", look.invoices, look.skipped_invoices, look.stuck_invoices),
        ("payments", look.payments, look.skipped_payments, look.stuck_payments),
    ):
        click.echo(click.style(f"{sum(one.count for one in sums.values())} {what} would be posted", bold=True))
        for month, one in sorted(sums.items()):
            click.echo(f"  {month}  {one.count}  {plain(one.amount, look.currency)}")
        for reason, count in sorted(skipped.items()):
            click.echo(f"  left out: {count}, {reason}")
        for reason, count in sorted(stuck.items()):
            click.echo(f"  needs a person: {count}, {reason}")
    click.echo(f"Customers to create or recognise: {look.customers_to_create}")
