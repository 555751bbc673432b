"""Both vendors as processes of their own, with a company for each test."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.e2e.process import Process
from tests.flows.company import InvoicedAccount, QuickBooksCompany
from tests.patience import PATIENCE_S
from tests.receiver_setup import REPOSITORY

COMPANIES = 80


@dataclass
class Company:
    """One Invoiced account and the QBO company that it is connected with."""

    invoiced: InvoicedAccount
    quickbooks: QuickBooksCompany
    api_key: str
    connection_id: str = ""
    webhook_url: str = ""

    def forget_calls(self) -> None:
        for vendor in (self.invoiced, self.quickbooks):
            vendor.call("DELETE", "/_simulator/requests")

    def calls_to_invoiced(self, method: str, path: str) -> int:
        rows = self.invoiced.call("GET", "/_simulator/requests")
        return sum((row["method"], row["path"]) == (method, path) for row in rows)

    def calls_to_quickbooks(self, operation: str, entity: str | None = None) -> int:
        """Return how many calls of that kind came in; token calls are of all companies."""
        rows = self.quickbooks.call("GET", "/_simulator/requests")
        return sum((row["operation"], row["entity"]) == (operation, entity) for row in rows)

    def list_all(self, plural: str, **params: str) -> list[dict[str, Any]]:
        """Return every object of a kind from Invoiced's API, page by page."""
        found: list[dict[str, Any]] = []
        page = 1
        while rows := self.invoiced.call("GET", f"/{plural}", per_page="100", page=str(page), **params):
            found += rows
            page += 1
        return found

    def heal(self) -> None:
        self.invoiced.heal()
        self.quickbooks.heal()

    def close(self) -> None:
        self.invoiced.http.close()
        self.quickbooks.http.close()


@dataclass
class Simulators:
    """Both simulators. Every company is given out once."""

    invoiced_url: str
    quickbooks_url: str
    variables: dict[str, str]
    _api_keys: list[str]
    _realm_ids: list[str]
    _given_out: list[Company] = field(default_factory=list)

    def company(self) -> Company:
        """Return a company that nobody has used yet; both systems are empty."""
        number = len(self._given_out)
        api_key = self._api_keys[number]
        quickbooks = QuickBooksCompany(self.quickbooks_url)
        quickbooks.realm_id = self._realm_ids[number]
        company = Company(InvoicedAccount(self.invoiced_url, (api_key, "")), quickbooks, api_key)
        self._given_out.append(company)
        return company

    def refresh_token(self, company: Company) -> str:
        """Return the refresh token of the company that is valid now."""
        credentials = company.quickbooks.call("GET", "/_simulator/credentials")
        tokens = {row["realm_id"]: row["refresh_token"] for row in credentials["companies"]}
        return str(tokens[company.quickbooks.realm_id])

    def close(self) -> None:
        for company in self._given_out:
            company.close()


@contextmanager
def running(folder: Path) -> Iterator[Simulators]:
    """Start both simulators, and end them in the end."""
    quick = ("--switch", "webhook_speed=10"), ("--switch", "retry_speed=1800")
    names = ("quickbooks", "invoiced")
    processes = [
        Process(
            f"{name}-simulator",
            (sys.executable, "-m", f"simulators.{name}", "--port", "0", "--empty",
             "--companies", str(COMPANIES), *options),
            folder,
            {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)},
        )
        for name, options in zip(names, quick, strict=True)
    ]  # fmt: skip
    try:
        to_quickbooks, to_invoiced = (each.wait_for_line("listens on").split()[-1] for each in processes)
        app = requests.get(f"{to_quickbooks}/_simulator/credentials", timeout=PATIENCE_S).json()
        keys = requests.get(f"{to_invoiced}/_simulator/credentials", timeout=PATIENCE_S).json()
        simulators = Simulators(
            to_invoiced,
            to_quickbooks,
            {
                "INVOICED_API_URL": to_invoiced,
                "QUICKBOOKS_API_URL": to_quickbooks,
                "QUICKBOOKS_ENVIRONMENT": "sandbox",
                "QUICKBOOKS_DISCOVERY_URL": f"{to_quickbooks}/.well-known/openid_sandbox_configuration",
                "QUICKBOOKS_CLIENT_ID": app["client_id"],
                "QUICKBOOKS_CLIENT_SECRET": app["client_secret"],
                "QUICKBOOKS_VERIFIER_TOKEN": app["verifier_token"],
            },
            [row["api_key"] for row in keys["companies"]],
            [row["realm_id"] for row in app["companies"]],
        )
        yield simulators
        simulators.close()
    finally:
        for process in processes:
            process.kill()
