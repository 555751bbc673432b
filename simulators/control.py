"""The part of `/_simulator/` that both simulators share: request log, faults, clock, webhook deliveries."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from flask import Blueprint, Flask, Response, request

from simulators.clock import Clock
from simulators.fault_hooks import CONTROL
from simulators.faults import BadRuleError, FaultRules, rule_from_json
from simulators.json_numbers import InvalidJsonError, read_json, write_json
from simulators.request_log import RequestLog
from simulators.webhook_sender import WebhookSender


class ControlError(Exception):
    """A call to `/_simulator/` that cannot be carried out; shown as 400 with its message."""


def json_answer(value: Any, status: int = 200) -> Response:
    return Response(write_json(value), status=status, mimetype="application/json")


def posted_object(*required: str) -> dict[str, Any]:
    """Return the JSON object that was posted; its `required` members are there and are strings.

    Raises:
        ControlError: not an object, or a member is missing.
    """
    try:
        body = read_json(request.get_data() or b"{}")
    except InvalidJsonError as error:
        raise ControlError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlError("the body is not a JSON object")
    for name in required:
        if not isinstance(body.get(name), str) or not body[name]:
            raise ControlError(f"{name} is missing or not a string")
    return body


def install_control(
    app: Flask,
    rules: FaultRules,
    requests: RequestLog,
    clock: Clock,
    sender: WebhookSender,
    without: Collection[str] = (),
) -> None:
    """Add the shared routes; the app adds its own (credentials, POST webhooks) beside them.

    The kinds of fault in `without` are refused: this vendor does not know them.
    """
    control = Blueprint("control", __name__, url_prefix=CONTROL)

    @control.get("/requests")
    def list_requests() -> Response:
        return json_answer(requests.rows())

    @control.delete("/requests")
    def clear_requests() -> Response:
        requests.clear()
        return Response(status=204)

    @control.get("/faults")
    def list_faults() -> Response:
        return json_answer(rules.shown())

    @control.post("/faults")
    def add_fault() -> Response:
        rule = rule_from_json(posted_object())
        if rule.what in without:
            raise ControlError(f"this vendor has no {rule.what}")
        rules.add(rule)
        return json_answer(rule.shown(), 201)

    @control.delete("/faults")
    def clear_faults() -> Response:
        rules.clear()
        return Response(status=204)

    @control.get("/clock")
    def show_clock() -> Response:
        return json_answer({"now": clock.now().isoformat(), "offset_seconds": clock.offset_s})

    @control.post("/clock")
    def advance_clock() -> Response:
        clock.advance(_seconds(posted_object().get("advance_seconds")))
        sender.look_again()
        return show_clock()

    @control.get("/webhooks")
    def list_webhooks() -> Response:
        return json_answer(sender.waiting())

    @control.post("/webhooks/flush")
    def flush_webhooks() -> Response:
        timeout_s = _seconds(posted_object().get("timeout_seconds", 30))
        return json_answer({"delivered": sender.drain(timeout_s)})

    app.register_blueprint(control)

    @app.errorhandler(ControlError)
    @app.errorhandler(BadRuleError)
    def refuse(error: Exception) -> Response:
        return json_answer({"error": str(error)}, 400)


def _seconds(value: Any) -> float:
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 10**9:
        raise ControlError("give a number of seconds from 0 to 1000000000")
    return float(value)
