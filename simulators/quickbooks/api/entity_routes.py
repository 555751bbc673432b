"""The accounting API: `/v3/company/<realm>/…`.

Source: Intuit, "Learn REST API features". `minorversion` is ignored: a lower or missing one is served
as 75 since August 2025.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from simulators.fault_hooks import entry_in_hand, fault_in_hand
from simulators.json_numbers import InvalidJsonError
from simulators.quickbooks import refusals
from simulators.quickbooks.answers import answer, fault_body, stamp
from simulators.quickbooks.api.batches import answer_batch, batch_items
from simulators.quickbooks.api.changes import answer_changes
from simulators.quickbooks.api.describe import body_in_hand, includes, root_in_hand
from simulators.quickbooks.api.replays import check_request_id, find_replay, keep_replay
from simulators.quickbooks.books.closed_books import PASSWORD
from simulators.quickbooks.books.company import TRANSACTIONS, Company
from simulators.quickbooks.forms.xml_bodies import BATCH, XML_KINDS, InvalidXmlError
from simulators.quickbooks.lists.exchange_rates import ENTITY as EXCHANGE_RATE
from simulators.quickbooks.lists.exchange_rates import read_rate
from simulators.quickbooks.oauth.tokens import ACCOUNTING_SCOPE
from simulators.quickbooks.operations import SEGMENTS, TAX_SERVICE, carry_out, read, send, with_id_of_settings
from simulators.quickbooks.query.answers import answer_query
from simulators.quickbooks.refusals import FaultError, Refusal
from simulators.quickbooks.shown import shown

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator

Reply = tuple[int, dict[str, Any]]

ROOT = "/v3/company/<realm>"


def entity_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("entities", __name__)
    clock = simulator.clock

    def admitted(realm: str, *, batch: bool = False) -> Company:
        return admit(simulator, realm, batch=batch)

    @routes.route(f"{ROOT}/query", methods=["GET", "POST"])
    def query(realm: str) -> Response:
        company = admitted(realm)
        statement = request.args.get("query", "") if request.method == "GET" else _statement()
        entry_in_hand().shown = statement
        with company.kept.hold():
            return answer({"QueryResponse": answer_query(company, statement), "time": stamp(clock)})

    @routes.get(f"{ROOT}/cdc")
    def changes(realm: str) -> Response:
        company = admitted(realm)
        for required in ("entities", "changedSince"):
            if not request.args.get(required):
                raise refusals.missing_parameter(required)
        with company.kept.hold():
            groups = answer_changes(company, request.args["entities"], request.args["changedSince"])
        return answer({"CDCResponse": groups, "time": stamp(clock)})

    @routes.post(f"{ROOT}/batch")
    def batch(realm: str) -> Response:
        company = admitted(realm, batch=True)
        items = batch_items(_posted(BATCH))
        request_id = request.args.get("requestid")
        if request_id:
            check_request_id(request_id, batch_items=[str(item.get("bId", "")) for item in items])

        def reply() -> Reply:
            answers = answer_batch(company, items, entry_in_hand(), simulator.rules)
            return remembered(company, request_id, 200, {"BatchItemResponse": answers, "time": stamp(clock)})

        return answer_once(company, request_id, reply)

    @routes.post(f"{ROOT}/taxservice/taxcode")
    def tax_code(realm: str) -> Response:
        return write(admitted(realm), TAX_SERVICE)

    @routes.get(f"{ROOT}/preferences")
    def preferences(realm: str) -> Response:
        return read_one(realm, "preferences", "1")

    @routes.get(f"{ROOT}/exchangerate")
    def exchange_rate(realm: str) -> Response:
        company = admitted(realm)
        code, day = request.args.get("sourcecurrencycode"), request.args.get("asofdate")
        with company.kept.hold():
            rate = shown(company, EXCHANGE_RATE, read_rate(company, code, day))
            return answer({EXCHANGE_RATE: rate, "time": stamp(clock)})

    @routes.get(f"{ROOT}/<segment>/<id>")
    def read_one(realm: str, segment: str, id: str) -> Response:
        company, entity = admitted(realm), entity_of(segment)
        with company.kept.hold():
            return answer({entity: read(company, entity, id), "time": stamp(clock)})

    @routes.post(f"{ROOT}/<segment>")
    def write_one(realm: str, segment: str) -> Response:
        company = admitted(realm)
        return write(company, entity_of(segment))

    @routes.post(f"{ROOT}/<segment>/<id>/send")
    def send_one(realm: str, segment: str, id: str) -> Response:
        company, entity = admitted(realm), entity_of(segment)
        send_to = request.args.get("sendTo")
        return run(company, lambda: {entity: send(company, entity, id, send_to)})

    def write(company: Company, entity: str) -> Response:
        body = with_id_of_settings(entity, _posted(entity))
        operation, include = request.args.get("operation"), includes()
        _meet_record_fault(company, entity)

        def work() -> dict[str, Any]:
            value = carry_out(company, entity, body, operation, include)
            return value if entity == TAX_SERVICE else {entity: value}

        return run(company, work)

    def run(company: Company, work: Callable[[], dict[str, Any]]) -> Response:
        """One write in one transaction: all of it, its replay and its webhooks, or nothing."""
        request_id = request.args.get("requestid")
        if request_id:
            check_request_id(request_id)

        def reply() -> Reply:
            try:
                with company.change():
                    body = {**work(), "time": stamp(clock)}
                    return remembered(company, request_id, 200, body)
            except Refusal as refusal:
                return remembered(company, request_id, refusal.status, fault_body(refusal, clock))

        return answer_once(company, request_id, reply)

    return routes


def answer_once(company: Company, request_id: str | None, reply: Callable[[], Reply]) -> Response:
    """The reply, or the first one under the same requestid; the company is held meanwhile."""
    with company.kept.hold():
        found = find_replay(company, request_id, _asked()) if request_id else None
        status, body = found or reply()
    return answer(body, status)


def remembered(company: Company, request_id: str | None, status: int, body: dict[str, Any]) -> Reply:
    """The reply, remembered under its requestid."""
    if request_id and (status == 200 or company.switches.replay_refusals):
        keep_replay(company, request_id, _asked(), status, body)
    return status, body


def _asked() -> str | None:
    """What tells this request from others; nothing for an upload, whose boundary is new at every try."""
    if request.mimetype.startswith("multipart/"):
        return None
    return sha256(b"\0".join((request.path.encode(), request.get_data()))).hexdigest()


def admit(simulator: Simulator, realm: str, *, batch: bool = False) -> Company:
    """Check the bearer token, its company and the limits.

    Raises:
        GatewayRefusal: 401 without a valid token, 403 for another company's or without the accounting
            scope, 429 over the limit.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if fault_in_hand("expired_token", "revoked_token") is not None:
        raise refusals.token_refused()
    owner = simulator.tokens.realm_of_access(token) if kind.lower() == "bearer" else None
    if owner is None:
        raise refusals.token_refused("Token expired" if token else "Token missing")
    company = simulator.company(realm)
    if company is None or owner != realm or ACCOUNTING_SCOPE not in simulator.tokens.scopes(realm):
        raise refusals.wrong_company()
    if fault_in_hand("throttle") is not None:
        raise refusals.throttled()
    is_read = request.method == "GET" or request.path.endswith("/query")
    if simulator.switches.monthly_reads and is_read:
        simulator.quota.take_or_refuse(simulator.clock.now(), simulator.switches.monthly_reads)
    if simulator.throttles is not None:
        simulator.throttles.pass_or_refuse(realm, batch=batch)
    return company


def _meet_record_fault(company: Company, entity: str) -> None:
    """Raises: Refusal, if a fault that hits a record was asked for."""
    if fault_in_hand("stale_token") is not None:
        raise refusals.stale_object()
    if entity in TRANSACTIONS and fault_in_hand("closed_period") is not None:
        raise refusals.books_closed(password=bool(company.kept.setting(PASSWORD, False)))


def entity_of(segment: str) -> str:
    entity = SEGMENTS.get(segment)
    if entity is None:
        raise refusals.unsupported_operation(f"Operation on {segment} is not supported.")
    return entity


def _posted(root: str) -> Any:
    """The body of the request; one in XML has `root` as its root element.

    Raises:
        Refusal: it is not UTF-8 or has another root (500), is not JSON or XML (2010), or is declared as something
            else (1050).
    """
    if request.mimetype not in ("application/json", "text/json", *XML_KINDS):
        raise refusals.refusal(1050, "Invalid Content Type", f"Content type {request.mimetype!r} is not supported.")
    try:
        request.get_data().decode()
        body = body_in_hand()
    except UnicodeDecodeError:
        raise refusals.unsupported_operation("Invalid byte of UTF-8 sequence.") from None
    except (InvalidJsonError, InvalidXmlError) as error:
        message = "Request has invalid or unsupported property"
        raise Refusal([FaultError("2010", message, f"Property Name:{error}")]) from None
    if root_in_hand() not in (None, root):
        raise refusals.unsupported_operation(f"Operation on {root} with {root_in_hand()} is not supported.")
    return body


def _statement() -> str:
    try:
        return request.get_data().decode()
    except UnicodeDecodeError:
        raise refusals.unsupported_operation("Invalid byte of UTF-8 sequence.") from None
