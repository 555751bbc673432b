"""Intuit's token service over a real socket."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import AuthLostError, RateLimitedError, SyncError, TransientError
from shared.quickbooks.oauth import AppRefusedError, QuickBooksOAuth
from tests.scripted_server import Reply, Request, Script, ScriptedServer, in_turn, serving

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "revocation_endpoint")
TOKENS = {
    "token_type": "bearer",
    "access_token": "A1",
    "expires_in": 3600,
    "refresh_token": "R1",
    "x_refresh_token_expires_in": 8726400,
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)


def discovery(server: ScriptedServer) -> dict[str, Any]:
    return {
        "issuer": server.url,
        "authorization_endpoint": f"{server.url}/authorize",
        "token_endpoint": f"{server.url}/tokens",
        "revocation_endpoint": f"{server.url}/revoke",
    }


class Service:
    """A scripted token service and the app that speaks to it."""

    def __init__(self, server: ScriptedServer, script: Script) -> None:
        self.server = server
        self.oauth = QuickBooksOAuth(f"{server.url}/.well-known/openid", "id", "secret", clock=lambda: NOW)
        self._script = script
        server.script = self.answer

    def answer(self, request: Request) -> Reply:
        return Reply(200, discovery(self.server)) if "well-known" in request.path else self._script(request)


def asked(script: Script, *, token: str = "R0") -> tuple[Any, list[Request]]:
    """Refresh against a script; return the tokens or the error, and what arrived but for the discovery."""
    with serving(script) as server:
        service = Service(server, script)
        try:
            result: Any = service.oauth.refresh(token)
        except SyncError as error:
            result = error
        service.oauth.close()
        return result, [request for request in server.requests if "well-known" not in request.path]


def test_a_refresh_token_is_exchanged_for_new_tokens() -> None:
    tokens, [request] = asked(in_turn(Reply(200, TOKENS)))
    assert request.body == b"grant_type=refresh_token&refresh_token=R0"
    assert request.headers["Authorization"] == "Basic aWQ6c2VjcmV0"
    assert request.headers["Accept"] == "application/json"
    assert (tokens.access_token, tokens.refresh_token) == ("A1", "R1")
    assert tokens.access_expires_at == NOW + timedelta(seconds=3600)
    assert tokens.refresh_expires_at == NOW + timedelta(days=101)
    assert "A1" not in repr(tokens)
    assert "R1" not in repr(tokens)


def test_within_a_day_the_same_refresh_token_may_come_back_or_none() -> None:
    without = {name: TOKENS[name] for name in ("access_token", "token_type", "expires_in")}
    tokens, _ = asked(in_turn(Reply(200, without)))
    assert (tokens.access_token, tokens.refresh_token) == ("A1", "R0")
    assert tokens.refresh_expires_at is None


REFUSALS: list[tuple[Reply, type[SyncError]]] = [
    (Reply(400, {"error": "invalid_grant"}), AuthLostError),
    (Reply(400, {"error": "invalid_grant", "error_description": "Token invalid"}), AuthLostError),
    (Reply(401, {"error": "invalid_client"}), AppRefusedError),
    (Reply(401, "<html>"), AppRefusedError),
    (Reply(400, {"error": "invalid_request"}), TransientError),
    (Reply(400, "<html>"), TransientError),
    (Reply(429, "", {"Retry-After": "9"}), RateLimitedError),
    (Reply(500, {"error": "invalid_grant"}), TransientError),
    (Reply(503, "<html>"), TransientError),
    (Reply(200, "<html>"), TransientError),
    (Reply(200, {"token_type": "bearer"}), TransientError),
    (Reply(200, TOKENS | {"access_token": 7}), TransientError),
    (Reply(200, TOKENS, fate="truncate"), TransientError),
    (Reply(200, '{"access_token": "A1", "refresh_to'), TransientError),
    (Reply(fate="cut"), TransientError),
    (Reply(307, "", {"Location": "/elsewhere"}), TransientError),
]


@pytest.mark.parametrize(("reply", "error"), REFUSALS)
def test_a_refusal_becomes_the_error_that_says_what_to_do(reply: Reply, error: type[SyncError]) -> None:
    result, requests = asked(in_turn(reply))
    assert type(result) is error
    assert len(requests) == 1
    assert "secret" not in str(result.detail)
    assert "A1" not in str(result.detail)
    if error is AppRefusedError:
        assert "QUICKBOOKS_CLIENT_SECRET" in result.remedy


def test_the_discovery_document_is_fetched_once() -> None:
    with serving(in_turn(Reply(200, TOKENS))) as server:
        service = Service(server, in_turn(Reply(200, TOKENS)))
        assert service.oauth.endpoints().authorization == f"{server.url}/authorize"
        service.oauth.refresh("R0")
        service.oauth.refresh("R0")
        service.oauth.close()
        assert [request.path for request in server.requests] == ["/.well-known/openid", "/tokens", "/tokens"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(503, "down"), TransientError),
        (Reply(429, ""), RateLimitedError),
        (Reply(404, "no"), AppRefusedError),
        (Reply(200, {"token_endpoint": "https://x"}), AppRefusedError),
        (Reply(200, "[]"), AppRefusedError),
        (Reply(200, dict.fromkeys(ENDPOINTS, "http://intuit.test/x")), AppRefusedError),
        (Reply(200, dict.fromkeys(ENDPOINTS, 7)), AppRefusedError),
    ],
)
def test_a_discovery_document_that_leads_nowhere_safe_is_refused(reply: Reply, error: type[SyncError]) -> None:
    with serving(in_turn(reply)) as server:
        oauth = QuickBooksOAuth(f"{server.url}/.well-known/openid", "id", "secret", clock=lambda: NOW)
        with pytest.raises(error) as caught:
            oauth.refresh("R0")
        assert type(caught.value) is error
        oauth.close()
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


def test_plain_http_is_for_loopback_only() -> None:
    oauth = QuickBooksOAuth("http://developer.intuit.test/openid", "id", "secret", clock=lambda: NOW)
    with pytest.raises(AppRefusedError, match="https"):
        oauth.endpoints()


def test_tokens_are_given_back() -> None:
    replies = in_turn(Reply(200), Reply(400), Reply(401), Reply(500))
    with serving(replies) as server:
        service = Service(server, replies)
        service.oauth.revoke("R1")
        service.oauth.revoke("R1")
        with pytest.raises(AppRefusedError):
            service.oauth.revoke("R1")
        with pytest.raises(TransientError):
            service.oauth.revoke("R1")
        service.oauth.close()
        assert server.requests[1].path == "/revoke"
        assert server.requests[1].body == b'{"token": "R1"}'
        assert server.requests[1].headers["Authorization"] == "Basic aWQ6c2VjcmV0"


def test_a_process_that_has_fetched_no_token_yet_can_lead_to_the_consent_page() -> None:
    with serving(in_turn()) as server:
        service = Service(server, in_turn())
        address = service.oauth.consent_url("http://localhost:8080/oauth/callback", "s1")
        service.oauth.close()
    assert address.startswith(f"{server.url}/authorize?response_type=code&client_id=id&")
    assert "scope=com.intuit.quickbooks.accounting" in address
    assert address.endswith("state=s1")
