"""Replies of the entity service and the gateway; pure but for the clock."""

from __future__ import annotations

from typing import Any

from flask import Response

from simulators.clock import Clock
from simulators.json_numbers import write_json
from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import ZONE
from simulators.quickbooks.refusals import FaultError, GatewayRefusal, Refusal


def answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(write_json(body), status=status, mimetype="application/json")


def stamp(clock: Clock) -> str:
    """The value of `time` in replies, in the company's zone."""
    return clock.now().astimezone(ZONE).isoformat(timespec="milliseconds")


def fault_body(refusal: Refusal, clock: Clock) -> dict[str, Any]:
    return {"Fault": refusal.as_fault(), "time": stamp(clock)}


def fault_answer(refusal: Refusal, clock: Clock) -> Response:
    return answer(fault_body(refusal, clock), refusal.status)


def gateway_answer(refusal: GatewayRefusal, clock: Clock) -> Response:
    return answer(refusal.as_body(clock.now()), refusal.status)


def status_answer(status: int, clock: Clock) -> Response:
    """The reply for a plain error status, in the shape that comes with it."""
    if status == 401:
        return gateway_answer(refusals.token_refused(), clock)
    if status == 403:
        return gateway_answer(refusals.wrong_company(), clock)
    if status == 429:
        return gateway_answer(refusals.throttled(), clock)
    return fault_answer(plain_failure(status), clock)


def plain_failure(status: int) -> Refusal:
    if status < 500:
        return Refusal(
            [
                FaultError(
                    "6000",
                    "A business validation error has occurred while processing your request",
                    "Business Validation Error: An unexpected error occurred.",
                )
            ],
            status=status,
        )
    error = FaultError(
        "10000",
        "An application error has occurred while processing your request",
        "System Failure Error: An unexpected error occurred while accessing or saving your data. "
        "Please wait a few minutes and try again.",
    )
    return Refusal([error], status=status, fault_type="SystemFault")
