"""The Invoiced client over a real socket."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import (
    InvoicedKeyError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.invoiced.client import InvoicedClient
from shared.outbound import Outbound
from tests.patience import PATIENCE_S
from tests.scripted_server import Reply, Request, Script, in_turn, serving

INVOICE = {
    "id": 46225,
    "number": "INV-0016",
    "currency": "usd",
    "date": 1416290400,
    "total": 428,
    "balance": 0,
    "customer": {"id": 15444, "name": "Acme"},
    "items": [{"id": 7, "name": "Service II", "quantity": 1, "unit_cost": 412, "amount": 412}],
    "a_field_of_tomorrow": {"x": 1},
    "metadata": [],
}
CUSTOMER = {"id": 15444, "name": "Acme", "number": "CUST-0001", "metadata": []}
PAYMENT = {"id": 61, "date": 1416300000, "currency": "usd", "amount": 428}


def asked(script: Script, act: Callable[[InvoicedClient], Any]) -> tuple[Any, list[Request]]:
    """Let a client act against a script; return its result or error, and what arrived."""
    with serving(script) as server:
        outbound = Outbound("Invoiced", connect_timeout_s=PATIENCE_S, read_timeout_s=PATIENCE_S)
        try:
            result = act(InvoicedClient(server.url, "key-1", outbound=outbound))
        except SyncError as error:
            result = error
        finally:
            outbound.close()
        return result, server.requests


def test_an_invoice_is_fetched_with_the_key_as_user_and_exact_amounts() -> None:
    body = json.dumps(INVOICE).replace('"total": 428', '"total": 428.10')
    result, [request] = asked(in_turn(Reply(200, body)), lambda invoiced: invoiced.fetch_invoice("46225"))
    assert request.target == "/invoices/46225"
    assert request.headers["Authorization"] == "Basic a2V5LTE6"
    assert str(result.total) == "428.10"
    assert result.items[0].amount == Decimal(412)


def test_each_kind_has_its_path() -> None:
    def script(request: Request) -> Reply:
        known = {"/customers/15444": CUSTOMER, "/payments/61": PAYMENT, "/credit_notes/5": {"id": 5, "number": "CN-1"}}
        return Reply(200, known[request.path])

    def act(invoiced: InvoicedClient) -> Any:
        return invoiced.fetch_customer(15444), invoiced.fetch_payment(61), invoiced.fetch_credit_note(5)

    (customer, payment, credit_note), requests = asked(script, act)
    assert (customer.name, payment.amount, credit_note.number) == ("Acme", 428, "CN-1")
    assert requests[1].query == {"include": "applied_to"}


def test_what_invoiced_syncs_by_itself_is_asked_of_an_invoice() -> None:
    answer = {"synced": True, "accounting_system": "quickbooks_online", "accounting_id": "12", "last_synced": 1}
    status, requests = asked(lambda _: Reply(body=json.dumps(answer)), lambda client: client.fetch_accounting_sync(7))
    assert status.accounting_system == "quickbooks_online"
    assert requests[0].path == "/invoices/7/accounting_sync_status"
    nothing, _ = asked(lambda _: Reply(body="{}"), lambda client: client.fetch_accounting_sync(7))
    assert nothing.accounting_system is None


@pytest.mark.parametrize("hostile", ["../customers/1", "..", "1/void", "1?x=1", "", "\uff11", "1" * 21, "1\n", "-1"])
def test_an_id_never_reaches_another_path(hostile: str) -> None:
    for act in (
        lambda invoiced: invoiced.fetch_invoice(hostile),
        lambda invoiced: invoiced.update_customer(hostile, {}),
        lambda invoiced: list(invoiced.list_payments_of_customer(hostile)),
    ):
        result, requests = asked(in_turn(Reply(200, INVOICE)), act)
        assert isinstance(result, RejectedError)
        assert requests == []


def page_of(request: Request, pages: list[list[dict[str, Any]]]) -> Reply:
    number = int(request.query["page"])
    links = [f'<http://elsewhere.test{request.path}?page={number}>; rel="self"']
    if number < len(pages):
        links.append(f'<http://elsewhere.test{request.path}?page={number + 1}>; rel="next"')
    return Reply(200, pages[number - 1], {"Link": ", ".join(links), "X-Total-Count": "3"})


def test_payments_are_listed_page_by_page_from_the_address_we_were_given() -> None:
    pages = [[PAYMENT, PAYMENT | {"id": 62}], [PAYMENT | {"id": 63}]]
    result, requests = asked(
        lambda request: page_of(request, pages), lambda invoiced: list(invoiced.list_payments_of_customer(15444))
    )
    assert [payment.id for payment in result] == [61, 62, 63]
    assert [request.query for request in requests] == [
        {
            "filter[customer]": "15444",
            "include": "applied_to",
            "sort": "created_at",
            "per_page": "100",
            "page": page,
        }
        for page in ("1", "2")
    ]


@pytest.mark.parametrize(
    "headers", [{}, {"Link": ""}, {"Link": '<http://a/x?page=1>; rel="self", <http://a/x?page=1>; rel="next"'}]
)
def test_a_list_ends_where_the_link_header_names_no_other_page(headers: dict[str, str]) -> None:
    result, requests = asked(
        in_turn(Reply(200, [PAYMENT], headers), Reply(200, [])),
        lambda invoiced: list(invoiced.list_payments_of_customer(1)),
    )
    assert len(result) == len(requests) == 1


def test_customers_are_found_by_number_name_and_metadata() -> None:
    script = in_turn(Reply(200, [CUSTOMER], {"Link": ""}))
    for act, query in (
        (lambda invoiced: invoiced.find_customers(number="CUST-0001"), {"filter[number]": "CUST-0001"}),
        (lambda invoiced: invoiced.find_customers(name="A&B=c d"), {"filter[name]": "A&B=c d"}),
        (
            lambda invoiced: invoiced.find_customers(quickbooks_customer_id="7"),
            {"metadata[quickbooks_customer_id]": "7"},
        ),
    ):
        result, [request] = asked(script, act)
        assert [customer.id for customer in result] == [15444]
        assert request.query == query | {"per_page": "100", "page": "1"}
    with pytest.raises(ValueError):
        asked(script, lambda invoiced: invoiced.find_customers())


def test_customers_are_created_and_changed() -> None:
    fields = {"name": "Acme", "metadata": {"quickbooks_customer_id": "7"}}
    result, [request] = asked(in_turn(Reply(201, CUSTOMER)), lambda invoiced: invoiced.create_customer(fields))
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/customers", fields)
    assert request.headers["Content-Type"] == "application/json"
    assert result.id == 15444
    _, [request] = asked(
        in_turn(Reply(200, CUSTOMER)), lambda invoiced: invoiced.update_customer(15444, {"phone": None})
    )
    assert (request.method, request.path, json.loads(request.body)) == ("PATCH", "/customers/15444", {"phone": None})


REFUSALS: list[tuple[Reply, type[SyncError], dict[str, Any]]] = [
    (
        Reply(404, {"type": "invalid_request", "message": "Customer was not found: 198971"}),
        NotFoundError,
        {"cause": "Invoiced does not have it: Customer was not found: 198971."},
    ),
    (Reply(401, {"type": "authentication_error", "message": "no key"}), InvoicedKeyError, {}),
    (Reply(403, {"type": "invalid_request", "message": "not allowed"}), InvoicedKeyError, {}),
    (Reply(429, {"message": "slow down"}), RateLimitedError, {"retry_after_s": 60.0}),
    (Reply(429, "", {"Retry-After": "5"}), RateLimitedError, {"retry_after_s": 5.0}),
    (Reply(500, {"type": "server_error", "message": "oops"}), TransientError, {"outcome_unknown": True}),
    (Reply(503, "<html>"), TransientError, {"outcome_unknown": True}),
    (Reply(302, "", {"Location": "/login"}), TransientError, {"outcome_unknown": False}),
    (Reply(201, "<html>"), TransientError, {"outcome_unknown": True}),
    (Reply(201, json.dumps(CUSTOMER), fate="truncate"), TransientError, {"outcome_unknown": True}),
    (Reply(fate="cut"), TransientError, {"outcome_unknown": True}),
    (
        Reply(400, {"type": "invalid_request", "message": "Number taken", "param": "number"}),
        RejectedError,
        {"cause": "Invoiced refuses it: Number taken (number).", "code": "number"},
    ),
    (Reply(422, [1]), RejectedError, {"cause": "Invoiced refuses it: HTTP 422."}),
    (Reply(201, "[]"), RejectedError, {"cause": "The new customer of Invoiced cannot be read."}),
]


@pytest.mark.parametrize(("reply", "error", "holds"), REFUSALS)
def test_an_answer_becomes_the_error_that_says_what_to_do(
    reply: Reply, error: type[SyncError], holds: dict[str, Any]
) -> None:
    result, requests = asked(in_turn(reply), lambda invoiced: invoiced.create_customer({"name": "Acme"}))
    assert type(result) is error
    assert {name: getattr(result, name) for name in holds} == holds
    assert len(requests) == 1


def test_a_read_whose_connection_breaks_is_made_once_more() -> None:
    result, requests = asked(
        in_turn(Reply(fate="reset"), Reply(200, INVOICE)), lambda invoiced: invoiced.fetch_invoice(46225)
    )
    assert result.number == "INV-0016"
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"total": "much"}, "total"),
        ({"items": [{"amount": True}]}, "items[0].amount"),
        ({"number": None}, "number"),
        ({"items": [{"amount": 1, "taxes": [{"amount": {}}]}]}, "items[0].taxes[0].amount"),
    ],
)
def test_a_malformed_object_names_record_and_field(changed: dict[str, Any], field: str) -> None:
    result, _ = asked(in_turn(Reply(200, INVOICE | changed)), lambda invoiced: invoiced.fetch_invoice(46225))
    assert isinstance(result, RejectedError)
    assert result.cause == f"Invoice 46225 of Invoiced cannot be read in the field {field}."


def test_a_malformed_object_in_a_list_is_named_by_its_own_id() -> None:
    broken = PAYMENT | {"id": 62, "amount": None}
    result, _ = asked(
        in_turn(Reply(200, [PAYMENT, broken])), lambda invoiced: list(invoiced.list_payments_of_customer(1))
    )
    assert isinstance(result, RejectedError)
    assert result.cause == "Payment 62 of Invoiced cannot be read in the field amount."
