"""`customers`: customers from QuickBooks, and the choice of whom they stand for."""

import click

from invoiced_quickbooks.options import as_json, chosen_connection, of_connection, opened
from invoiced_quickbooks.selections import COMMAND_LINE
from invoiced_quickbooks.shown import print_json
from shared.choices import Answer, Choice
from shared.db import customer_choices, record_list
from shared.db.customer_choices import Counterpart
from shared.db.record_list import ListedRecord, Search
from shared.errors import RejectedError
from shared.invoiced.named_customer import id_of_customer
from shared.messages import Kind


@click.group()
def customers() -> None:
    """Customers from QuickBooks: which stand for whom, and which wait for a choice."""


@customers.command("list")
@click.option("--waiting", is_flag=True, help="Only those that wait for a choice.")
@click.option("--search", "text", default="", metavar="TEXT", help="Part of a name.")
@click.option("--after", metavar="PLACE", help="Where the page begins: `next_page` of the page before.")
@as_json
@of_connection
def list_customers(waiting: bool, text: str, after: str | None, as_json: bool, connection_id: str | None) -> None:
    """List them, the newest first."""
    search = Search(text, Kind.QUICKBOOKS_CUSTOMER, cause_group="choice" if waiting else None)
    with opened() as wiring, wiring.sessions() as session:
        row = chosen_connection(session, connection_id)
        page = record_list.find(session, row.id, search, after=after)
        found = customer_choices.counterparts(session, row.id, [record.record_id for record in page.records])
    if as_json:
        documents = [_document(record, found.get(record.record_id)) for record in page.records]
        print_json({"customers": documents, "next_page": page.next_page})
        return
    if not page.records:
        click.echo("There are none.")
    for record in page.records:
        counterpart = found.get(record.record_id)
        stands_for = (
            f"stands for {counterpart.name or ''} #{counterpart.invoiced_id}" if counterpart else record.outcome
        )
        click.echo(f"{record.record_id}  {record.label or ''}  {stands_for}")
        if record.cause and counterpart is None:
            click.echo(f"  {record.cause}")
        for candidate in (record.versions or {}).get("candidates", []):
            click.echo(f"  maybe {candidate['name']} ({candidate['number']}): --link {candidate['id']}")
    if page.next_page is not None:
        click.echo(f"There are more: --after '{page.next_page}'")


@customers.command()
@click.argument("quickbooks_id", metavar="ID")
@click.option("--link", "linked", metavar="ID", help="It stands for this customer of Invoiced.")
@click.option("--link-to", metavar="NUMBER", help="The same, by that customer's number or exact name.")
@click.option("--create", is_flag=True, help="It is a new one: create it in Invoiced.")
@click.option("--leave", is_flag=True, help="It stays in QuickBooks alone.")
@click.option("--survivor", metavar="ID", help="It was merged into this customer of QuickBooks.")
@as_json
@of_connection
def choose(
    quickbooks_id: str,
    linked: str | None,
    link_to: str | None,
    create: bool,
    leave: bool,
    survivor: str | None,
    as_json: bool,
    connection_id: str | None,
) -> None:
    """Choose what becomes of the customer of QuickBooks with this ID; the consumer acts on it in a moment."""
    if sum((linked is not None, link_to is not None, create, leave, survivor is not None)) != 1:
        raise RejectedError(
            "One choice is needed.", remedy="Give --link ID, --link-to NUMBER, --create, --leave or --survivor ID."
        )
    with opened() as wiring:
        with wiring.sessions() as session:
            row = chosen_connection(session, connection_id)
        if link_to is not None:
            linked = id_of_customer(wiring.invoiced(row.id), link_to.strip())
        if linked is not None:
            choice = Choice(Answer.LINK, linked)
        elif survivor is not None:
            choice = Choice(Answer.SURVIVOR, survivor)
        else:
            choice = Choice(Answer.CREATE if create else Answer.LEAVE)
        with wiring.sessions.begin() as session:
            customer_choices.choose(session, row.id, quickbooks_id, choice, COMMAND_LINE, wiring.now())
    if as_json:
        print_json({"quickbooks_id": quickbooks_id, "choice": str(choice)})
    else:
        click.echo(f"Customer {quickbooks_id} of QuickBooks: {choice}. It is looked at in a moment.")


def _document(record: ListedRecord, counterpart: Counterpart | None) -> dict[str, object]:
    return {
        "quickbooks_id": record.record_id,
        "name": record.label,
        "outcome": record.outcome,
        "cause": record.cause,
        "choice": record.choice,
        "candidates": (record.versions or {}).get("candidates", []),
        "invoiced": None
        if counterpart is None
        else {
            "id": counterpart.invoiced_id,
            "name": counterpart.name,
            "number": counterpart.number,
            "how": counterpart.how or None,
        },
    }
