"""The pages of the settings and of the check-up, and the same on the command line, with both simulators behind."""

import re
from pathlib import Path
from typing import Any

import pytest

from administration import repost
from administration.take_first_look import GOOD_FOR, Reading, find_seen, go_on
from shared.db import audit, connections
from shared.db.session import make_sessions
from shared.db.users import Role
from shared.messages import Kind
from tests.conftest import Database
from tests.flows.company import Company
from tests.flows.conftest import start_company as start_company
from tests.flows.test_settings import account, billed
from tests.integration.page_visit import Visit, text_of, visit


class Pages:
    """A company, and a person at its pages."""

    def __init__(self, company: Company, database: Database, folder: Path) -> None:
        self.company = company
        self._database, self._folder = database, folder
        self.admin = self.visit(Role.ADMIN)
        self.path = f"/companies/{company.id}"

    def visit(self, role: Role) -> Visit:
        config = self.company.wiring.config
        return visit(
            self._database,
            self._folder,
            role=role,
            TOKEN_KEYS=config.token_keys[0],
            QUICKBOOKS_API_URL=config.quickbooks_api_url,
            QUICKBOOKS_DISCOVERY_URL=config.quickbooks_discovery_url,
            QUICKBOOKS_CLIENT_ID=config.quickbooks_client_id,
            QUICKBOOKS_CLIENT_SECRET=config.quickbooks_client_secret,
            INVOICED_API_URL=config.invoiced_api_url,
        )

    def fields(self) -> dict[str, Any]:
        """Return what the form of the settings holds, as a browser would send it."""
        text = self.admin.get(f"{self.path}/settings/").text.split("Post again")[0]
        found: dict[str, Any] = {}
        for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
            chosen = re.search(r'<option selected value="([^"]*)"', options)
            found[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', options)[0]
        for name in ("number_prefix", "start_date"):
            field = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', text)
            found[name] = field[1] if field else ""
        return found

    def save(self, **changed: str) -> str:
        answer = self.admin.send(f"{self.path}/settings/", **{**self.fields(), **changed})
        return text_of(self.admin.get(answer.location) if answer.status_code == 302 else answer)


on_both_databases = pytest.mark.parametrize("pages", ["sqlite_database", "postgresql_database"], indirect=True)


@pytest.fixture
def pages(start_company: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Pages:
    database: Database = request.getfixturevalue(getattr(request, "param", "sqlite_database"))
    return Pages(start_company(database=database), database, tmp_path)


def test_a_form_sent_as_it_stands_changes_nothing(pages: Pages) -> None:
    assert "Nothing was different from before." in pages.save()


@on_both_databases
def test_settings_are_chosen_by_name_saved_and_audited(pages: Pages) -> None:
    bank = account(pages.company, "Bank", "Second bank")
    shown = pages.admin.get(f"{pages.path}/settings/").text
    assert f'<option value="{bank}">Second bank</option>' in shown
    assert "Default: Invoiced Sales, created on first use" in shown
    said = pages.save(method_check=bank, customers="to QuickBooks", number_prefix="N-", start_date="2026-02-01")
    assert "Deposit account by payment method: Check: Second bank" in said
    sessions = make_sessions(pages.company.wiring.engine)
    with sessions() as session:
        row = connections.get(session, pages.company.id)
        profile = connections.profile(row)
        entries = {entry.what: (entry.who, entry.before, entry.after) for entry in audit.list_latest(session, row.id)}
    assert profile.settings.deposit_by_method == {"check": bank}
    assert profile.settings.number_prefix == "N-"
    assert str(profile.start_date) == "2026-02-01"
    assert entries["Customers"] == ("admin@example.com", "both", "to QuickBooks")
    assert "Nothing was different from before." in pages.save()


def test_an_error_is_told_at_its_field_and_nothing_is_saved(pages: Pages) -> None:
    bank = account(pages.company, "Bank", "Second bank")
    answer = pages.admin.send(
        f"{pages.path}/settings/", **{**pages.fields(), "number_prefix": "MUCH-TOO-LONG-", "payments": "off"}
    )
    assert 'id="number_prefix-error"' in answer.text
    # The form is long: what is wrong is told above it as well.
    assert "Nothing was saved yet: Number prefix : A number prefix of 14 characters" in text_of(answer)
    answer = pages.admin.send(f"{pages.path}/settings/", **{**pages.fields(), "income_account": bank})
    assert "is of the type Bank" in text_of(answer)
    assert 'id="income_account-error"' in answer.text
    assert pages.fields()["payments"] == "on"
    numbers = "\n".join(f"INV-{number}" for number in range(repost.AT_ONCE + 1))
    answer = pages.admin.send(f"{pages.path}/settings/", f"{pages.path}/settings/repost", kind="invoice", names=numbers)
    assert 'id="names-error"' in answer.text
    assert "INV-500" in text_of(answer), "what was typed is kept"


def test_a_viewer_reads_the_settings_and_saves_nothing(pages: Pages) -> None:
    viewer = pages.visit(Role.VIEWER)
    assert "disabled" in viewer.get(f"{pages.path}/settings/").text
    assert viewer.send(f"{pages.path}/settings/", **pages.fields()).status_code == 403
    assert viewer.get(f"{pages.path}/preflight/first-look").status_code == 403


def test_a_deposit_account_is_chosen_for_every_currency_in_use(pages: Pages) -> None:
    company, bank = pages.company, account(pages.company, "Bank", "Second bank")
    company.quickbooks.prefer(CurrencyPrefs={"MultiCurrencyEnabled": True})
    company.look(Kind.QUICKBOOKS_PREFERENCES, "1")
    company.quickbooks.by_hand("Customer", {"DisplayName": "Berliner", "CurrencyRef": {"value": "EUR"}})
    customer = company.invoiced.customer("Globex")
    company.invoice(company.invoiced.invoice(customer["id"], currency="gbp"))
    assert [name for name in pages.fields() if name.startswith("currency_")] == [
        "currency_USD", "currency_EUR", "currency_GBP",
    ]  # fmt: skip

    said = pages.save(currency_EUR=bank, currency_USD=bank)

    assert "Deposit account by currency: EUR: Second bank; USD: Second bank" in said
    with make_sessions(company.wiring.engine)() as session:
        settings = connections.profile(connections.get(session, company.id)).settings
    assert settings.deposit_by_currency == {"EUR": bank, "USD": bank}
    assert "Nothing was different from before." in pages.save()


def test_lists_are_kept_for_every_process_and_read_again_on_request(pages: Pages) -> None:
    pages.admin.get(f"{pages.path}/settings/")
    bank = account(pages.company, "Bank", "Second bank")
    pages.company.quickbooks.forget_calls()
    elsewhere = pages.visit(Role.ADMIN)
    assert bank not in re.findall(r'value="(\d+)"', elsewhere.get(f"{pages.path}/settings/").text)
    assert pages.company.quickbooks.calls() == []
    pages.admin.send(f"{pages.path}/settings/", f"{pages.path}/settings/read-again")
    assert bank in re.findall(r'value="(\d+)"', pages.admin.get(f"{pages.path}/settings/").text)


def test_documents_are_posted_again_by_number(pages: Pages) -> None:
    invoice, _ = billed(pages.company)
    pages.company.invoice(invoice)
    pages.save(number_prefix="N-")
    pages.admin.send(
        f"{pages.path}/settings/", f"{pages.path}/settings/repost", kind="invoice", names=f"{invoice['number']}\nX-9"
    )
    said = text_of(pages.admin.get(f"{pages.path}/settings/"))
    assert "1 will be posted again" in said
    assert "Nothing is known of: X-9." in said
    pages.company.settle()
    assert pages.company.quickbooks.one("Invoice")["DocNumber"] == f"N-{invoice['number']}"


def test_the_check_up_names_what_is_wrong_and_what_to_do(pages: Pages) -> None:
    pages.company.quickbooks.prefer(
        SalesFormsPrefs={"CustomTxnNumbers": False, "AllowDiscount": False, "AutoApplyCredit": True},
        AccountingInfoPrefs={"BookCloseDate": "2026-06-30"},
    )
    bank = account(pages.company, "Bank", "Second bank")
    pages.company.invoiced.invoice(pages.company.invoiced.customer("Berliner")["id"], currency="eur")
    pages.save(deposit_account=bank)
    pages.company.quickbooks.by_hand("Account", {**pages.company.quickbooks.one("Account", Id=bank), "Active": False})
    pages.company.invoice(
        pages.company.invoiced.invoice(pages.company.invoiced.customer("Old")["id"], ("Repair", "1", "5"))
    )
    for name in ("Repair", "Hours"):
        pages.company.quickbooks.by_hand("Item", {**pages.company.quickbooks.one("Item", Name=name), "Active": False})
    said = text_of(pages.admin.get(f"{pages.path}/preflight/"))
    # Hours is no item that the sync has posted with.
    assert re.search(r"Inactive in QuickBooks: item Repair\W+(?!item)", said)
    assert "item Hours" not in said
    for words in (
        "Custom transaction numbers are off",
        "Discounts are off",
        "QuickBooks applies credits by itself",
        "closed until 2026-06-30",
        "Invoiced has documents in EUR, and multicurrency is off in QuickBooks",
        "Deposit account: Second bank",
        "No webhook of Invoiced has arrived yet",
        "Is Invoiced's own QuickBooks integration off?",
    ):
        assert words in said


def test_a_check_up_is_kept_until_it_is_asked_for_again_or_something_changed(pages: Pages) -> None:
    quickbooks, path = pages.company.quickbooks, f"{pages.path}/preflight/"
    bank = account(pages.company, "Bank", "Second bank")

    def load() -> str:
        quickbooks.forget_calls()
        return text_of(pages.admin.get(path))

    load()
    quickbooks.prefer(SalesFormsPrefs={"AllowDiscount": False})
    assert "Discounts are off" not in load()
    assert quickbooks.calls() == []
    pages.admin.send(path)
    assert "Discounts are off" in load()
    assert quickbooks.calls() == []
    # The sync learns of it too, without a webhook.
    pages.company.settle()
    with make_sessions(pages.company.wiring.engine)() as session:
        row = connections.get(session, pages.company.id)
        assert not connections.profile(row).preferences.allow_discount
    pages.save(deposit_account=bank)
    load()
    assert "read Account" in quickbooks.calls()
    assert pages.visit(Role.VIEWER).send(path).status_code == 403


@on_both_databases
def test_the_first_synchronize_is_pressed_beside_what_was_counted_under_todays_settings(pages: Pages) -> None:
    invoice, _ = billed(pages.company)
    sessions = make_sessions(pages.company.wiring.engine)
    with sessions.begin() as session:
        connections.get(session, pages.company.id).started_at = None
    overview, look = f"{pages.path}/", f"{pages.path}/preflight/first-look"

    def started() -> bool:
        with sessions() as session:
            return connections.get(session, pages.company.id).started_at is not None

    def seen() -> str:
        found = re.search(r'name="seen" value="([^"]+)"', pages.admin.get(look).text)
        assert found is not None
        return found[1]

    assert "Synchronize</button>" not in pages.admin.get(overview).text
    for form in ("synchronize", "re-sync-all"):
        answer = pages.admin.send(overview, overview + form)
        assert answer.location == look, "the way to what would be posted"
    pages.admin.send(f"{pages.path}/records", f"{pages.path}/records/act", action="resync", all="1")
    before = seen()
    assert seen() == before, "not counted twice"
    pages.save(start_date="2026-02-01")
    assert pages.admin.send(look, f"{overview}synchronize", seen=before).location == look
    assert not started()
    assert "Nothing is posted before you have seen" in text_of(pages.admin.get(look))

    assert pages.admin.send(look, f"{overview}synchronize", seen=seen()).location == overview

    assert started()
    told = text_of(pages.admin.get(f"{pages.path}/audit/"))
    assert "Synchronize the first, to post 1 invoice over 100.00 USD and 1 payment over 100.00 USD" in told
    pages.company.finish_sweeps()
    assert pages.company.quickbooks.one("Invoice")["DocNumber"] == f"INVD-{invoice['number']}"
    assert "Synchronize</button>" in pages.admin.get(overview).text
    # What was counted before has been posted since.
    assert "0 invoices would be posted" in text_of(pages.admin.get(look))


@on_both_databases
def test_a_first_look_goes_on_where_it_stopped_and_anew_under_other_settings(pages: Pages) -> None:
    company, look = pages.company, f"{pages.path}/preflight/first-look"
    invoice, _ = billed(company)

    assert go_on(company.wiring, company.id, for_s=0) == Reading("payments", 1, read=1, before=1)
    company.invoiced.invoice(invoice["customer"])
    said = text_of(pages.admin.get(look))
    assert "1 invoice would be posted" in said, "the invoices were read before the second one came"
    assert "1 payment would be posted" in said

    assert pages.admin.send(look, look).location == look
    assert go_on(company.wiring, company.id, for_s=0) == Reading("payments", 1, read=2, before=2)
    pages.save(payments="off")
    said = text_of(pages.admin.get(look))
    assert "2 invoices would be posted" in said
    assert "1: payments are switched off" in said


def test_a_look_that_broke_off_is_offered_to_go_on(pages: Pages) -> None:
    company, look = pages.company, f"{pages.path}/preflight/first-look"
    billed(company)
    go_on(company.wiring, company.id, for_s=0)
    company.invoiced.fault("status", status=503, path="/payments")
    said = text_of(pages.admin.get(look))
    assert "half a sum is none" in said
    assert "would be posted" not in said.replace("What would be posted", "")
    company.invoiced.heal()
    assert "1 payment would be posted" in text_of(pages.admin.get(look))


def test_what_was_counted_long_ago_is_counted_anew(pages: Pages) -> None:
    company, long_s = pages.company, GOOD_FOR.total_seconds() + 60

    def is_good() -> bool:
        with make_sessions(company.wiring.engine)() as session:
            return find_seen(session, connections.get(session, company.id), company.now()) is not None

    company.later(-long_s)
    go_on(company.wiring, company.id, for_s=60)
    assert is_good()
    company.later(long_s)
    assert not is_good()


def test_the_first_look_counts_what_would_be_posted_and_writes_nothing(pages: Pages) -> None:
    invoice, _ = billed(pages.company)
    pages.company.invoiced.invoice(invoice["customer"], draft=True)
    pages.company.quickbooks.forget_calls()
    answer = pages.admin.get(f"{pages.path}/preflight/first-look")
    said = text_of(answer)
    assert "1 invoice would be posted, $100.00" in said
    assert "1 payment would be posted, $100.00" in said
    assert "1: draft" in said
    assert "1 customer would be created" in said
    assert pages.company.quickbooks.calls() == []
