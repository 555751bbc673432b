"""`preflight`: what would go wrong, and, on request, what would be posted."""

import click

from administration.first_look import FirstLook
from administration.preflight import check
from administration.preflight_facts import gather
from administration.take_first_look import take_first_look
from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened, reading
from invoiced_quickbooks.shown import print_json
from shared.money import plain


@click.command()
@click.option("--first-look", "wants_look", is_flag=True, help="Also count what would be posted; reads all lists.")
@as_json
@of_connection
def preflight(wants_look: bool, as_json: bool, connection_id: str | None) -> None:
    """Check what in QuickBooks, Invoiced and the settings makes postings go wrong. Nothing is written."""
    look: FirstLook | None = None
    with opened() as wiring:
        with reading(wiring) as session:
            row = chosen_connection(session, connection_id)
        findings = check(gather(wiring, row.id).facts)
        if wants_look:
            for look in take_first_look(wiring, row.id):
                if not as_json and look.read % 1000 == 0:
                    click.echo(f"{look.read} documents read …", err=True)
    if as_json:
        print_json(
            {"findings": [vars(finding) for finding in findings], "first_look": look and look.counted().document()}
        )
        return
    for finding in findings:
        click.echo(click.style(f"{finding.severity.value}: {finding.title}", bold=True))
        click.echo(f"  {finding.explanation}\n  What to do: {finding.fix}")
    if wants_look:
        _show(look)


def _show(look: FirstLook | None) -> None:
    if look is None:
        click.echo("There is nothing in Invoiced yet.")
        return
    for what, sums, skipped, stuck in (
        ("invoices", look.invoices, look.skipped_invoices, look.stuck_invoices),
        ("payments", look.payments, look.skipped_payments, look.stuck_payments),
    ):
        click.echo(click.style(f"{sum(one.count for one in sums.values())} {what} would be posted", bold=True))
        for month, one in sorted(sums.items()):
            click.echo(f"  {month}  {one.count}  {plain(one.amount)} {look.terms.home_currency}")
        for reason, count in sorted(skipped.items()):
            click.echo(f"  left out: {count}, {reason}")
        for reason, count in sorted(stuck.items()):
            click.echo(f"  needs a person: {count}, {reason}")
    click.echo(f"Customers to create or recognise: {look.customers_to_create}")
