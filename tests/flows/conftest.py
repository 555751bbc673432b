"""Companies over both simulators, on the database of each set-up."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.invoiced.app import create_simulator as create_invoiced
from simulators.invoiced.switches import Switches as InvoicedSwitches
from simulators.quickbooks.app import create_simulator as create_quickbooks
from simulators.quickbooks.switches import Switches as QuickBooksSwitches
from simulators.server import start_in_thread
from tests.conftest import Database
from tests.flows.company import Company, InvoicedAccount, QuickBooksCompany, config_for
from tests.patience import PATIENCE_S

StartCompany = Callable[..., Company]


@pytest.fixture
def start_company(sqlite_database: Database) -> Iterator[StartCompany]:
    """Start a company with `start_company(start_date=…, settings=…, database=…, broker_url=…, invoiced_switches=…)`;
    both systems are empty."""
    running = []
    companies: list[Company] = []

    def start(
        database: Database = sqlite_database,
        broker_url: str = "embedded://",
        invoiced_switches: dict[str, Any] | None = None,
        **options: Any,
    ) -> Company:
        clock = Clock()
        options_of_both = Options(port=0, empty=True)
        for simulator in (
            create_quickbooks(options_of_both, QuickBooksSwitches(), clock),
            create_invoiced(options_of_both, InvoicedSwitches(**invoiced_switches or {}), clock),
        ):
            running.append(start_in_thread(simulator.app, on_stop=simulator.close))
        to_quickbooks, to_invoiced = (server.url for server in running[-2:])
        credentials = requests.get(f"{to_quickbooks}/_simulator/credentials", timeout=PATIENCE_S).json()
        key = requests.get(f"{to_invoiced}/_simulator/credentials", timeout=PATIENCE_S).json()["api_key"]
        quickbooks = QuickBooksCompany(to_quickbooks)
        quickbooks.realm_id = credentials["companies"][0]["realm_id"]
        company = Company(
            database.engine,
            InvoicedAccount(to_invoiced, (key, "")),
            quickbooks,
            config_for(credentials, to_quickbooks, to_invoiced, database.url, broker_url),
            credentials["companies"][0]["refresh_token"],
            **options,
        )
        companies.append(company)
        return company

    yield start
    for company in companies:
        company.close()
    for server in running:
        server.stop()


# For tests of what the two databases do in ways of their own: locks, upserts, conditions over many rows.
on_both_databases = pytest.mark.parametrize("company", ["sqlite_database", "postgresql_database"], indirect=True)


@pytest.fixture
def company(start_company: StartCompany, request: pytest.FixtureRequest) -> Company:
    """A company over SQLite, or over the database that the test is parametrized with."""
    return start_company(database=request.getfixturevalue(getattr(request, "param", "sqlite_database")))
