"""The part of `/_simulator/` that is QuickBooks Online's own: credentials, books, and what people do there.

Nothing here is part of Intuit's API, and none of it is noted in the request log.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from simulators.control import ControlError, json_answer, posted_object
from simulators.fault_hooks import CONTROL
from simulators.quickbooks.books.closed_books import PASSWORD
from simulators.quickbooks.books.company import Company
from simulators.quickbooks.books.ledger import books, journal
from simulators.quickbooks.facts.localities import LOCALITIES, US
from simulators.quickbooks.forms.fields import read_body
from simulators.quickbooks.founding.bulk import fill_in_bulk
from simulators.quickbooks.founding.new_company import SALES_TAX_MODES, Plan, set_sales_tax
from simulators.quickbooks.lists.mergers import MERGED, merge
from simulators.quickbooks.operations import READABLE, carry_out, with_id_of_settings
from simulators.quickbooks.refusals import Refusal
from simulators.quickbooks.shown import shown

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator

_COMPANY = "/companies/<realm>"


def control_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("quickbooks control", __name__, url_prefix=CONTROL)
    tokens = simulator.tokens

    @routes.get("/credentials")
    def credentials() -> Response:
        companies = [{"realm_id": realm, "refresh_token": tokens.refresh_token(realm)} for realm in simulator.companies]
        return json_answer({**asdict(tokens.app), "companies": companies})

    @routes.post("/redirect_uris")
    def register_redirect_addresses() -> Response:
        uris = posted_object().get("uris")
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
            raise ControlError("uris is a list of addresses")
        tokens.register_addresses(uris)
        return json_answer({"uris": uris}, 201)

    @routes.post("/webhooks")
    def register_webhooks() -> Response:
        url = posted_object("url")["url"]
        simulator.sender.register(url, tokens.app.verifier_token)
        return json_answer({"url": url}, 201)

    @routes.get("/switches")
    def list_switches() -> Response:
        return json_answer(asdict(simulator.switches))

    @routes.patch("/switches")
    def set_switches() -> Response:
        simulator.switch(**_switches(simulator, posted_object()))
        return list_switches()

    @routes.get("/books")
    def all_books() -> Response:
        found = []
        for company in simulator.companies.values():
            with company.kept.hold():
                found.append(books(company))
        return json_answer({"companies": found})

    @routes.get(f"{_COMPANY}/books")
    def books_of_one(realm: str) -> Response:
        company = _company(simulator, realm)
        with company.kept.hold():
            return json_answer(books(company))

    @routes.get(f"{_COMPANY}/journal/<entity>/<id>")
    def journal_of_one(realm: str, entity: str, id: str) -> Response:
        company = _company(simulator, realm)
        with company.kept.hold():
            item = company.find(entity, id)
            if item is None:
                raise ControlError(f"there is no {entity} {id}")
            return json_answer({"entity": entity, "id": id, "entries": journal(company, item)})

    @routes.get(f"{_COMPANY}/objects/<entity>")
    def list_objects(realm: str, entity: str) -> Response:
        company = _company(simulator, realm)
        if entity not in READABLE:
            raise ControlError(f"there is no entity {entity}")
        with company.kept.hold():
            return json_answer([shown(company, entity, item) for item in company.all(entity)])

    @routes.post("/companies")
    def add_company() -> Response:
        wanted = posted_object()
        plan, name = _plan(wanted), wanted.get("name") or f"Simulated Company {len(simulator.companies) + 1}"
        realm = f"9130{secrets.randbelow(9 * 10**11) + 10**11}"
        company = simulator.add_company(realm, str(name), plan, None)
        return json_answer(
            {"realm_id": realm, "refresh_token": tokens.refresh_token(realm), "country": company.country}, 201
        )

    @routes.patch(_COMPANY)
    def change_company(realm: str) -> Response:
        company = _company(simulator, realm)
        _change_company(simulator, company, posted_object())
        return json_answer({"realm_id": realm, "preferences": shown(company, "Preferences", company.preferences)})

    @routes.post(f"{_COMPANY}/edit")
    def edit(realm: str) -> Response:
        """Write as a person does in the browser: no token, no version to name."""
        company, wanted = _company(simulator, realm), posted_object("entity")
        entity, body = wanted["entity"], wanted.get("body")
        if entity not in READABLE or not isinstance(body, dict):
            raise ControlError("give entity and body as the API takes them")
        operation, include = wanted.get("operation"), str(wanted.get("include", "")).split(",")
        with company.change():
            current = company.find(entity, str(with_id_of_settings(entity, body).get("Id")))
            version = {"SyncToken": current["SyncToken"], "Id": current["Id"]} if current else {}
            return json_answer(carry_out(company, entity, {**body, **version}, operation, include))

    @routes.post(f"{_COMPANY}/merge")
    def merge_two(realm: str) -> Response:
        company, wanted = _company(simulator, realm), posted_object("entity", "survivor", "gone")
        if wanted["entity"] not in MERGED:
            raise ControlError(f"merges are of {', '.join(MERGED)}")
        entity = wanted["entity"]
        with company.change():
            return json_answer(shown(company, entity, merge(company, entity, wanted["survivor"], wanted["gone"])))

    @routes.post(f"{_COMPANY}/fill")
    def fill(realm: str) -> Response:
        """Write many documents at once, of which no webhook tells."""
        company, documents = _company(simulator, realm), posted_object().get("documents")
        if not isinstance(documents, int) or isinstance(documents, bool) or documents < 1:
            raise ControlError("documents is a number above 0")
        fill_in_bulk(company, documents)
        return json_answer({"documents": documents}, 201)

    @routes.post(f"{_COMPANY}/deposit")
    def deposit(realm: str) -> Response:
        """Put payments on a bank deposit, after which they cannot be changed (6540)."""
        company, wanted = _company(simulator, realm), posted_object()
        ids = wanted.get("payments")
        if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
            raise ControlError("payments is a list of ids")
        checking = next(account for account in company.all("Account") if account["AccountType"] == "Bank")
        body = {
            "DepositToAccountRef": {"value": checking["Id"]},
            "Line": [{"LinkedTxn": [{"TxnId": id, "TxnType": "Payment", "TxnLineId": "0"}]} for id in ids],
        }
        with company.change():
            return json_answer(carry_out(company, "Deposit", body), 201)

    @routes.errorhandler(Refusal)
    def refuse(error: Refusal) -> Response:
        return json_answer({"error": str(error), "fault": error.as_fault()}, 400)

    return routes


def _plan(wanted: dict[str, Any]) -> Plan:
    """Raises: ControlError, an unknown country, or automated sales tax outside the US."""
    country = wanted.get("country", US)
    flags = [wanted.get(name, False) for name in ("automated_sales_tax", "multicurrency")]
    if country not in list(LOCALITIES) or not all(isinstance(flag, bool) for flag in flags):
        raise ControlError(f"country is one of {', '.join(LOCALITIES)}; the rest is true or false")
    if flags[0] and country != US:
        raise ControlError("automated sales tax is of US companies")
    return Plan(country, *flags)


def _company(simulator: Simulator, realm: str) -> Company:
    company = simulator.company(realm)
    if company is None:
        raise ControlError(f"there is no company {realm}")
    return company


def _switches(simulator: Simulator, wanted: dict[str, Any]) -> dict[str, Any]:
    """Raises: ControlError, no such switch, or a value of another type."""
    kinds = {one.name: type(getattr(simulator.switches, one.name)) for one in fields(simulator.switches)}
    values: dict[str, Any] = {}
    for name, value in wanted.items():
        kind = kinds.get(name)
        if kind is None:
            raise ControlError(f"there is no switch {name}; there are {', '.join(sorted(kinds))}")
        if kind is bool and not isinstance(value, bool):
            raise ControlError(f"{name} is true or false")
        if kind is not bool and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            raise ControlError(f"{name} is a number")
        values[name] = kind(value)
    return values


def _change_company(simulator: Simulator, company: Company, wanted: dict[str, Any]) -> None:
    """Raises: ControlError, an unknown member or value."""
    known = {
        "preferences",
        "sales_tax",
        "books_closed_on",
        "closing_password",
        "access_tokens",
        "refresh_token_age_hours",
        "connection",
    }
    if set(wanted) - known:
        raise ControlError(f"a change of a company has {', '.join(sorted(known))}")

    with company.change():
        if "sales_tax" in wanted:
            if wanted["sales_tax"] not in SALES_TAX_MODES or not company.is_in_us:
                raise ControlError(f"sales_tax is one of {', '.join(SALES_TAX_MODES)}, of US companies")
            set_sales_tax(company, wanted["sales_tax"])
        groups = dict(wanted.get("preferences") or {})
        if "books_closed_on" in wanted:
            groups["AccountingInfoPrefs"] = {
                **groups.get("AccountingInfoPrefs", {}),
                "BookCloseDate": wanted["books_closed_on"] or "",
            }
        if "closing_password" in wanted:
            company.kept.set_setting(PASSWORD, bool(wanted["closing_password"]))
        if groups:
            _merge_preferences(company, groups)
    if wanted.get("access_tokens") == "expired":
        simulator.tokens.expire_access(company.realm)
    if "refresh_token_age_hours" in wanted:
        simulator.tokens.age(company.realm, float(wanted["refresh_token_age_hours"]))
    if wanted.get("connection") == "revoked":
        simulator.tokens.disconnect(company.realm)
    elif wanted.get("connection") == "connected":
        simulator.tokens.connect(company.realm)


def _merge_preferences(company: Company, groups: dict[str, Any]) -> None:
    """Change some preferences, also those that the API shows and does not let change."""
    preferences = company.preferences
    for group, values in read_body("Preferences", groups).items():
        merged = {**preferences.get(group, {}), **values}
        preferences[group] = {name: value for name, value in merged.items() if value is not None}
    company.save("Preferences", preferences)
