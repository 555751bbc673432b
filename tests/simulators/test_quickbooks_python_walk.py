"""python-quickbooks through every entity that it and the simulator have, and all that it does with each."""

import warnings
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException
from quickbooks.mixins import DeleteMixin, QuickbooksPdfDownloadable, SendMixin, VoidMixin
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.exchangerate import ExchangeRate

from simulators.quickbooks.new_company import Plan
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_rig import Books, Object, running

_MODULES = {"Class": "trackingclass"}


@pytest.fixture
def plans() -> list[Plan]:
    return [Plan()]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, plans: list[Plan]) -> Iterator[Books]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "*")
    with running(plans=plans) as companies:
        yield companies[0]


@pytest.fixture
def client(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{books.url}/v3")
    discovery = f"{books.url}/.well-known/openid_sandbox_configuration/"
    auth = AuthClient(*books.client, "http://localhost/callback", discovery)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = QuickBooks(
            auth_client=auth,
            refresh_token=books.credentials()["refresh_token"],
            company_id=books.realm,
            minorversion=75,
        )
    yield found
    found.session.close()
    auth.close()


def kind_of(case: Case) -> Any:
    name = _MODULES.get(case.entity, case.entity.lower())
    return getattr(import_module(f"quickbooks.objects.{name}"), case.entity)


def make(kind: Any, case: Case, refs: Any, client: Any) -> Any:
    made = kind.from_json(case.body(refs))
    made.save(qb=client)
    return kind.get(made.Id, qb=client)


def kept(books: Books, case: Case) -> dict[str, Object]:
    return {one["Id"]: one for one in books.control("GET", f"companies/{books.realm}/objects/{case.entity}")}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_is_made_changed_found_captured_and_deleted(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    since = (books.simulator.clock.now() - timedelta(minutes=1)).isoformat()
    made = make(kind, case, make_refs(books), client)
    assert kept(books, case)[made.Id]["SyncToken"] == "0"
    for name, value in case.change.items():
        setattr(made, name, value)
    made.save(qb=client)
    changed = kept(books, case)[made.Id]
    assert changed["SyncToken"] == "1"
    assert case.change.items() <= changed.items()

    number = kind.count(qb=client)
    assert number == len(kept(books, case))
    assert kind.count(f"Id = '{made.Id}'", qb=client) == 1
    for found in (
        kind.filter(Id=made.Id, qb=client),
        kind.choose([made.Id], qb=client),
        kind.where(f"Id = '{made.Id}'", order_by="Id DESC", start_position=1, max_results=5, qb=client),
        kind.query(f"SELECT * FROM {case.entity} WHERE Id = '{made.Id}'", qb=client),
    ):
        assert [(one.Id, one.SyncToken) for one in found] == [(made.Id, "1")]
    ids = [one.Id for one in kind.all(order_by="Id", max_results=1000, qb=client)]
    assert ids == sorted(kept(books, case), key=int)
    captured = getattr(change_data_capture([kind], since, qb=client), case.entity)
    assert made.Id in [one.Id for one in captured]

    assert issubclass(kind, DeleteMixin) == case.deletes
    if case.deletes:
        kind.get(made.Id, qb=client).delete(qb=client)
        assert made.Id not in kept(books, case)
        with pytest.raises(ObjectNotFoundException):
            kind.get(made.Id, qb=client)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_passes_through_batches(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    made = batch_create([kind.from_json(case.body(make_refs(books)))], qb=client)
    assert (len(made.successes), made.faults) == (1, [])
    (one,) = made.successes
    for name, value in case.change.items():
        setattr(one, name, value)
    updated = batch_update([one], qb=client)
    assert updated.faults == []
    assert case.change.items() <= kept(books, case)[one.Id].items()
    if case.deletes:
        # The client reads the whole object from the reply to a delete, and finds a stub.
        batch_delete(updated.successes, qb=client)
        assert one.Id not in kept(books, case)


@pytest.mark.parametrize(
    "case", [case for case in CASES if issubclass(kind_of(case), SendMixin | QuickbooksPdfDownloadable)], ids=str
)
def test_a_document_is_printed_and_mailed(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    made = make(kind, case, make_refs(books), client)
    if issubclass(kind, QuickbooksPdfDownloadable):
        assert made.download_pdf(qb=client).startswith(b"%PDF-")
    if issubclass(kind, SendMixin):
        assert made.send(qb=client, send_to="ann+1@example.com")[case.entity]["EmailStatus"] == "EmailSent"
        assert kept(books, case)[made.Id]["BillEmail"]["Address"] == "ann+1@example.com"


@pytest.mark.parametrize("case", [case for case in CASES if issubclass(kind_of(case), VoidMixin)], ids=str)
def test_a_document_is_voided(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    made = make(kind, case, make_refs(books), client)
    made.void(qb=client)
    voided = kept(books, case)[made.Id]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_a_file_is_attached(books: Books, client: Any) -> None:
    case = next(one for one in CASES if one.entity == "Attachable")
    invoice = next(one for one in CASES if one.entity == "Invoice")
    document = make(kind_of(invoice), invoice, make_refs(books), client)
    kind = kind_of(case)
    reference = {"EntityRef": {"type": "Invoice", "value": document.Id}}
    file = kind.from_json({"FileName": "note.txt", "ContentType": "text/plain", "AttachableRef": [reference]})
    file._FileBytes = b"hello"
    file.save(qb=client)
    stored = kept(books, case)[file.Id]
    assert (stored["FileName"], stored["Size"]) == ("note.txt", 5)
    assert stored["AttachableRef"][0]["EntityRef"]["value"] == document.Id
    found = kind.where(f"AttachableRef.EntityRef.value = '{document.Id}'", qb=client)
    assert [one.Id for one in found] == [file.Id]


@pytest.mark.parametrize("plans", [[Plan(multicurrency=True)]], ids=["several currencies"])
def test_currencies_and_exchange_rates_are_set_and_read(books: Books, client: Any) -> None:
    currency = CompanyCurrency.from_json({"Code": "EUR", "Name": "Euro"})
    currency.save(qb=client)
    assert CompanyCurrency.get(currency.Id, qb=client).Code == "EUR"
    day = books.simulator.clock.now().date().isoformat()
    rate = ExchangeRate.from_json({"SourceCurrencyCode": "EUR", "AsOfDate": day, "Rate": 1.25})
    rate.save(qb=client)
    found = ExchangeRate.filter(SourceCurrencyCode="EUR", AsOfDate=day, qb=client)
    assert [one.Rate for one in found] == [1.25]
