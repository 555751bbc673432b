"""The QuickBooks client over a real socket: what it sends, and what becomes of broken answers."""

import json
import socket
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.errors import (
    DuplicateNameError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    SyncError,
    TransientError,
)
from shared.outbound import Outbound
from shared.quickbooks.client import BatchItem, Exchange, QuickBooksClient, quoted
from tests.patience import PATIENCE_S, eventually
from tests.scripted_server import Reply, Request, Script, in_turn, serving

SAMPLES = Path(__file__).parent.parent / "samples" / "quickbooks"
INVOICE = {"Id": "7", "SyncToken": "0", "TotalAmt": 12.3}
OK = Reply(200, {"Invoice": INVOICE, "time": "x"}, {"intuit_tid": "1-abc", "Content-Type": "application/json"})


class CountingPace:
    """Lets every call through and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str | float] = []

    def before_call(self) -> None:
        self.told.append("call")

    def before_batch(self) -> None:
        self.told.append("batch")

    def refused(self, retry_after_s: float) -> None:
        self.told.append(retry_after_s)


class Company:
    """A client of company 123 against a scripted server."""

    def __init__(self, url: str, *, read_timeout_s: float = PATIENCE_S) -> None:
        self.pace = CountingPace()
        self.refused_tokens: list[str | None] = []
        self.exchanges: list[Exchange] = []
        self.outbound = Outbound("QuickBooks", connect_timeout_s=PATIENCE_S, read_timeout_s=read_timeout_s)
        self.client = QuickBooksClient(
            url,
            "123",
            access_token=self.token,
            pace=self.pace,
            outbound=self.outbound,
            on_exchange=self.exchanges.append,
        )

    def token(self, refused: str | None) -> str:
        self.refused_tokens.append(refused)
        return f"token-{len(self.refused_tokens)}"


def asked(script: Script, act: Callable[[QuickBooksClient], Any]) -> tuple[Any, list[Request], Company]:
    """Let a client act against a script; return its result or error, what arrived, and the company."""
    with serving(script) as server:
        company = Company(server.url)
        try:
            result = act(company.client)
        except SyncError as error:
            result = error
        finally:
            company.outbound.close()
        return result, server.requests, company


def test_a_create_sends_exact_amounts_under_its_request_id() -> None:
    body = {"Line": [{"Amount": Decimal("1234567890.10")}], "DocNumber": "INVD-1"}
    result, [request], company = asked(in_turn(OK), lambda qbo: qbo.create("Invoice", body, "r-1"))
    assert (request.method, request.path) == ("POST", "/v3/company/123/invoice")
    assert request.query == {"minorversion": "75", "requestid": "r-1"}
    assert b'"Amount":1234567890.10' in request.body
    assert request.headers["Authorization"] == "Bearer token-1"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Content-Type"] == "application/json"
    assert result == {"Id": "7", "SyncToken": "0", "TotalAmt": Decimal("12.3")}
    assert company.pace.told == ["call"]


def test_each_operation_has_the_form_that_quickbooks_wants() -> None:
    def script(request: Request) -> Reply:
        entity = {"invoice": "Invoice", "payment": "Payment"}[request.path.rsplit("/", 1)[1]]
        return Reply(200, {entity: {"Id": "7", "status": "Deleted"}})

    def act(qbo: QuickBooksClient) -> None:
        named = {"Id": "7", "SyncToken": "3"}
        qbo.create("Invoice", {}, "a", params={"include": "allowduplicatedocnum"})
        qbo.update("Invoice", {**named, "sparse": True}, "b")
        qbo.void("Invoice", named, "c")
        qbo.void("Payment", named, "d")
        qbo.delete("Payment", named, "e")

    result, requests, _ = asked(script, act)
    assert result is None
    forms = [(request.path.rsplit("/", 1)[1], request.query, json.loads(request.body)) for request in requests]
    version = {"minorversion": "75"}
    assert forms == [
        ("invoice", version | {"requestid": "a", "include": "allowduplicatedocnum"}, {}),
        ("invoice", version | {"requestid": "b"}, {"Id": "7", "SyncToken": "3", "sparse": True}),
        ("invoice", version | {"requestid": "c", "operation": "void"}, {"Id": "7", "SyncToken": "3"}),
        (
            "payment",
            version | {"requestid": "d", "operation": "update", "include": "void"},
            {"Id": "7", "SyncToken": "3", "sparse": True},
        ),
        ("payment", version | {"requestid": "e", "operation": "delete"}, {"Id": "7", "SyncToken": "3"}),
    ]


def test_a_tax_code_comes_back_unwrapped() -> None:
    reply = {"TaxCode": "Invoiced", "TaxCodeId": "9", "TaxRateDetails": [{"TaxRateId": "4"}]}
    result, [request], _ = asked(
        in_turn(Reply(200, reply)), lambda qbo: qbo.create_tax_code({"TaxCode": "Invoiced"}, "r")
    )
    assert request.path == "/v3/company/123/taxservice/taxcode"
    assert result == reply


def test_each_item_of_a_batch_has_its_own_fate() -> None:
    fault = json.loads((SAMPLES / "duplicate_name.json").read_bytes())["Fault"]
    answered = [{"bId": "2", "Fault": fault}, {"bId": "1", "Item": {"Id": "5"}}]
    items = [BatchItem(str(n), "Item", {"Name": f"N{n}"}) for n in (1, 2, 3)]
    result, [request], company = asked(
        in_turn(Reply(200, {"BatchItemResponse": answered})), lambda qbo: qbo.batch(items, "r")
    )
    assert request.path == "/v3/company/123/batch"
    assert json.loads(request.body)["BatchItemRequest"][0] == {
        "bId": "1",
        "operation": "create",
        "Item": {"Name": "N1"},
    }
    assert [reply.item_id for reply in result] == ["1", "2", "3"]
    assert result[0].reply == {"Id": "5"}
    assert isinstance(result[1].error, DuplicateNameError)
    assert isinstance(result[2].error, TransientError)
    assert result[2].error.outcome_unknown
    assert company.pace.told == ["batch"]


def test_a_query_goes_as_text_and_values_cannot_leave_their_quotes() -> None:
    statement = f"SELECT * FROM Customer WHERE DisplayName = {quoted(chr(92) + 'O' + chr(39) + 'Neil')}"
    result, [request], _ = asked(
        in_turn(Reply(200, {"QueryResponse": {"Customer": [{"Id": "1"}], "maxResults": 1}})),
        lambda qbo: qbo.query("Customer", statement),
    )
    assert request.body == rb"SELECT * FROM Customer WHERE DisplayName = '\\O\'Neil'"
    assert request.headers["Content-Type"] == "application/text"
    assert result == [{"Id": "1"}]
    nothing, _, _ = asked(in_turn(Reply(200, {"QueryResponse": {}})), lambda qbo: qbo.query("Customer", statement))
    assert nothing == []


def test_a_read_names_one_object_and_nothing_else() -> None:
    result, [request], _ = asked(in_turn(OK), lambda qbo: qbo.read("Invoice", "7"))
    assert (request.method, request.path) == ("GET", "/v3/company/123/invoice/7")
    assert result["Id"] == "7"
    for hostile in ("../customer/7", "..", "7?operation=delete", "", "7/8", "7\n"):
        result, requests, _ = asked(in_turn(OK), partial(QuickBooksClient.read, entity="Invoice", object_id=hostile))
        assert isinstance(result, RejectedError)
        assert requests == []


def test_an_object_that_is_gone_is_not_found() -> None:
    gone = Reply(400, (SAMPLES / "deleted_transaction.json").read_bytes())
    result, _, _ = asked(in_turn(gone), lambda qbo: qbo.read("Invoice", "7"))
    assert isinstance(result, NotFoundError)


EXPIRED = Reply(401, (SAMPLES / "token_expired.json").read_bytes())


def test_an_expired_token_is_replaced_once_and_the_same_request_sent_again() -> None:
    result, requests, company = asked(in_turn(EXPIRED, OK), lambda qbo: qbo.create("Invoice", {"A": 1}, "r-1"))
    assert result["Id"] == "7"
    assert company.refused_tokens == [None, "token-1"]
    assert [request.headers["Authorization"] for request in requests] == ["Bearer token-1", "Bearer token-2"]
    assert requests[0].target == requests[1].target
    assert requests[0].body == requests[1].body


def test_a_fresh_token_that_is_refused_too_postpones_the_work() -> None:
    result, requests, _ = asked(in_turn(EXPIRED), lambda qbo: qbo.create("Invoice", {}, "r-1"))
    assert isinstance(result, TransientError)
    assert not result.outcome_unknown
    assert len(requests) == 2


BROKEN = {
    "cut": Reply(fate="cut"),
    "reset": Reply(fate="reset"),
    "truncated": Reply(200, OK.body, fate="truncate"),
    "html": Reply(200, "<html><body>Welcome to the proxy</body></html>"),
    "another object": Reply(200, {"Customer": {"Id": "7"}}),
    "server error": Reply(502, "<html>Bad gateway</html>"),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_a_write_without_a_whole_answer_has_an_unknown_outcome_and_is_not_repeated(reply: Reply) -> None:
    result, requests, _ = asked(in_turn(reply), lambda qbo: qbo.create("Invoice", {}, "r-1"))
    assert isinstance(result, TransientError)
    assert result.outcome_unknown
    assert len(requests) == 1


@pytest.mark.parametrize("fate", ["cut", "reset", "truncate"])
@pytest.mark.parametrize("act", [lambda qbo: qbo.read("Invoice", "7"), lambda qbo: qbo.query("Invoice", "select")])
def test_a_read_whose_connection_breaks_is_made_once_more(fate: Any, act: Callable[[QuickBooksClient], Any]) -> None:
    reply = Reply(200, OK.body, fate=fate)
    result, requests, _ = asked(in_turn(reply), act)
    assert isinstance(result, TransientError)
    assert not result.outcome_unknown
    assert len(requests) == 2


def test_an_answer_that_takes_too_long_leaves_the_outcome_unknown() -> None:
    gave_up = threading.Event()

    def too_late(_request: Request) -> Reply:
        gave_up.wait(PATIENCE_S)
        return Reply(200, OK.body)

    with serving(too_late) as server:
        company = Company(server.url, read_timeout_s=0.2)
        with pytest.raises(TransientError, match="in time") as caught:
            company.client.create("Invoice", {}, "r-1")
        assert caught.value.outcome_unknown
        with pytest.raises(TransientError) as caught:
            company.client.read("Invoice", "7")
        assert not caught.value.outcome_unknown
        eventually(lambda: len(server.requests) == 2)
        gave_up.set()
        company.outbound.close()


def test_a_call_that_never_left_has_a_known_outcome() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        company = Company(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TransientError, match="cannot be reached") as caught:
            company.client.create("Invoice", {}, "r-1")
        assert not caught.value.outcome_unknown
        [exchange] = company.exchanges
        assert (exchange.status, exchange.reply) == (None, None)


def test_an_exchange_holds_both_sides_and_no_token() -> None:
    refused = Reply(400, (SAMPLES / "duplicate_number.json").read_bytes(), {"intuit_tid": "1-def"})
    _, _, company = asked(in_turn(refused), lambda qbo: qbo.create("Invoice", {"DocNumber": "X"}, "r-1"))
    [exchange] = company.exchanges
    assert exchange.method == "POST"
    assert exchange.path == "/v3/company/123/invoice?minorversion=75&requestid=r-1"
    assert exchange.body == {"DocNumber": "X"}
    assert exchange.status == 400
    assert exchange.reply["Fault"]["Error"][0]["code"] == "6140"
    assert exchange.intuit_tid == "1-def"
    assert "token" not in repr(exchange)


def test_the_pace_hears_of_a_throttled_call() -> None:
    throttled = Reply(429, (SAMPLES / "throttled.xml").read_bytes(), {"Retry-After": "33"})
    result, _, company = asked(in_turn(throttled), lambda qbo: qbo.create("Invoice", {}, "r-1"))
    assert isinstance(result, RateLimitedError)
    assert company.pace.told == ["call", 33.0]


def test_neither_proxies_nor_redirects_take_the_token_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(in_turn(OK)) as elsewhere:
        moved = Reply(307, "", {"Location": elsewhere.url + "/v3/company/123/invoice"})
        result, requests, _ = asked(in_turn(moved), lambda qbo: qbo.create("Invoice", {}, "r-1"))
        assert isinstance(result, TransientError)
        assert len(requests) == 1
        assert elsewhere.requests == []


def test_what_would_break_quickbooks_own_limits_is_not_sent() -> None:
    company = Company("http://127.0.0.1:9")
    item = BatchItem("1", "Item", {})
    for act in (
        lambda: company.client.create("Invoice", {}, "r" * 51),
        lambda: company.client.create("Invoice", {}, ""),
        lambda: company.client.batch([item], "r" * 37),
        lambda: company.client.batch([BatchItem("12345678901", "Item", {})], "r"),
        lambda: company.client.batch([item] * 31, "r"),
        lambda: company.client.batch([], "r"),
        lambda: company.client.void("CreditMemo", {}, "r"),
    ):
        with pytest.raises(ValueError):
            act()
    assert company.exchanges == []


def test_threads_share_one_client() -> None:
    def echo(request: Request) -> Reply:
        return Reply(200, {"Invoice": {"Id": json.loads(request.body)["Id"]}})

    with serving(echo) as server:
        company, wrong = Company(server.url), []

        def work(name: str) -> None:
            for _ in range(10):
                if company.client.update("Invoice", {"Id": name}, "r")["Id"] != name:
                    wrong.append(name)

        threads = [threading.Thread(target=work, args=(str(n),)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        company.outbound.close()
        assert wrong == []
        assert len(server.requests) == 80


def test_a_company_is_read_with_two_calls() -> None:
    def script(request: Request) -> Reply:
        if request.path.endswith("/preferences"):
            return Reply(200, {"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}})
        return Reply(200, {"CompanyInfo": {"CompanyName": "Craig's", "Country": "USA"}})

    result, requests, _ = asked(script, lambda qbo: qbo.read_company())
    assert (result.company_name, result.country, result.home_currency) == ("Craig's", "US", "USD")
    assert [request.path for request in requests] == [
        "/v3/company/123/preferences",
        "/v3/company/123/companyinfo/123",
    ]
