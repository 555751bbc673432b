"""Invoiced's own Python client, class by class and method by method; the docs name what of it is not simulated."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from invoiced import errors
from invoiced.operations import InvoicedObject

from tests.simulators import test_invoiced_charges  # noqa: F401 - it walks the client too
from tests.simulators.client_walk import named_in
from tests.simulators.invoiced_walk import WALK
from tests.simulators.simulator_drivers import Account

OWNER = 1001  # the id of an account's first customer

# What every class has -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A class, the body that makes its object of a given name, and what a change of it sends."""

    name: str
    body: Callable[[str], dict[str, Any]]
    change: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    @property
    def life(self) -> set[str]:
        """What every class has."""
        return {f"{self.name}.{method}" for method in ("create", "retrieve", "save", "list", "delete")}


def _document(name: str) -> dict[str, Any]:
    return {"customer": OWNER, "name": name, "items": [{"name": "Work", "quantity": 2, "unit_cost": 50.25}]}


CASES = (
    Case("Contact", lambda name: {"name": name, "email": "ann@example.com"}, {"title": "Buyer", "phone": "555"}),
    Case("Coupon", lambda name: {"name": name, "value": 2.5}, {"metadata": {"seen": "yes"}}),
    Case("CreditNote", _document, {"notes": "changed", "purchase_order": "7"}),
    Case("Customer", lambda name: {"name": name}, {"city": "Chicago", "metadata": {"quickbooks_customer_id": "7"}}),
    Case("Invoice", _document, {"notes": "changed", "date": 1_793_250_000}),
    Case("Item", lambda name: {"name": name, "unit_cost": 12.5}, {"description": "changed"}),
    Case("Payment", lambda name: {"customer": OWNER, "amount": 5.25, "reference": name}, {"method": "check"}),
    Case("TaxRate", lambda name: {"name": name, "value": 6.25}, {"metadata": {"seen": "yes"}}),
)
WALK.walked.update(*(case.life for case in CASES))


@pytest.fixture
def client(account: Account) -> Any:
    account.client.Customer.create(name="Owner", email="pay@acme.example")
    return account.client


def listed(kind: Any, per_page: int) -> list[Any]:
    """Return the ids of a whole list, read page by page as its Link headers say."""
    found: list[Any] = []
    params = {"per_page": str(per_page)}
    while True:
        page, meta = kind.list(**params)
        found += [one.id for one in page]
        if "next" not in meta.links:
            assert meta.total_count == len(found)
            assert set(meta.links) == {"self", "first", "last"} | ({"previous"} if len(found) > per_page else set())
            return found
        assert len(page) == per_page
        params = dict(parse_qsl(urlsplit(meta.links["next"]).query))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_object_is_made_read_changed_listed_and_deleted(client: Any, case: Case) -> None:
    kind = client.Customer.retrieve(OWNER).contacts() if case.name == "Contact" else getattr(client, case.name)
    before = listed(kind, 2)
    assert before == ([OWNER] if case.name == "Customer" else [])
    with WALK.driving(case.life):
        made = [kind.create(idempotency_key=f"walk-{name}", **case.body(name)) for name in ("A", "B", "C")]
        one = made[0]
        assert isinstance(one, WALK.classes[case.name])
        assert kind.retrieve(one.id) == one
        assert not one.save()
        for name, value in case.change.items():
            setattr(one, name, value)
        assert one.save()
        assert case.change.items() <= kind.retrieve(one.id).items()
        assert listed(kind, 2) == before + [each.id for each in made]
        assert one.delete()
        if case.name == "Payment":
            assert one.voided and kind.retrieve(one.id) == one
        else:
            with pytest.raises(errors.InvalidRequestError) as caught:
                kind.retrieve(one.id)
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", case.name).capitalize()
            assert caught.value.error == {"type": "invalid_request", "message": f"{words} was not found: {one.id}"}
            assert listed(kind, 2) == before + [each.id for each in made[1:]]


# What a class has of its own ----------------------------------------------------------------------


@WALK.walks("Customer.contacts", "Customer.balance", "Customer.send_statement")
def test_a_customer_has_contacts_a_balance_and_statements(account: Account, client: Any) -> None:
    customer = client.Customer.retrieve(OWNER)
    other = client.Customer.create(name="Other").contacts()
    ann = customer.contacts().create(name="Ann", email="Ann@Example.com", country="us")
    assert (ann.email, ann.country, ann.primary, ann.customer) == ("ann@example.com", "US", True, OWNER)
    bob = customer.contacts().create(name="Bob", primary=False)
    assert [one.name for one in customer.contacts().list(sort="name DESC")[0]] == ["Bob", "Ann"]
    with pytest.raises(errors.InvalidRequestError) as caught:
        other.retrieve(bob.id)
    assert (caught.value.status_code, caught.value.error["message"]) == (404, f"Contact was not found: {bob.id}")
    with pytest.raises(errors.InvalidRequestError):
        customer.contacts().create(email="ann@example.com")

    client.Invoice.create(**_document("Bill"))
    client.Payment.create(customer=OWNER, date=86_400, amount=8, applied_to=[{"type": "credit", "amount": 8}])
    assert customer.balance() == {
        "currency": "usd", "available_credits": 8, "total_outstanding": 100.5, "due_now": 100.5, "past_due": False,
        "history": [{"timestamp": 86_400, "currency": "usd", "balance": 8}],
    }  # fmt: skip
    (mail,) = customer.send_statement(type="open_item")
    assert (mail.state, mail.email, mail.template) == ("sent", "pay@acme.example", "statement_email")
    calls = [(one["entity"], one["operation"]) for one in account.control("GET", "requests", 200)]
    assert calls[-2:] == [("customer", "read"), ("customer", "send")]


def test_contacts_go_with_their_customer_and_tell_so(account: Account, client: Any) -> None:
    customer = client.Customer.retrieve(OWNER)
    ann = customer.contacts().create(name="Ann")
    ann.title = "Buyer"
    ann.save()
    customer.delete()
    assert [(one.type, one.data["object"]["id"]) for one in reversed(client.Event.list()[0])] == [
        ("customer.created", OWNER), ("contact.created", ann.id), ("contact.updated", ann.id),
        ("contact.deleted", ann.id), ("customer.deleted", OWNER),
    ]  # fmt: skip
    with pytest.raises(errors.InvalidRequestError):
        customer.contacts().list()
    # A metadata filter on what has none does not break the list.
    assert client.Customer.create(name="Other").contacts().list(metadata={"a": "b"})[0] == []
    logged = account.control("GET", "requests", 200)
    assert [one["operation"] for one in logged if one["entity"] == "contact"] == ["create", "update", "query", "query"]


@WALK.walks("Invoice.send", "Invoice.void")
def test_a_draft_is_issued_sent_and_voided(client: Any) -> None:
    invoice = client.Invoice.create(**_document("Bill"), draft=True)
    assert (invoice.status, invoice.balance, invoice.total, invoice.payment_url) == ("draft", 0, 100.5, None)
    with pytest.raises(errors.InvalidRequestError):
        invoice.send()
    invoice.draft = False
    assert invoice.save()
    assert (invoice.status, invoice.balance) == ("not_sent", 100.5)
    (mail,) = invoice.send()
    assert (mail.state, mail.email, mail.template) == ("sent", "pay@acme.example", "new_invoice_email")
    assert client.Invoice.retrieve(invoice.id).status == "sent"
    to = [{"name": "Ann", "email": "ann@example.com"}, {"name": "Bob", "email": "bob@example.com"}]
    mails = invoice.send(to=to, subject="Once more", message="Dear both")
    assert [(one.email, one.subject, one.message) for one in mails] == [
        ("ann@example.com", "Once more", "Dear both"), ("bob@example.com", "Once more", "Dear both"),
    ]  # fmt: skip
    with pytest.raises(errors.InvalidRequestError) as caught:
        invoice.save(draft=True)
    assert caught.value.error["param"] == "draft"
    assert invoice.void()
    assert (invoice.status, invoice.balance, invoice.paid, invoice.payment_url) == ("voided", 0, False, None)
    with pytest.raises(errors.InvalidRequestError):
        invoice.void()


@WALK.walks("CreditNote.send", "CreditNote.void")
def test_a_credit_note_is_issued_sent_and_voided(client: Any) -> None:
    note = client.CreditNote.create(**_document("Credit"), draft=True)
    assert (note.number, note.status, note.balance) == ("CN-0001", "draft", 0)
    note.draft = False
    assert note.save()
    assert (note.status, note.balance) == ("open", 100.5)
    (mail,) = note.send()
    assert (mail.email, mail.subject) == ("pay@acme.example", "New Credit Note: CN-0001")
    assert note.void() and note.status == "voided"
    with pytest.raises(errors.InvalidRequestError):
        note.send()


@WALK.walks(
    "Customer.payment_sources", "PaymentSource.create", "PaymentSource.list", "Card.delete", "BankAccount.delete"
)
def test_cards_and_bank_accounts_are_kept_charged_and_forgotten(account: Account, client: Any) -> None:
    sources = client.Customer.retrieve(OWNER).payment_sources()
    card = sources.create(method="credit_card", invoiced_token="tok_1", make_default=True)
    bank = sources.create(method="ach", gateway_token="pending_1")
    assert (card.object, card.brand, bank.object, bank.bank_name) == ("card", "Visa", "bank_account", "Simulated Bank")
    assert listed(sources, 1) == [card.id, bank.id]
    assert client.Customer.retrieve(OWNER).payment_source == card
    saved = {"payment_source_type": "bank_account", "payment_source_id": bank.id}
    payment = client.Charge.create(customer=OWNER, method="ach", amount=5, applied_to=[], **saved)
    assert payment.charge["status"] == "pending"
    for wrong in ({"method": "cash"}, {"gateway_token": "fail_1"}, {"invoiced_token": None}, {"gateway_token": "two"}):
        with pytest.raises(errors.InvalidRequestError) as caught:
            sources.create(**{"method": "ach", "invoiced_token": "tok_2"} | wrong)
        assert caught.value.status_code == 400
    assert card.delete() and bank.delete()
    assert listed(sources, 1) == []
    assert client.Customer.retrieve(OWNER).payment_source is None
    for gone, words in ((card, "Card"), (bank, "Bank account")):
        with pytest.raises(errors.InvalidRequestError, match=f"{words} was not found: {gone.id}"):
            gone.delete()
    told = [one.type for one in client.Event.list()[0] if one.type.startswith("payment_source")]
    assert told == ["payment_source.deleted"] * 2 + ["payment_source.created"] * 2
    logged = [one["operation"] for one in account.control("GET", "requests", 200) if one["entity"] == "payment_source"]
    assert [logged.count(one) for one in ("create", "query", "delete")] == [6, 3, 4]


@WALK.walks("Payment.send")
def test_a_receipt_of_a_payment_is_sent(client: Any) -> None:
    (mail,) = client.Payment.create(customer=OWNER, amount=5).send()
    assert (mail.email, mail.template) == ("pay@acme.example", "payment_receipt_email")
    # Nobody is known who paid.
    unknown = client.Payment.create(amount=5)
    with pytest.raises(errors.InvalidRequestError) as caught:
        unknown.send()
    assert caught.value.error["param"] == "to"
    with pytest.raises(errors.InvalidRequestError):
        unknown.send(to=[{"name": "Ann"}])
    assert [one.email for one in unknown.send(to=[{"email": "ann@example.com"}])] == ["ann@example.com"]


@WALK.walks("Event.list", "Event.retrieve")
def test_events_are_listed_found_and_read(client: Any) -> None:
    client.Customer.create(name="B")
    client.Invoice.create(**_document("Bill") | {"customer": 1002})
    assert listed(client.Event, 2) == [3, 2, 1]
    found = client.Event.list(related_to="customer,1002")[0]
    assert [one.type for one in found] == ["invoice.created", "customer.created"]
    (created,) = client.Event.list(type="invoice.created")[0]
    assert client.Event.retrieve(created.id) == created
    assert created.data["object"]["customer"]["name"] == "B"


# Errors -------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[dict[str, Any], type[Exception], int | None]] = {
    "bad request": ({"what": "status", "status": 400, "operation": "query"}, errors.InvalidRequestError, 400),
    "no right": ({"what": "status", "status": 403}, errors.InvalidRequestError, 403),
    "key revoked": ({"what": "expired_token"}, errors.AuthenticationError, 401),
    "too fast": ({"what": "throttle"}, errors.RateLimitError, 429),
    "out of order": ({"what": "status", "entity": "customer"}, errors.ApiError, 500),
    "no JSON": ({"what": "html"}, errors.ApiError, 503),
    "no answer": ({"what": "cut_before"}, errors.ApiConnectionError, None),
}


def test_every_error_of_the_client_is_provoked() -> None:
    assert {error for _, error, _ in FAULTS.values()} == set(errors.ErrorBase.__subclasses__())


@pytest.mark.parametrize(("rule", "error", "status"), FAULTS.values(), ids=FAULTS)
def test_a_fault_reaches_the_client_as_its_error(
    account: Account, rule: dict[str, Any], error: Any, status: int | None
) -> None:
    account.control("POST", "faults", 201, json={**rule, "count": 1})
    with pytest.raises(error) as caught:
        account.client.Customer.list()
    assert (type(caught.value), caught.value.status_code) == (error, status)
    if status not in (None, 503):
        assert caught.value.error["type"] == ("api" if status == 500 else "invalid_request")
    assert account.client.Customer.list()[0] == []


def test_who_has_no_key_is_not_let_in(account: Account) -> None:
    account.key = "wrong"
    with pytest.raises(errors.AuthenticationError) as caught:
        account.client.Customer.list()
    assert caught.value.status_code == 401


# What is left -------------------------------------------------------------------------------------


def test_the_docs_name_all_of_the_client_that_is_not_simulated() -> None:
    assert named_in("invoiced.md", "### What of the Python client is not simulated") == WALK.left()


def test_what_is_not_simulated_is_answered_as_unknown(client: Any) -> None:
    unknown = [kind(client) for name, kind in WALK.classes.items() if name in WALK.left()]
    customer = client.Customer.retrieve(OWNER)
    invoice = client.Invoice.create(**_document("Bill"))
    calls = [
        *(functools.partial(one.retrieve, 1) for one in unknown if type(one).retrieve is InvoicedObject.retrieve),
        customer.line_items().list, customer.invoice, customer.consolidate_invoices, customer.list_notes().list,
        customer.send_statement_sms, customer.send_statement_letter,
        invoice.payment_plan().retrieve, invoice.attachments, invoice.notes().list, invoice.send_sms,
        invoice.send_letter, client.CreditNote.attachments, functools.partial(client.Refund.retrieve, 1),
        functools.partial(customer.payment_sources().retrieve, 1),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(errors.InvalidRequestError, match="Request was not recognized") as caught:
            call()
        assert caught.value.status_code == 404
