"""The command line against both simulators: connecting, choosing, and one record at a time."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.db import audit, connections, records
from shared.db.models import Connection
from shared.db.records import RecordKey
from shared.db.session import make_sessions
from shared.messages import Kind
from shared.vault import Vault
from simulators.clock import Clock
from simulators.command_line import Options
from simulators.invoiced.app import create_simulator as create_invoiced
from simulators.invoiced.switches import Switches as InvoicedSwitches
from simulators.quickbooks.app import Simulator as QuickBooksSimulator
from simulators.quickbooks.app import create_simulator as create_quickbooks
from simulators.quickbooks.switches import Switches as QuickBooksSwitches
from simulators.server import start_in_thread
from tests.cli_commands import SECRETS, TOKEN_KEY, CommandLine
from tests.conftest import Database
from tests.flows.company import InvoicedAccount, QuickBooksCompany


class Vendors:
    """Both simulators, empty, and a command line that is to connect them."""

    def __init__(self, simulator: QuickBooksSimulator, urls: list[str], database: Database, folder: Path) -> None:
        self.simulator = simulator
        self.database = database
        self.quickbooks = QuickBooksCompany(urls[0])
        app = self.quickbooks.call("GET", "/_simulator/credentials")
        self.quickbooks.realm_id = app["companies"][0]["realm_id"]
        self.invoiced = InvoicedAccount(urls[1])
        key = self.invoiced.call("GET", "/_simulator/credentials")["api_key"]
        self.invoiced.auth = (key, "")
        self.cli = CommandLine(
            {
                **SECRETS,
                "DATABASE_URL": database.url,
                "DATA_DIR": str(folder),
                "PUBLIC_URL": "https://sync.example.com",
                "INVOICED_API_URL": urls[1],
                "INVOICED_API_KEY": key,
                "INVOICED_WEBHOOK_SECRET": "hook-7",
                "QUICKBOOKS_API_URL": urls[0],
                "QUICKBOOKS_DISCOVERY_URL": f"{urls[0]}/.well-known/openid_sandbox_configuration",
                "QUICKBOOKS_CLIENT_ID": app["client_id"],
                "QUICKBOOKS_CLIENT_SECRET": app["client_secret"],
            }
        )

    def refresh_token(self) -> str:
        """Return the one that is valid now."""
        token: str = self.quickbooks.call("GET", "/_simulator/credentials")["companies"][0]["refresh_token"]
        return token

    def addition(self, *more: str) -> list[str]:
        """Return the command that connects the two."""
        given = ["--name", "Acme", "--time-zone", "America/Chicago", "--realm-id", self.quickbooks.realm_id]
        return ["connection", "add", *given, "--refresh-token", self.refresh_token(), *more]

    def connect(self) -> str:
        """Connect them and return the connection's id."""
        connection_id: str = self.cli.json(*self.addition())["id"]
        return connection_id

    def close(self) -> None:
        self.invoiced.http.close()
        self.quickbooks.http.close()


@pytest.fixture
def vendors(sqlite_database: Database, tmp_path: Path) -> Iterator[Vendors]:
    quickbooks = create_quickbooks(Options(port=0, empty=True), QuickBooksSwitches(), Clock())
    invoiced = create_invoiced(Options(port=0, empty=True), InvoicedSwitches(), Clock())
    servers = [start_in_thread(one.app, on_stop=one.close) for one in (quickbooks, invoiced)]
    vendors = Vendors(quickbooks, [server.url for server in servers], sqlite_database, tmp_path / "var")
    yield vendors
    vendors.close()
    for server in servers:
        server.stop()


def test_a_connection_is_added_and_its_webhook_address_given(vendors: Vendors) -> None:
    added = vendors.cli.json(*vendors.addition("--start-date", "2026-01-31"))
    assert added["webhook_url"] == f"https://sync.example.com/webhooks/invoiced/{added['id']}"
    shown = vendors.cli.json("connection", "show")
    assert (shown["company"], shown["country"], shown["home_currency"]) == ("Simulated Company 1", "US", "USD")
    assert (shown["state"], shown["time_zone"], shown["start_date"]) == (
        "connected",
        "America/Chicago",
        "2026-01-31",
    )
    assert shown["preferences"]["using_sales_tax"] is True
    # QuickBooks had told a new token or kept the old: what is stored is the one that is valid now.
    with make_sessions(vendors.database.engine)() as session:
        row = connections.get(session, added["id"])
        assert Vault([TOKEN_KEY]).decrypt(row.refresh_token_encrypted, bound_to=row.id) == vendors.refresh_token()
        assert connections.invoiced_api_key(row, Vault([TOKEN_KEY])) == vendors.cli.variables["INVOICED_API_KEY"]


def test_without_a_time_zone_it_says_which_one_is_taken(vendors: Vendors) -> None:
    result = vendors.cli.call(
        "connection", "add", "--realm-id", vendors.quickbooks.realm_id, "--json",
        QUICKBOOKS_REFRESH_TOKEN=vendors.refresh_token(),
    )  # fmt: skip
    assert result.exit_code == 0
    assert "No --time-zone was given: dates are reckoned in UTC." in result.stderr
    shown = vendors.cli.json("connection", "show")
    assert (shown["name"], shown["time_zone"]) == ("Simulated Company 1", "UTC")


def test_without_a_start_date_it_says_what_the_first_sweep_posts_and_proposes_one(vendors: Vendors) -> None:
    vendors.quickbooks.call("PATCH", path_of(vendors), {"books_closed_on": "2026-08-31"})
    result = vendors.cli.call(*vendors.addition())
    assert result.exit_code == 0
    assert "the first sweep, 15 minutes from now, posts every invoice that there is in Invoiced" in result.stderr
    assert "settings set start_date 2026-09-01" in result.stderr
    vendors.cli.json("connection", "remove")
    assert vendors.cli.json(*vendors.addition())["proposed_start_date"] == "2026-09-01"
    vendors.cli.json("connection", "remove")
    given = vendors.cli.call(*vendors.addition("--start-date", "2026-01-31"))
    assert "start-date" not in given.stderr


def test_the_webhook_secret_is_shown_for_invoiced_and_replaced(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    shown = vendors.cli.json("connection", "webhook")
    assert shown == {
        "webhook_url": f"https://sync.example.com/webhooks/invoiced/{connection_id}",
        "webhook_secret": "hook-7",
    }
    given = vendors.cli.call("connection", "webhook-secret", "--json", INVOICED_WEBHOOK_SECRET="hook-8")
    assert given.exit_code == 0 and "hook-8" not in given.output
    assert vendors.cli.json("connection", "webhook")["webhook_secret"] == "hook-8"
    assert vendors.cli.json("audit")[0]["what"] == "Webhook secret of Invoiced"


def test_a_company_is_connected_once(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    assert "connected already" in vendors.cli.failure(*vendors.addition())[0]
    assert [row["id"] for row in vendors.cli.json("connection", "list")] == [connection_id]


def test_a_company_outside_the_us_is_refused_and_nothing_is_left_behind(vendors: Vendors) -> None:
    company = vendors.simulator.companies[vendors.quickbooks.realm_id]
    info = next(iter(company.all("CompanyInfo")))
    with company.kept.transaction():
        company.save("CompanyInfo", {**info, "Country": "CA"})
    assert "a company in CA" in vendors.cli.failure(*vendors.addition())[0]
    assert vendors.cli.json("connection", "list") == []


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--refresh-token", "wrong", "QuickBooks has ended the authorization"),
        ("--invoiced-api-key", "wrong", "Invoiced refuses the API key"),
        ("--time-zone", "Chicago", "is not a time zone"),
    ],
)
def test_what_a_side_refuses_is_told_and_nothing_is_left_behind(
    vendors: Vendors, option: str, value: str, said: str
) -> None:
    assert said in vendors.cli.failure(*vendors.addition(option, value))[0]
    assert vendors.cli.json("connection", "list") == []


def test_a_refresh_token_that_was_used_up_in_vain_is_told(vendors: Vendors) -> None:
    vendors.simulator.switch(rotate_every_refresh=True)
    vendors.quickbooks.fault("status", status=503, entity="Preferences", count=9)
    lines = vendors.cli.failure(*vendors.addition())
    assert "Intuit replaced the refresh token" in lines[-1]
    assert vendors.cli.json("connection", "list") == []


def test_an_invoice_is_synced_at_once_and_its_record_tells_how(vendors: Vendors) -> None:
    vendors.connect()
    customer = vendors.invoiced.customer("Fox & Söhne")
    invoice = vendors.invoiced.invoice(customer["id"], ("Consulting", "3", "33.35"))
    synced = vendors.cli.json("sync", "invoice", str(invoice["id"]))
    assert (synced["outcome"], synced["label"]) == ("synced", invoice["number"])
    assert vendors.cli.json("sync", "invoice", invoice["number"])["outcome"] == "unchanged"
    record = vendors.cli.json("record", "invoice", invoice["number"])
    standing = vendors.quickbooks.one("Invoice")
    assert (record["links"][0]["qbo_id"], standing["DocNumber"]) == (standing["Id"], f"INVD-{invoice['number']}")
    assert record["last_reply"]["status"] == 200
    assert record["last_reply"]["intuit_tid"]
    assert record["lease"] is None
    shown = vendors.cli.call("record", "invoice", invoice["number"]).output
    for secret in (vendors.cli.variables["INVOICED_API_KEY"], vendors.refresh_token(), "Bearer", "hook-7"):
        assert secret not in shown + str(record)


def test_a_record_that_is_not_posted_ends_with_status_1_and_why(vendors: Vendors) -> None:
    vendors.connect()
    customer = vendors.invoiced.customer()
    empty = vendors.invoiced.call("POST", "/invoices", {"customer": customer["id"], "items": []})
    result = vendors.cli.call("sync", "invoice", str(empty["id"]), "--json")
    assert result.exit_code == 1
    assert '"outcome": "failed"' in result.stdout
    result = vendors.cli.call("sync", "invoice", str(empty["id"]))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"invoice {empty['number']}: failed")


def test_a_record_in_work_elsewhere_is_waited_for(vendors: Vendors) -> None:
    key = RecordKey(vendors.connect(), Kind.INVOICE, "404")
    sessions = make_sessions(vendors.database.engine)
    with sessions.begin() as session:
        assert records.claim(session, key, "somebody", datetime.now(UTC)) is not None

    def finish() -> None:
        # The command has found it leased once it left word that a look is due.
        give_up_at = time.monotonic() + 60
        is_due = False
        while not is_due and time.monotonic() < give_up_at:
            time.sleep(0.05)
            with sessions.begin() as session:
                row = records.find(session, key)
                assert row is not None
                is_due = row.dirty
                if is_due:
                    row.lease_until = datetime.now(UTC) - timedelta(seconds=1)

    somebody = threading.Thread(target=finish)
    somebody.start()
    result = vendors.cli.call("sync", "invoice", "404")
    somebody.join()
    assert "in work elsewhere" in result.stderr
    assert result.stdout.startswith("invoice 404: skipped")
    assert result.exit_code == 0


def test_accounts_items_and_codes_have_to_stand_in_quickbooks(vendors: Vendors) -> None:
    vendors.connect()
    account = next(one for one in vendors.quickbooks.objects("Account") if one["Name"] == "Services")
    assert vendors.cli.json("settings", "set", "income_account", account["Id"])["income_account"] == account["Id"]
    assert vendors.cli.failure("settings", "set", "income_account", "9999")[0] == "QuickBooks has no Account 9999."
    vendors.quickbooks.by_hand("Account", {**account, "Active": False})
    assert "is inactive in QuickBooks" in vendors.cli.failure("settings", "set", "income_account", account["Id"])[0]
    assert vendors.cli.json("settings", "show")["income_account"] == account["Id"]


def test_choices_reposting_and_the_check_up_on_the_command_line(vendors: Vendors) -> None:
    vendors.connect()
    choices = vendors.cli.json("settings", "choices", "income_account")["income_account"]
    assert "Services" in [choice["name"] for choice in choices]
    invoice = vendors.invoiced.invoice(vendors.invoiced.customer()["id"])
    look = vendors.cli.json("preflight", "--first-look")["first_look"]
    assert [month["amount"] for month in look["invoices"].values()] == [100]
    assert look["customers_to_create"] == 1
    assert "needs a person" not in vendors.cli.call("preflight", "--first-look").stdout
    assert vendors.cli.call("sync", "invoice", str(invoice["id"])).exit_code == 0
    vendors.cli.json("settings", "set", "number_prefix", "N-")
    assert vendors.cli.json("settings", "repost", "invoice", str(invoice["id"]))["reposted"] == [
        {"kind": "invoice", "id": str(invoice["id"])}
    ]
    assert vendors.cli.call("sync", "invoice", str(invoice["id"])).exit_code == 0
    assert vendors.quickbooks.one("Invoice")["DocNumber"] == f"N-{invoice['number']}"
    record = ["record", "invoice", invoice["number"]]
    compared = vendors.cli.json(*record, "--compare")["both_sides"]
    totals = {row["name"]: row for row in compared["rows"]}["Total"]
    assert (totals["invoiced"], totals["quickbooks"], totals["verdict"]) == (100, 100, "same")
    posted = vendors.quickbooks.one("Invoice")
    vendors.quickbooks.by_hand("Invoice", {**posted, "PrivateNote": "Voided by hand"})
    read = {row["name"]: row for row in vendors.cli.json(*record, "--read-quickbooks")["both_sides"]["rows"]}
    assert read["State"]["quickbooks"] == "voided"
    assert "same" in vendors.cli.call(*record, "--compare").stdout
    customer = vendors.invoiced.call("GET", "/customers")[0]["id"]
    halves = [vendors.invoiced.pay(customer, "50", (invoice["id"], "50"), reference="check 7") for _ in range(2)]
    for half in halves:
        assert vendors.cli.call("sync", "payment", str(half["id"])).exit_code == 0
    by_one_check = vendors.cli.json("settings", "repost", "payment", "check 7")["reposted"]
    assert [one["id"] for one in by_one_check] == [str(half["id"]) for half in halves]
    assert "invoice 404, 405" in vendors.cli.failure("settings", "repost", "invoice", "404", "405")[0]
    vendors.cli.json("settings", "set", "number_prefix", "M-")
    search = ["settings", "repost", "--search", invoice["number"]]
    assert vendors.cli.failure(*search)[0] == "1 record matches. Nothing was done."
    assert len(vendors.cli.json(*search, "--yes")["reposted"]) == 1
    assert vendors.cli.call("settings", "repost", "--kind", "customer").exit_code == 2
    vendors.quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": False})
    assert "discounts" in [finding["key"] for finding in vendors.cli.json("preflight")["findings"]]


def test_refreshed_preferences_let_go_on_what_they_had_stopped(vendors: Vendors) -> None:
    vendors.quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": False})
    vendors.connect()
    customer = vendors.invoiced.customer()
    invoice = vendors.invoiced.invoice(customer["id"], discounts=[{"amount": 5}])
    assert vendors.cli.call("sync", "invoice", str(invoice["id"])).exit_code == 1
    vendors.quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": True})
    refreshed = vendors.cli.json("connection", "refresh")
    assert (refreshed["outcome"], refreshed["preferences"]["allow_discount"]) == ("synced", True)
    assert vendors.cli.json("status")["queued"] == 1


def test_a_connection_that_has_ended_is_connected_again(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    vendors.quickbooks.call("PATCH", path_of(vendors), {"connection": "revoked", "access_tokens": "expired"})
    customer = vendors.invoiced.customer()
    invoice = vendors.invoiced.invoice(customer["id"])
    assert vendors.cli.call("sync", "invoice", str(invoice["id"])).exit_code == 1
    assert state_of(vendors, connection_id).state == "reconnect needed"
    vendors.quickbooks.call("PATCH", path_of(vendors), {"connection": "connected"})
    assert "ended the authorization" in vendors.cli.failure("connection", "reconnect", "--refresh-token", "wrong")[0]
    assert vendors.cli.json("status")["by_kind"]["invoice"] == {"waiting": 1}
    fresh = vendors.refresh_token()
    assert vendors.cli.json("connection", "reconnect", QUICKBOOKS_REFRESH_TOKEN=fresh)["state"] == "connected"
    with make_sessions(vendors.database.engine)() as session:
        row = records.find(session, RecordKey(connection_id, Kind.INVOICE, str(invoice["id"])))
    assert row is not None
    assert row.next_look_at is not None
    assert vendors.cli.json("sync", "invoice", str(invoice["id"]))["outcome"] == "synced"


def test_a_wrong_refresh_token_leaves_a_good_connection_as_it_is(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    vendors.cli.failure("connection", "reconnect", "--refresh-token", "wrong")
    assert state_of(vendors, connection_id).state == "connected"


def test_a_token_of_another_company_leaves_the_connection_as_it_is(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    before = vendors.refresh_token()
    other = vendors.quickbooks.call("POST", "/_simulator/companies", {"name": "Other Company"})["realm_id"]
    lines = vendors.cli.failure("connection", "reconnect", "--refresh-token", token_of(vendors, other))
    assert "The token does not open Acme" in lines[0]
    row = state_of(vendors, connection_id)
    assert row.state == "connected"
    assert Vault([TOKEN_KEY]).decrypt(row.refresh_token_encrypted, bound_to=row.id) == before


def test_a_connection_moves_to_another_company_once_that_company_is_named(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    invoice = vendors.invoiced.invoice(vendors.invoiced.customer()["id"])
    assert vendors.cli.call("sync", "invoice", str(invoice["id"])).exit_code == 0
    first = vendors.quickbooks.realm_id
    other = vendors.quickbooks.call("POST", "/_simulator/companies", {"name": "Other Company"})["realm_id"]
    token = {"QUICKBOOKS_REFRESH_TOKEN": token_of(vendors, other)}

    told = " ".join(vendors.cli.failure("connection", "reconnect", "--realm-id", other, **token))
    assert f"What was posted in company {first} stays there as it is" in told
    assert "links to its customers, documents, items and accounts are forgotten" in told
    assert f"`connection disconnect` first; then add --move-to {other}" in told
    assert vendors.cli.call("connection", "reconnect", "--realm-id", first, "--move-to", other, **token).exit_code == 2
    assert "Disconnect it first" in " ".join(
        vendors.cli.failure("connection", "reconnect", "--move-to", other, **token)
    )
    assert state_of(vendors, connection_id).realm_id == first

    vendors.cli.json("connection", "disconnect")
    moved = vendors.cli.json("connection", "reconnect", "--move-to", other, **token)
    assert (moved["realm_id"], moved["state"], moved["company"]) == (other, "connected", "Other Company")
    assert state_of(vendors, connection_id).started_at is None
    assert vendors.cli.json("record", "invoice", str(invoice["id"]))["links"] == []
    with make_sessions(vendors.database.engine)() as session:
        assert audit.list_latest(session, connection_id)[0].what == "Moved to another QuickBooks company"


def token_of(vendors: Vendors, realm_id: str) -> str:
    companies = vendors.quickbooks.call("GET", "/_simulator/credentials")["companies"]
    return next(str(one["refresh_token"]) for one in companies if one["realm_id"] == realm_id)


def test_a_customer_of_quickbooks_is_linked_by_number_or_name(vendors: Vendors) -> None:
    vendors.connect()
    vendors.cli.json("settings", "set", "customer_matching", "never automatically")
    customer = vendors.invoiced.customer("Globex Europe")
    born = vendors.quickbooks.by_hand("Customer", {"DisplayName": "Globex"})
    assert vendors.cli.call("sync", "quickbooks-customer", born["Id"]).exit_code == 1
    choose = ["customers", "choose", born["Id"], "--link-to"]
    assert vendors.cli.failure(*choose, "nobody")[0] == "There is no such customer in Invoiced."
    assert vendors.cli.json(*choose, customer["number"])["choice"] == f"link:{customer['id']}"
    assert vendors.cli.json(*choose, "Globex Europe")["choice"] == f"link:{customer['id']}"


def path_of(vendors: Vendors) -> str:
    return f"/_simulator/companies/{vendors.quickbooks.realm_id}"


def state_of(vendors: Vendors, connection_id: str) -> Connection:
    with make_sessions(vendors.database.engine)() as session:
        return connections.get(session, connection_id)


def test_a_disconnected_company_waits_until_it_is_reconnected_and_the_audit_trail_tells(vendors: Vendors) -> None:
    connection_id = vendors.connect()
    given_back = vendors.refresh_token()
    assert vendors.cli.json("connection", "disconnect")["state"] == "disconnected"
    refused = vendors.cli.failure("connection", "reconnect", "--refresh-token", given_back)
    assert "ended the authorization" in refused[0]
    assert vendors.cli.json("connection", "show")["health"]["reads"] > 0

    vendors.quickbooks.call("PATCH", path_of(vendors), {"connection": "connected"})
    fresh = vendors.refresh_token()
    assert vendors.cli.json("connection", "reconnect", QUICKBOOKS_REFRESH_TOKEN=fresh)["state"] == "connected"
    assert "key" in vendors.cli.failure("connection", "key", "--invoiced-api-key", "no such key")[0]
    assert vendors.cli.json("connection", "key")["id"] == connection_id
    with make_sessions(vendors.database.engine)() as session:
        told = [(entry.who, entry.what) for entry in audit.list_latest(session, connection_id)]
    assert told == [
        ("command line", what)
        for what in ("API key of Invoiced", "Reconnected", "Disconnected QuickBooks", "Connected QuickBooks")
    ]
