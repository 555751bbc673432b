"""Tokens: rotation, expiry, revocation, and who may open which company."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, running

HARD_EXPIRY = {"x-include-refresh-token-hard-expires-in": "true"}


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def error_of(books: Books, refresh_token: str) -> tuple[int, object]:
    reply = books.refresh(refresh_token)
    return reply.status_code, reply.json()


def test_the_discovery_document_names_every_endpoint(books: Books) -> None:
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        for path in (name, f"{name}/"):
            document = books.session.get(f"{books.url}/.well-known/{path}", timeout=PATIENCE_S).json()
            assert document["token_endpoint"] == f"{books.url}/oauth2/v1/tokens/bearer"
            assert set(document) >= {
                "issuer",
                "authorization_endpoint",
                "revocation_endpoint",
                "userinfo_endpoint",
                "jwks_uri",
            }


def test_a_refresh_within_a_day_keeps_the_refresh_token_and_older_access_tokens(books: Books) -> None:
    token = books.credentials()["refresh_token"]
    reply = books.refresh(token, **HARD_EXPIRY).json()
    assert (reply["refresh_token"], reply["expires_in"], reply["token_type"]) == (token, 3600, "bearer")
    assert reply["x_refresh_token_expires_in"] == 8_726_400
    assert reply["x_refresh_token_hard_expires_in"] > 157_000_000
    assert "x_refresh_token_hard_expires_in" not in books.refresh(token).json()
    assert reply["access_token"] != books.token
    books.query("SELECT COUNT(*) FROM Customer")


def test_after_a_day_the_refresh_token_changes_and_the_old_one_ends(books: Books) -> None:
    old = books.credentials()["refresh_token"]
    books.change(refresh_token_age_hours=24)
    reply = books.refresh(old)
    assert reply.status_code == 200
    assert reply.json()["refresh_token"] != old
    assert error_of(books, old) == (400, {"error": "invalid_grant"})
    assert books.credentials()["refresh_token"] == reply.json()["refresh_token"]
    books.query("SELECT COUNT(*) FROM Customer")


def test_a_switch_rotates_at_every_refresh(books: Books) -> None:
    books.switch(rotate_every_refresh=True)
    old = books.credentials()["refresh_token"]
    assert books.refresh(old).json()["refresh_token"] != old
    assert error_of(books, old)[0] == 400


def test_a_switch_lets_the_former_refresh_token_count_for_a_while(books: Books) -> None:
    books.switch(refresh_grace_hours=24)
    old = books.credentials()["refresh_token"]
    books.change(refresh_token_age_hours=24)
    new = books.refresh(old).json()["refresh_token"]
    books.control("POST", "clock", {"advance_seconds": 23 * 3600})
    again = books.refresh(old).json()
    assert (again["refresh_token"], books.refresh(new).status_code) == (new, 200)
    books.control("POST", "clock", {"advance_seconds": 2 * 3600})
    assert error_of(books, old) == (400, {"error": "invalid_grant"})
    books.change(connection="revoked")
    assert error_of(books, new)[0] == error_of(books, old)[0] == 400


def test_of_parallel_refreshes_the_first_wins(books: Books) -> None:
    books.switch(rotate_every_refresh=True)
    token = books.credentials()["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: books.refresh(token), range(6)))
    assert sorted(reply.status_code for reply in replies) == [200, *[400] * 5]
    won = next(reply.json() for reply in replies if reply.status_code == 200)
    assert books.refresh(won["refresh_token"]).status_code == 200


def test_tokens_expire(books: Books) -> None:
    token = books.credentials()["refresh_token"]
    books.control("POST", "clock", {"advance_seconds": 3500})
    books.query("SELECT COUNT(*) FROM Customer")
    books.control("POST", "clock", {"advance_seconds": 101})
    refused = books.send("GET", "companyinfo/1")
    assert refused.status_code == 401
    assert refused.json()["fault"]["error"][0] == {
        "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        "detail": "Token expired",
        "code": "3200",
        "element": None,
    }
    books.control("POST", "clock", {"advance_seconds": 102 * 86_400})
    assert error_of(books, token) == (400, {"error": "invalid_grant"})


def test_expired_and_revoked_on_request(books: Books) -> None:
    books.change(access_tokens="expired")
    assert books.send("GET", "companyinfo/1").status_code == 401
    books.sign_in()
    dead = books.credentials()["refresh_token"]
    books.change(connection="revoked")
    assert books.send("GET", "companyinfo/1").status_code == 401
    assert error_of(books, dead)[1] == {"error": "invalid_grant"}
    books.change(connection="connected")
    books.sign_in()
    assert books.send("GET", "companyinfo/1").status_code == 200


def test_strangers_are_refused(books: Books) -> None:
    good = books.client
    token = books.credentials()["refresh_token"]
    books.client = (good[0], "wrong")
    assert error_of(books, token) == (401, {"error": "invalid_client"})
    books.client = good
    unknown = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
    assert error_of(books, "AB11unknown") == (400, unknown)
    books.change(connection="connected")
    assert error_of(books, token) == (400, {"error": "invalid_grant"})
    form = {"grant_type": "password", "client_id": good[0], "client_secret": good[1]}
    reply = books.session.post(f"{books.url}/oauth2/v1/tokens/bearer", data=form, timeout=PATIENCE_S)
    assert (reply.status_code, reply.json()) == (400, {"error": "unsupported_grant_type"})
    books.token = "nonsense"
    assert books.send("GET", "companyinfo/1").status_code == 401


def test_a_token_opens_its_own_company_only() -> None:
    with running(companies=2) as (one, other):
        one.token = other.token
        refused = one.send("GET", "companyinfo/1")
        assert (refused.status_code, refused.json()["fault"]["error"][0]["code"]) == (403, "3100")
        assert refused.json()["fault"]["type"] == "SERVICE"
        assert other.send("GET", "companyinfo/1").status_code == 200
