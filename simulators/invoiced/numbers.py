"""Generated numbers of customers and documents: CUST-0001, INV-0001, CN-0001."""

from simulators.invoiced.account import Account, Kind


def free_number(account: Account, kind: Kind, prefix: str) -> str:
    """Return the next number of that kind which nobody gave by hand."""
    while True:
        number = f"{prefix}-{account.company.next_number(f'{kind} number'):04d}"
        if not account.company.find(kind, "number", number):
            return number
