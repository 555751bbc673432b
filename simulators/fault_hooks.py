"""Notes every vendor call in the request log and makes the faults of the transport happen to it.

The faults that need the vendor's own words (throttle, expired_token, revoked_token, stale_token,
closed_period) are only announced: the app asks `fault_in_hand()`.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from flask import Flask, Response, g, request

from simulators.calls import Call
from simulators.clock import Clock
from simulators.faults import FaultRules, Rule
from simulators.request_log import Entry, RequestLog
from simulators.server import WIRE, Wire

CONTROL = "/_simulator"
_HTML = (
    "<html><head><title>503 Service Temporarily Unavailable</title></head>\r\n"
    "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>\r\n"
)


def fault_in_hand(*kinds: str) -> Rule | None:
    """Return the fault that hits the call in hand, if it is of one of `kinds` (any, if none is named)."""
    rule: Rule | None = g.get("fault")
    return rule if rule is not None and (not kinds or rule.what in kinds) else None


def entry_in_hand() -> Entry:
    """Return the log entry of the call in hand, to add the items of a batch or to say what its body means."""
    entry: Entry = g.entry
    return entry


def install_fault_hooks(
    app: Flask,
    rules: FaultRules,
    requests: RequestLog,
    clock: Clock,
    describe: Callable[[], Call],
    refusal: Callable[[int], Response],
) -> None:
    """Attach log and faults to every call outside `/_simulator`.

    `describe` says, from `flask.request` alone and without failing, what the call is about; `refusal(status)`
    is the vendor's answer for a plain error status.
    """

    @app.before_request
    def meet() -> Response | None:
        if is_control_call():
            return None
        described = describe()
        call = Call(described.entity, described.operation, request.method, request.path, described.has_items)
        entry = Entry(call, request.get_data(), request.content_type or "")
        g.entry = requests.add(entry)
        return _strike(rules.fire(call), clock, refusal)

    @app.after_request
    def settle(response: Response) -> Response:
        if is_control_call() or "entry" not in g:
            return response
        wire = _wire()
        rule = fault_in_hand("cut_after", "truncate")
        if rule is not None:
            wire.cut = rule.what == "cut_after"
            wire.truncate = rule.what == "truncate"
        g.entry.status = None if wire.cut else response.status_code
        return response

    @app.teardown_request
    def straighten(error: BaseException | None) -> None:
        skew: AbstractContextManager[None] | None = g.pop("skew", None)
        if skew is not None:
            skew.__exit__(None, None, None)


def _strike(fired: list[Rule], clock: Clock, refusal: Callable[[int], Response]) -> Response | None:
    for rule in fired:
        if rule.what == "delay":
            time.sleep(rule.seconds)
        elif rule.what == "clock_skew":
            g.skew = clock.skewed(rule.seconds)
            g.skew.__enter__()
        else:
            g.fault = rule
    rule_in_hand = fault_in_hand("status", "cut_before", "html")
    if rule_in_hand is None:
        return None
    if rule_in_hand.what == "cut_before":
        _wire().cut = True
        return Response(status=500)
    if rule_in_hand.what == "html":
        return Response(_HTML, status=503, mimetype="text/html")
    return refusal(rule_in_hand.status)


def is_control_call() -> bool:
    """Return whether the request in hand is for the simulator itself, or its page, and not for the vendor."""
    return request.path in ("/", CONTROL) or request.path.startswith(f"{CONTROL}/")


def _wire() -> Wire:
    """Return the handle on the connection; a fresh one under Flask's test client, which has no connection."""
    wire: Wire = request.environ.setdefault(WIRE, Wire())
    return wire
