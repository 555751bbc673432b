"""The log of webhooks: which event was sent when, and what was answered.

Source: Invoiced's Go client (`/webhook_attempts`: `{id, event_id, payload, attempts, created_at, updated_at}`); the
API reference does not name it. The payload is that of the event and is looked up when it is shown.
"""

from simulators.invoiced.account import Account
from simulators.json_numbers import read_json, write_json
from simulators.store import Company
from simulators.webhook_sender import Delivery


def note_try(company: Company, delivery: Delivery, status: int | None, now: int, most: int) -> None:
    """Note one try of a delivery; a `status` of None is no answer. The latest `most` deliveries are remembered."""
    attempt = company.get("webhook_attempt", str(int(delivery.id))) or {
        "id": int(delivery.id),
        "event_id": read_json(delivery.body.encode())["id"],
        "attempts": [],
        "created_at": now,
    }
    attempt["attempts"].append({"status_code": status, "timestamp": now})
    company.put("webhook_attempt", str(attempt["id"]), attempt | {"updated_at": now})
    oldest = str(attempt["id"] - most)
    if company.has("webhook_attempt", oldest):
        company.delete("webhook_attempt", oldest)


def send_again(account: Account, id: int) -> None:
    """Send the event of an attempt once more, as a delivery of its own.

    Raises:
        ApiError: 404, there is no such attempt, or its event is kept no more.
    """
    event = account.get("event", account.get("webhook_attempt", id)["event_id"])
    account.sender.enqueue(account.company, write_json(event))
