"""The authorization endpoint: the page on which a company's admin connects an app, or does not.

The page is one form that posts back to its own address, so a test gives consent with the same POST:
`realm_id` and `decision` (connect or cancel), form-encoded, to the address that the app sent it to.

Source: Intuit, OAuth 2.0 guide and FAQ; RFC 6749 section 4.1.2.1 for what a refusal is called. A request
whose app or redirect address is not right is answered here, never redirected.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request

from simulators.quickbooks.books.company import Company
from simulators.quickbooks.oauth.tokens import ACCOUNTING_SCOPE

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from simulators.quickbooks.app import Simulator

AUTHORIZE_PATH = "/connect/oauth2"

# Scope → what the page says that the app asks for.
SCOPES = {
    ACCOUNTING_SCOPE: "Read and change your accounting data: customers, invoices, payments and the rest of the books",
    "com.intuit.quickbooks.payment": "Take payments in your name",
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "phone": "See your telephone number",
    "address": "See your address",
}


class BadRequestError(Exception):
    """An authorization request that cannot even be refused by redirect; says what is wrong with it."""


class DeniedError(Exception):
    """A refusal that the app is told of: RFC 6749's word for it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def consent_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("consent", __name__, template_folder="templates")

    @routes.get(AUTHORIZE_PATH)
    def ask() -> str:
        _check_request(simulator)
        companies = [_shown(company) for company in simulator.companies.values()]
        return render_template("consent.html", companies=companies, wanted=[SCOPES[one] for one in _scopes()])

    @routes.post(AUTHORIZE_PATH)
    def decide() -> BaseResponse:
        _check_request(simulator)
        decision, realm = request.form.get("decision"), request.form.get("realm_id", "")
        if decision == "cancel":
            raise DeniedError("access_denied")
        if decision != "connect" or simulator.company(realm) is None:
            raise BadRequestError("Choose a company, and Connect or Cancel.")
        code = simulator.tokens.issue_code(realm, request.args["redirect_uri"], _scopes())
        return _back(code=code, state=request.args.get("state", ""), realmId=realm)

    @routes.errorhandler(DeniedError)
    def deny(error: DeniedError) -> BaseResponse:
        return _back(error=error.error, state=request.args.get("state", ""))

    @routes.errorhandler(BadRequestError)
    def refuse(error: BadRequestError) -> Response:
        return make_response(render_template("consent_refused.html", reason=str(error)), 400)

    return routes


def _check_request(simulator: Simulator) -> None:
    """Raises: BadRequestError or DeniedError."""
    if request.args.get("client_id") != simulator.tokens.app.client_id:
        raise BadRequestError("The client_id is not that of an app.")
    _check_redirect_address(request.args.get("redirect_uri", ""), simulator.tokens.redirect_addresses())
    if request.args.get("response_type", "") != "code":
        raise DeniedError("unsupported_response_type")
    scopes = _scopes()
    if not scopes or not set(scopes) <= set(SCOPES):
        raise DeniedError("invalid_scope")


def _check_redirect_address(address: str, registered: list[str]) -> None:
    """An address is https, or http on localhost for development; no IP address, no query, no fragment.

    Where the app has registered addresses, it is exactly one of those.

    Raises:
        BadRequestError: it is not.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or (parts.scheme != "https" and (parts.scheme, host) != ("http", "localhost")):
        raise BadRequestError("The redirect_uri must be an https address; http is allowed for localhost alone.")
    if parts.query or parts.fragment or "?" in address:
        raise BadRequestError("The redirect_uri must have no query string and no fragment.")
    if _is_ip_address(host):
        raise BadRequestError("The redirect_uri must name a host, not an IP address.")
    if registered and address not in registered:
        raise BadRequestError("The redirect_uri is not one of those registered for the app.")


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _scopes() -> list[str]:
    return request.args.get("scope", "").split()


def _back(**values: str) -> BaseResponse:
    return redirect(f"{request.args['redirect_uri']}?{urlencode(values)}")


def _shown(company: Company) -> dict[str, str]:
    with company.kept.hold():
        info = company.get("CompanyInfo", "1")
        return {
            "realm": company.realm,
            "name": info["CompanyName"],
            "country": info["Country"],
            "currency": company.home_currency,
        }
