"""The pages of events, and of the webhooks that told of them."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from simulators.control import ControlError
from simulators.invoiced.account import Account
from simulators.invoiced.api.control_routes import send_webhooks
from simulators.invoiced.api.webhook_attempts import send_again
from simulators.invoiced.page.answers import draw, json_text, lead_to, newest_page, path_of
from simulators.invoiced.page.forms import Problem
from simulators.invoiced.page.rows import Link, link_to, moment, words
from simulators.store import Object


def events_page(account: Account) -> str:
    rows, page = newest_page(account, "event", account.company.ids("event")[::-1])
    return draw(account, "events.html", rows=[_event_row(account, one) for one in rows], page=page)


def event_page(account: Account, id: int) -> str:
    event = account.get("event", id)
    return draw(account, "event.html", event=_event_row(account, event), raw=json_text(event))


def webhooks_page(account: Account, problem: Problem | None = None) -> str:
    state = next((one for one in account.sender.waiting() if one["target"] == account.company.id), None)
    rows, page = newest_page(account, "webhook_attempt", account.company.ids("webhook_attempt")[::-1])
    tries = [_tries_row(account, one) for one in rows]
    return draw(account, "webhooks.html", state=state, rows=tries, page=page, problem=problem, form=request.form)


def set_address(account: Account) -> ResponseReturnValue:
    url, secret = (request.form.get(name, "").strip() for name in ("url", "secret"))
    try:
        send_webhooks(account, url, secret)
    except ControlError as error:
        return webhooks_page(account, Problem(str(error).capitalize(), "secret" if url and not secret else "url")), 400
    return lead_to(path_of(account, "webhooks"), "address")


def again(account: Account, id: int) -> ResponseReturnValue:
    with account.company.transaction():
        send_again(account, id)
    return lead_to(path_of(account, "webhooks"), "again")


def flush(account: Account) -> ResponseReturnValue:
    # Started, not waited for: what is delivered needs the account, which this request holds.
    account.sender.drain(timeout_s=0)
    return lead_to(path_of(account, "webhooks"), "flush")


def _event_row(account: Account, event: Object) -> dict[str, Any]:
    about = event["data"]["object"]
    return {
        "id": event["id"],
        "type": event["type"],
        "at": moment(event["timestamp"]),
        "about": link_to(account, about["object"], about["id"]),
        "changed": [words(name) for name in event["data"].get("previous", {}) if name != "updated_at"],
    }


def _tries_row(account: Account, attempt: Object) -> dict[str, Any]:
    """What became of a webhook: its event, how often it was sent, and the last answer."""
    event, last = account.find("event", attempt["event_id"]), attempt["attempts"][-1]
    status = last["status_code"]
    return {
        "id": attempt["id"],
        "event": Link(event["type"], "event", event["id"]) if event else Link(f"#{attempt['event_id']}"),
        "count": len(attempt["attempts"]),
        "at": moment(last["timestamp"]),
        "answer": "no answer" if status is None else str(status),
        "is_taken": status is not None and 200 <= status < 300,
    }
