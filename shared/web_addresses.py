"""Where a person opens a record in the vendors' own web pages. Pure.

Intuit's pages are addressed by `txnId` (`nameId` for a customer); its sandbox has a host of its own.
"""

from urllib.parse import urlencode, urlsplit

_QUICKBOOKS_HOSTS = {
    "quickbooks.api.intuit.com": "https://app.qbo.intuit.com",
    "sandbox-quickbooks.api.intuit.com": "https://app.sandbox.qbo.intuit.com",
}
_PAGES = {
    "Invoice": ("invoice", "txnId"),
    "Payment": ("recvpayment", "txnId"),
    "CreditMemo": ("creditmemo", "txnId"),
    "Customer": ("customerdetail", "nameId"),
}


def in_quickbooks(api_url: str, entity: str, qbo_id: str) -> str | None:
    """Return the page of an object in QuickBooks; None for what has none, and where the API is not Intuit's own."""
    host = _QUICKBOOKS_HOSTS.get(urlsplit(api_url).hostname or "")
    if host is None or entity not in _PAGES:
        return None
    page, name = _PAGES[entity]
    return f"{host}/app/{page}?{urlencode({name: qbo_id})}"
