"""Where a person opens a record in the vendors' own web pages. Pure.

Intuit's pages are addressed by `txnId` (`nameId` for a customer); its sandbox has a host of its own. Those of Invoiced
are not documented; integrations of others link to them by the API's own word for the kind and the id. Where the API is
another (the demo's simulators), the configuration may say how its pages are addressed.
"""

from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

_QUICKBOOKS_HOSTS = {
    "quickbooks.api.intuit.com": "https://app.qbo.intuit.com",
    "sandbox-quickbooks.api.intuit.com": "https://app.sandbox.qbo.intuit.com",
}
_INVOICED_HOSTS = {
    "api.invoiced.com": "https://app.invoiced.com",
    "api.sandbox.invoiced.com": "https://app.sandbox.invoiced.com",
}
_PAGES = {
    "Invoice": ("invoice", "txnId"),
    "Payment": ("recvpayment", "txnId"),
    "CreditMemo": ("creditmemo", "txnId"),
    "Customer": ("customerdetail", "nameId"),
}


class OfInvoiced(StrEnum):
    """Whatever of Invoiced has a page of its own there."""

    INVOICE = "invoices"
    PAYMENT = "payments"
    CUSTOMER = "customers"
    CREDIT_NOTE = "credit_notes"


def in_invoiced(api_url: str, kind: OfInvoiced, record_id: object, pages: str = "") -> str | None:
    """Return the page of a record in Invoiced, for its staff; None where nobody says where that is.

    `pages` is an address in which `{kind}` and `{id}` stand for what is to be opened.
    """
    if pages:
        return _filled(pages, kind=kind.value, id=str(record_id))
    host = _INVOICED_HOSTS.get(urlsplit(api_url).hostname or "")
    return None if host is None else f"{host}/{kind.value}/{quote(str(record_id), safe='')}"


def in_quickbooks(api_url: str, entity: str, qbo_id: str, realm_id: str = "", pages: str = "") -> str | None:
    """Return the page of an object in QuickBooks; None for what has none, and where nobody says where that is.

    `pages` is an address in which `{realm_id}`, `{entity}` and `{id}` stand for what is to be opened.
    """
    if entity not in _PAGES:
        return None
    if pages:
        return _filled(pages, realm_id=realm_id, entity=entity, id=qbo_id)
    host = _QUICKBOOKS_HOSTS.get(urlsplit(api_url).hostname or "")
    if host is None:
        return None
    page, name = _PAGES[entity]
    return f"{host}/app/{page}?{urlencode({name: qbo_id})}"


def _filled(pages: str, **values: str) -> str:
    for name, value in values.items():
        pages = pages.replace(f"{{{name}}}", quote(value, safe=""))
    return pages
