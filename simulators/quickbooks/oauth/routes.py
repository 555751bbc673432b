"""Intuit's OAuth 2.0 endpoints.

Source: Intuit, OAuth 2.0 guide; the discovery document as served in 2026. Everything lies on the
simulator's own address.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from simulators.fault_hooks import fault_in_hand
from simulators.json_numbers import InvalidJsonError, read_json
from simulators.quickbooks.answers import answer
from simulators.quickbooks.oauth.consent import AUTHORIZE_PATH
from simulators.quickbooks.oauth.tokens import ACCESS_S, TOKEN_PATH, InvalidClientError, InvalidGrantError, Issued

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator

_HARD_EXPIRY = "x-include-refresh-token-hard-expires-in"


class OAuthError(Exception):
    """A refusal of the token service: RFC 6749's word for it, its status, and at times a description."""

    def __init__(self, error: str, status: int = 400, description: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.description = description


def oauth_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("oauth", __name__)
    tokens = simulator.tokens

    def discovery() -> Response:
        base = request.host_url.rstrip("/")
        return answer(
            {
                "issuer": f"{base}/op/v1",
                "authorization_endpoint": f"{base}{AUTHORIZE_PATH}",
                "token_endpoint": f"{base}{TOKEN_PATH}",
                "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{base}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
            }
        )

    for name in ("openid_configuration", "openid_sandbox_configuration"):
        for ending in ("", "/"):
            routes.add_url_rule(f"/.well-known/{name}{ending}", f"{name}{ending and '_slash'}", discovery)

    @routes.get("/op/v1/jwks")
    def keys() -> Response:
        return answer({"keys": []})

    @routes.get("/v1/openid_connect/userinfo")
    def user() -> Response:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or tokens.realm_of_access(token) is None:
            raise OAuthError("invalid_token", 401)
        return answer(
            {
                "sub": "1182d6ec-60a1-4722-a2f6-simulated",
                "email": "admin@example.com",
                "emailVerified": True,
                "givenName": "Simulated",
                "familyName": "Admin",
            }
        )

    @routes.post(TOKEN_PATH)
    def give_token() -> Response:
        _check_client(simulator)
        if fault_in_hand("throttle") is not None:
            raise OAuthError("too_many_requests", 429)
        if fault_in_hand("revoked_token") is not None:
            raise OAuthError("invalid_grant")
        form = request.form
        try:
            if form.get("grant_type") == "authorization_code":
                issued = tokens.exchange(form.get("code", ""), form.get("redirect_uri", ""), simulator.switches)
            elif form.get("grant_type") == "refresh_token":
                issued = tokens.refresh(form.get("refresh_token", ""), simulator.switches)
            else:
                raise OAuthError("unsupported_grant_type")
        except InvalidGrantError as error:
            raise OAuthError("invalid_grant", description=error.description) from None
        return answer(_token_reply(issued, request.headers.get(_HARD_EXPIRY, "").lower() == "true"))

    @routes.post("/v2/oauth2/tokens/revoke")
    def revoke() -> Response:
        _check_client(simulator)
        if not tokens.revoke(_token_to_revoke()):
            raise OAuthError("invalid_request")
        return Response(status=200)

    @routes.errorhandler(OAuthError)
    def refuse(error: OAuthError) -> Response:
        described = {} if error.description is None else {"error_description": error.description}
        return answer({"error": error.error, **described}, error.status)

    return routes


def _token_reply(issued: Issued, with_hard_expiry: bool) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "token_type": "bearer",
        "access_token": issued.access_token,
        "expires_in": ACCESS_S,
        "refresh_token": issued.refresh_token,
        "x_refresh_token_expires_in": issued.refresh_expires_in,
    }
    if with_hard_expiry:
        reply["x_refresh_token_hard_expires_in"] = issued.hard_expires_in
    return reply


def _check_client(simulator: Simulator) -> None:
    """Client credentials by HTTP Basic or in the form.

    Raises:
        OAuthError: 401 invalid_client.
    """
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    client_id, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError("invalid_client", 401) from None
    try:
        simulator.tokens.check_client(client_id, secret)
    except InvalidClientError:
        raise OAuthError("invalid_client", 401) from None


def _token_to_revoke() -> str:
    """The token named in a JSON body, as Intuit documents it, or in a form, as RFC 7009 has it."""
    if request.form.get("token"):
        return request.form["token"]
    try:
        body = read_json(request.get_data())
    except InvalidJsonError:
        raise OAuthError("invalid_request") from None
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str):
        raise OAuthError("invalid_request")
    return token
