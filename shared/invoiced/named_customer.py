"""Finds the customer of Invoiced that a person names."""

from shared.errors import RejectedError
from shared.invoiced.client import InvoicedClient


def id_of_customer(client: InvoicedClient, text: str) -> str:
    """Return Invoiced's id of the customer with a number, or of the only one with that name.

    Raises:
        RejectedError: nobody or several are called so.
        SyncError: Invoiced refused or did not answer.
    """
    if not text:
        raise RejectedError("No customer of Invoiced was named.", remedy="Enter its number or its exact name.")
    found = client.find_customers(number=text) or client.find_customers(name=text)
    if len(found) != 1:
        cause = "There is no such customer in Invoiced." if not found else "Several customers of Invoiced have it."
        raise RejectedError(cause, remedy="Enter the number of the customer as Invoiced shows it.")
    return str(found[0].id)
