"""Intuit's Python clients, python-quickbooks and intuit-oauth, class by class and method by method.

The docs name what of them is not simulated.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import quickbooks.objects.base
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks, exceptions
from quickbooks.batch import BatchManager, batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.mixins import DeleteMixin, QuickbooksPdfDownloadable, SendMixin, VoidMixin
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.preferences import Preferences
from quickbooks.objects.taxagency import TaxAgency
from quickbooks.objects.taxcode import TaxCode
from quickbooks.objects.taxrate import TaxRate
from quickbooks.objects.taxservice import TaxRateDetails, TaxService

from simulators.quickbooks.founding.new_company import Plan
from tests.patience import PATIENCE_S
from tests.simulators.client_walk import ClientWalk, named_in
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_python import auth_client, quickbooks_client
from tests.simulators.quickbooks_rig import Books, Object, running
from tests.simulators.simulator_drivers import Inbox

# What the client's objects need for themselves: no calls to QuickBooks.
_OWN_AFFAIRS = frozenset({
    "to_json", "from_json", "to_dict", "json_filter", "to_ref", "to_linked_txn", "get_void_params", "get_void_data",
})  # fmt: skip
CLASSES: dict[str, Any] = {
    name: kind
    for module in pkgutil.iter_modules(quickbooks.objects.__path__, "quickbooks.objects.")
    for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass)
    if kind.__module__ == module.name != quickbooks.objects.base.__name__
    and any(hasattr(kind, name) for name in ("get", "save", "query"))
}
WALK = ClientWalk({**CLASSES, "QuickBooks": QuickBooks}, "quickbooks", _OWN_AFFAIRS)
OAUTH = ClientWalk({"AuthClient": AuthClient}, "intuitlib", frozenset())


@pytest.fixture
def plans() -> list[Plan]:
    return [Plan()]


@pytest.fixture
def books(plans: list[Plan]) -> Iterator[Books]:
    with running(plans=plans) as companies:
        yield companies[0]


@pytest.fixture
def auth(books: Books) -> Iterator[AuthClient]:
    with auth_client(books) as client:
        yield client


@pytest.fixture
def client(books: Books, auth: AuthClient) -> Iterator[Any]:
    with quickbooks_client(books, auth) as found:
        yield found


def kind_of(case: Case) -> Any:
    return CLASSES[case.entity]


def make(kind: Any, case: Case, refs: Any, client: Any) -> Any:
    made = kind.from_json(case.body(refs))
    made.save(qb=client)
    return kind.get(made.Id, qb=client)


def kept(books: Books, entity: str) -> dict[str, Object]:
    return {one["Id"]: one for one in books.control("GET", f"companies/{books.realm}/objects/{entity}")}


# What every entity has ----------------------------------------------------------------------------

FINDS = frozenset({"all", "filter", "choose", "where", "query", "count"})
_THROUGH = ("create_object", "update_object", "get_single_object", "query", "get", "post", "make_request",
            "process_request", "isvalid_object_name", "change_data_capture")  # fmt: skip


def _every(kind: str, *methods: str) -> set[str]:
    return {f"{kind}.{method}" for method in methods}


def life_of(case: Case) -> set[str]:
    """What is driven of the client by making, changing, finding and deleting an entity."""
    through = (*_THROUGH, "delete_object") if case.deletes else _THROUGH
    return _every(case.entity, "get", "save", *FINDS, *(["delete"] if case.deletes else [])) | _every(
        "QuickBooks", *through
    )


def outward(case: Case) -> set[str]:
    """What is driven of the client by printing and mailing a document."""
    kind = kind_of(case)
    printed = {f"{case.entity}.download_pdf", "QuickBooks.download_pdf"}
    mailed = {f"{case.entity}.send", "QuickBooks.misc_operation"}
    return (printed if issubclass(kind, QuickbooksPdfDownloadable) else set()) | (
        mailed if issubclass(kind, SendMixin) else set()
    )


OUTWARD = [case for case in CASES if outward(case)]
VOIDED = [case for case in CASES if issubclass(kind_of(case), VoidMixin)]
_BATCH = {"QuickBooks.batch_operation"}
WALK.walked.update(_BATCH, *map(life_of, CASES), *map(outward, CASES))
WALK.walked.update(f"{case.entity}.void" for case in VOIDED)


def assert_found(kind: Any, id: str, client: Any, all_ids: list[str]) -> None:
    """Each way in which the client finds objects finds that one, and those that list all find `all_ids`."""
    for found in (
        kind.filter(Id=id, qb=client),
        kind.choose([id], qb=client),
        kind.where(f"Id = '{id}'", order_by="Id DESC", start_position=1, max_results=5, qb=client),
        kind.query(f"SELECT * FROM {kind.qbo_object_name} WHERE Id = '{id}'", qb=client),
    ):
        assert [one.Id for one in found] == [id]
    assert [one.Id for one in kind.all(order_by="Id", max_results=1000, qb=client)] == sorted(all_ids, key=int)
    assert kind.count(qb=client) == len(all_ids)
    assert kind.count(f"Id = '{id}'", qb=client) == 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_is_made_changed_found_captured_and_deleted(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    since = (books.simulator.clock.now() - timedelta(minutes=1)).isoformat()
    with WALK.driving(life_of(case)):
        made = make(kind, case, make_refs(books), client)
        assert kept(books, case.entity)[made.Id]["SyncToken"] == "0"
        for name, value in case.change.items():
            setattr(made, name, value)
        made.save(qb=client)
        changed = kept(books, case.entity)[made.Id]
        assert changed["SyncToken"] == "1"
        assert case.change.items() <= changed.items()
        assert kind.filter(Id=made.Id, qb=client)[0].SyncToken == "1"
        assert_found(kind, made.Id, client, list(kept(books, case.entity)))
        captured = getattr(change_data_capture([kind], since, qb=client), case.entity)
        assert made.Id in [one.Id for one in captured]

        assert issubclass(kind, DeleteMixin) == case.deletes
        if case.deletes:
            kind.get(made.Id, qb=client).delete(qb=client)
            assert made.Id not in kept(books, case.entity)
            with pytest.raises(exceptions.ObjectNotFoundException):
                kind.get(made.Id, qb=client)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_entity_passes_through_batches(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    with WALK.driving(_BATCH):
        made = batch_create([kind.from_json(case.body(make_refs(books)))], qb=client)
    assert (len(made.successes), made.faults) == (1, [])
    (one,) = made.successes
    for name, value in case.change.items():
        setattr(one, name, value)
    updated = batch_update([one], qb=client)
    assert updated.faults == []
    assert case.change.items() <= kept(books, case.entity)[one.Id].items()
    if case.deletes:
        # The client reads the whole object from the reply to a delete, and finds a stub.
        batch_delete(updated.successes, qb=client)
        assert one.Id not in kept(books, case.entity)


@pytest.mark.parametrize("case", OUTWARD, ids=str)
def test_a_document_is_printed_and_mailed(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    made = make(kind, case, make_refs(books), client)
    with WALK.driving(outward(case)):
        if issubclass(kind, QuickbooksPdfDownloadable):
            assert made.download_pdf(qb=client).startswith(b"%PDF-")
        if issubclass(kind, SendMixin):
            assert made.send(qb=client, send_to="ann+1@example.com")[case.entity]["EmailStatus"] == "EmailSent"
            assert kept(books, case.entity)[made.Id]["BillEmail"]["Address"] == "ann+1@example.com"


@pytest.mark.parametrize("case", VOIDED, ids=str)
def test_a_document_is_voided(books: Books, client: Any, case: Case) -> None:
    kind = kind_of(case)
    made = make(kind, case, make_refs(books), client)
    with WALK.driving(_every(case.entity, "void")):
        made.void(qb=client)
    voided = kept(books, case.entity)[made.Id]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


@pytest.mark.parametrize("from_path", [False, True], ids=["bytes", "path"])
def test_a_file_is_attached(books: Books, client: Any, tmp_path: Path, from_path: bool) -> None:
    case = next(one for one in CASES if one.entity == "Attachable")
    invoice = next(one for one in CASES if one.entity == "Invoice")
    document = make(kind_of(invoice), invoice, make_refs(books), client)
    kind = kind_of(case)
    reference = {"EntityRef": {"type": "Invoice", "value": document.Id}}
    file = kind.from_json({"FileName": "note.txt", "ContentType": "text/plain", "AttachableRef": [reference]})
    if from_path:
        (tmp_path / "note.txt").write_bytes(b"hello")
        file._FilePath = str(tmp_path / "note.txt")
    else:
        file._FileBytes = b"hello"
    file.save(qb=client)
    stored = kept(books, case.entity)[file.Id]
    assert (stored["FileName"], stored["Size"]) == ("note.txt", 5)
    assert stored["AttachableRef"][0]["EntityRef"]["value"] == document.Id
    found = kind.where(f"AttachableRef.EntityRef.value = '{document.Id}'", qb=client)
    assert [one.Id for one in found] == [file.Id]


# What is not made as the others are ---------------------------------------------------------------


@WALK.walks(
    *_every("CompanyCurrency", "get", "save", *FINDS), *_every("ExchangeRate", "save", *FINDS),
)  # fmt: skip
@pytest.mark.parametrize("plans", [[Plan(multicurrency=True)]], ids=["several currencies"])
def test_currencies_and_exchange_rates_are_set_and_read(books: Books, client: Any) -> None:
    currency = CompanyCurrency.from_json({"Code": "EUR", "Name": "Euro"})
    currency.save(qb=client)
    currency = CompanyCurrency.get(currency.Id, qb=client)
    assert currency.Code == "EUR"
    currency.Active = False
    currency.save(qb=client)
    assert kept(books, "CompanyCurrency")[currency.Id]["Active"] is False
    assert CompanyCurrency.all(qb=client) == []
    currency = CompanyCurrency.get(currency.Id, qb=client)
    currency.Active = True
    currency.save(qb=client)
    assert_found(CompanyCurrency, currency.Id, client, list(kept(books, "CompanyCurrency")))
    day = books.simulator.companies[books.realm].today().isoformat()
    ExchangeRate.from_json({"SourceCurrencyCode": "EUR", "AsOfDate": day, "Rate": 1.25}).save(qb=client)
    for found in (
        ExchangeRate.filter(SourceCurrencyCode="EUR", AsOfDate=day, qb=client),
        ExchangeRate.choose(["EUR"], field="SourceCurrencyCode", qb=client),
        ExchangeRate.where(f"SourceCurrencyCode = 'EUR' AND AsOfDate = '{day}'", qb=client),
        ExchangeRate.query("SELECT * FROM ExchangeRate WHERE SourceCurrencyCode = 'EUR'", qb=client),
        ExchangeRate.all(qb=client),
    ):
        assert ("EUR", 1.25) in [(one.SourceCurrencyCode, one.Rate) for one in found]
    assert ExchangeRate.count("SourceCurrencyCode = 'EUR'", qb=client) == 1


@WALK.walks(
    *_every("TaxAgency", "get", "save", *FINDS), "TaxService.save", *_every("TaxCode", "get", *FINDS),
    *_every("TaxRate", "get", *FINDS),
)  # fmt: skip
def test_taxes_are_made_by_the_tax_service_and_read(books: Books, client: Any) -> None:
    agency = TaxAgency()
    agency.DisplayName = "City"
    agency.save(qb=client)
    assert TaxAgency.get(agency.Id, qb=client).DisplayName == "City"
    assert_found(TaxAgency, agency.Id, client, list(kept(books, "TaxAgency")))
    service = TaxService()
    service.TaxCode = "City tax"
    rate = TaxRateDetails()
    rate.TaxRateName, rate.RateValue, rate.TaxAgencyId = "City", 2, agency.Id
    service.TaxRateDetails.append(rate)
    made = service.save(qb=client)
    code = TaxCode.get(made.TaxCodeId, qb=client)
    assert code.SalesTaxRateList.TaxRateDetail[0].TaxRateRef.name == "City"
    rate = TaxRate.get(made.TaxRateDetails[0].TaxRateId, qb=client)
    assert (rate.RateValue, rate.AgencyRef.value) == (2, agency.Id)
    assert_found(TaxRate, rate.Id, client, list(kept(books, "TaxRate")))
    assert [one.Id for one in TaxCode.filter(Name="City tax", qb=client)] == [code.Id]
    for found in (
        TaxCode.choose([code.Id, "NON"], qb=client),
        TaxCode.where("Active = true", qb=client),
        TaxCode.query("SELECT * FROM TaxCode", qb=client),
        TaxCode.all(qb=client),
    ):
        assert {code.Id, "NON"} <= {one.Id for one in found}
    assert TaxCode.count(qb=client) == len(kept(books, "TaxCode"))
    # Intuit documents no change of an agency.
    agency.DisplayName = "State"
    with pytest.raises(exceptions.UnsupportedException):
        agency.save(qb=client)


@WALK.walks(*_every("CompanyInfo", "get", "save", *FINDS), *_every("Preferences", "get", "save"))
def test_the_company_and_its_preferences_are_read_and_saved(books: Books, client: Any) -> None:
    company = CompanyInfo.get(books.realm, qb=client)
    assert (company.CompanyName, company.Country) == ("Simulated Company 1", "US")
    company.LegalName = "Simulated Company, Inc."
    company.save(qb=client)
    assert CompanyInfo.get(books.realm, qb=client).LegalName == "Simulated Company, Inc."
    assert_found(CompanyInfo, "1", client, ["1"])
    preferences = Preferences.get(qb=client)
    assert preferences.SalesFormsPrefs.CustomTxnNumbers is True
    assert preferences.TaxPrefs.UsingSalesTax is True
    preferences.SalesFormsPrefs.AllowDeposit = True
    preferences.save(qb=client)
    saved = Preferences.get(qb=client)
    assert saved.SalesFormsPrefs.AllowDeposit is True
    assert int(saved.SyncToken) == int(preferences.SyncToken) + 1


# Errors, webhooks, tokens -------------------------------------------------------------------------


@WALK.walks("QuickBooks.handle_exceptions")
def test_every_exception_of_the_client_is_provoked(books: Books, client: Any) -> None:
    customer, bill = CLASSES["Customer"], CLASSES["Bill"]
    twin = customer.from_json({"DisplayName": "Twin"})
    twin.save(qb=client)
    many = [customer.from_json({"DisplayName": f"One of many {number}"}) for number in range(31)]
    refusals: tuple[tuple[Any, int, Any], ...] = (
        (exceptions.ObjectNotFoundException, 610, lambda: customer.get(99, qb=client)),
        (exceptions.UnsupportedException, 500, lambda: bill.get(1, qb=client)),
        (exceptions.GeneralException, 1040, lambda: BatchManager("create", max_request_items=31).save(many, qb=client)),
        (exceptions.ValidationException, 4001, lambda: customer.where("Colour = 'red'", qb=client)),
        (exceptions.QuickbooksException, 6240, lambda: customer.from_json({"DisplayName": "Twin"}).save(qb=client)),
    )
    faults = (
        (exceptions.AuthorizationException, 401, "expired_token"),
        (exceptions.SevereException, 10000, "status"),
        # The client makes these of answers that are not in the form of the accounting API.
        (exceptions.QuickbooksException, 10000, "throttle"),
        (exceptions.QuickbooksException, 10000, "html"),
    )
    for error, code, call in refusals:
        with pytest.raises(error) as caught:
            call()
        assert (type(caught.value), caught.value.error_code) == (error, code)
    for error, code, what in faults:
        books.control("POST", "faults", {"what": what, "count": 1})
        with pytest.raises(error) as caught:
            customer.get(twin.Id, qb=client)
        assert (type(caught.value), caught.value.error_code) == (error, code)
    every = {exceptions.QuickbooksException, *exceptions.QuickbooksException.__subclasses__()}
    assert {error for error, *_ in (*refusals, *faults)} == every


@WALK.walks("QuickBooks.validate_webhook_signature")
def test_a_webhook_is_known_by_its_signature(books: Books, client: Any, inbox: Inbox) -> None:
    books.control("POST", "webhooks", {"url": inbox.url})
    CLASSES["Customer"].from_json({"DisplayName": "Söhne"}).save(qb=client)
    [body] = inbox.wait_for(1)
    headers = {name.lower(): value for name, value in inbox.headers[0].items()}
    verifier = books.control("GET", "credentials")["verifier_token"]
    assert client.validate_webhook_signature(body.decode(), headers["intuit-signature"], verifier)
    assert not client.validate_webhook_signature(body.decode(), headers["intuit-signature"], "another")


@OAUTH.walks(*OAUTH.offered["AuthClient"])
def test_the_consent_flow_gives_tokens_and_revoking_ends_them(books: Books, auth: AuthClient) -> None:
    auth.setAuthorizeURLs({
        "auth_endpoint": f"{books.url}/connect/oauth2",
        "token_endpoint": f"{books.url}/oauth2/v1/tokens/bearer",
        "revoke_endpoint": f"{books.url}/v2/oauth2/tokens/revoke",
        "user_info_url": f"{books.url}/v1/openid_connect/userinfo",
    })  # fmt: skip
    address = auth.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL])
    click = {"realm_id": books.realm, "decision": "connect"}
    back = books.session.post(address, data=click, allow_redirects=False, timeout=PATIENCE_S).headers["Location"]
    given = dict(parse_qsl(urlsplit(back).query))
    assert (given["state"], given["realmId"]) == (auth.state_token, books.realm)
    auth.get_bearer_token(given["code"], realm_id=given["realmId"])
    books.token = auth.access_token
    assert books.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 0}
    with pytest.raises(AuthClientError) as again:
        auth.get_bearer_token(given["code"])
    assert again.value.status_code == 400
    assert auth.get_user_info().json()["emailVerified"] is True
    auth.refresh()
    auth.revoke()
    assert books.send("GET", "companyinfo/1").status_code == 401
    with pytest.raises(AuthClientError):
        auth.get_user_info()
    with pytest.raises(AuthClientError):
        auth.refresh()


# What is left -------------------------------------------------------------------------------------


def test_the_docs_name_all_of_the_clients_that_is_not_simulated() -> None:
    assert OAUTH.left() == set()
    assert named_in("quickbooks.md", "### What of python-quickbooks is not simulated") == WALK.left()
