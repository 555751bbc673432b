"""The consent page: what an app gets back, from which company, and which requests are not answered by redirect."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, running

ACCOUNTING = "com.intuit.quickbooks.accounting"
HOME = "http://localhost:9/callback"


@pytest.fixture
def two() -> Iterator[list[Books]]:
    with running(companies=2) as companies:
        yield companies


def asked(books: Books, **changes: str) -> dict[str, str]:
    wanted = {"client_id": books.client[0], "response_type": "code", "scope": ACCOUNTING, "redirect_uri": HOME}
    return {**wanted, "state": "s 1&2", **changes}


def page(books: Books, **changes: str) -> requests.Response:
    return books.session.get(f"{books.url}/connect/oauth2", params=asked(books, **changes), timeout=PATIENCE_S)


def decide(books: Books, decision: str, **changes: str) -> dict[str, str]:
    """What the app is told after a click."""
    reply = books.session.post(
        f"{books.url}/connect/oauth2",
        params=asked(books, **changes),
        data={"realm_id": books.realm, "decision": decision},
        allow_redirects=False,
        timeout=PATIENCE_S,
    )
    assert reply.status_code == 302, reply.text
    target = urlsplit(reply.headers["Location"])
    assert target._replace(query="").geturl() == HOME
    return {name: values[0] for name, values in parse_qs(target.query).items()}


def exchange(books: Books, code: str, redirect_uri: str = HOME) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return books.session.post(f"{books.url}/oauth2/v1/tokens/bearer", data=form, auth=books.client, timeout=PATIENCE_S)


def test_the_page_offers_every_company_and_two_buttons(two: list[Books]) -> None:
    shown = page(two[0])
    assert shown.status_code == 200
    for books in two:
        assert f'value="{books.realm}"' in shown.text
    assert 'value="connect"' in shown.text
    assert 'value="cancel"' in shown.text


def test_connect_opens_the_chosen_company_alone(two: list[Books]) -> None:
    chosen = two[1]
    told = decide(chosen, "connect")
    assert set(told) == {"code", "state", "realmId"}
    assert (told["realmId"], told["state"]) == (chosen.realm, "s 1&2")
    issued = exchange(chosen, told["code"]).json()
    assert issued["x_refresh_token_expires_in"] == 8_726_400
    chosen.token = issued["access_token"]
    assert chosen.send("GET", f"companyinfo/{chosen.realm}").status_code == 200
    two[0].token = chosen.token
    assert two[0].send("GET", "companyinfo/1").status_code == 403


def test_cancel_tells_the_app_and_connects_nothing(two: list[Books]) -> None:
    assert decide(two[0], "cancel") == {"error": "access_denied", "state": "s 1&2"}


def test_a_code_counts_once_for_its_own_address_and_ten_minutes(two: list[Books]) -> None:
    books = two[0]
    code = decide(books, "connect")["code"]
    assert exchange(books, code, "http://localhost:9/other").json() == {"error": "invalid_grant"}
    code = decide(books, "connect")["code"]
    books.token = exchange(books, code).json()["access_token"]
    again = exchange(books, code)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    assert books.send("GET", "companyinfo/1").status_code == 200
    code = decide(books, "connect")["code"]
    books.control("POST", "clock", {"advance_seconds": 601})
    assert exchange(books, code).status_code == 400


def test_a_switch_lets_reuse_end_the_connection(two: list[Books]) -> None:
    books = two[0]
    books.switch(reuse_disconnects=True, rotate_every_refresh=True)
    code = decide(books, "connect")["code"]
    first = exchange(books, code).json()
    second = books.refresh(first["refresh_token"]).json()
    assert books.refresh(first["refresh_token"]).status_code == 400
    assert books.refresh(second["refresh_token"]).status_code == 400
    code = decide(books, "connect")["code"]
    books.token = exchange(books, code).json()["access_token"]
    assert exchange(books, code).status_code == 400
    assert books.send("GET", "companyinfo/1").status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": ""}, "invalid_scope"),
        ({"scope": f"{ACCOUNTING} everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_request_with_a_good_address_is_refused_by_redirect(
    two: list[Books], changes: dict[str, str], error: str
) -> None:
    assert decide(two[0], "connect", **changes) == {"error": error, "state": "s 1&2"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": ""},
        {"redirect_uri": "http://app.example.com/callback"},
        {"redirect_uri": "https://192.0.2.7/callback"},
        {"redirect_uri": "https://app.example.com/callback?a=1"},
    ],
)
def test_a_request_with_a_bad_address_is_never_redirected(two: list[Books], changes: dict[str, str]) -> None:
    refused = page(two[0], **changes)
    assert refused.status_code == 400
    assert "cannot be connected" in refused.text


def test_registered_addresses_are_compared_exactly(two: list[Books]) -> None:
    two[0].control("POST", "redirect_uris", {"uris": ["https://app.example.com/callback"]})
    assert page(two[0]).status_code == 400
    assert page(two[0], redirect_uri="https://app.example.com/callback/").status_code == 400
    assert page(two[0], redirect_uri="https://app.example.com/callback").status_code == 200


def test_the_accounting_scope_is_needed_for_the_books(two: list[Books]) -> None:
    books = two[0]
    books.token = exchange(books, decide(books, "connect", scope="openid email")["code"]).json()["access_token"]
    refused = books.send("GET", "companyinfo/1")
    assert (refused.status_code, refused.json()["fault"]["error"][0]["code"]) == (403, "3100")
