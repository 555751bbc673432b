"""Webhooks: which events Intuit tells, in which words, and how it signs them.

Source: Intuit, "Webhooks" (CloudEvents format of 2026 and the legacy format), by entity and operation as the
developer portal lists them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import uuid
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from simulators.json_numbers import write_json
from simulators.quickbooks.books.company import Company, Event
from simulators.store import Store
from simulators.webhook_sender import WebhookSender

# Waits before each retry; past the end every 6 hours.
RETRY_WAITS_S = (10.0, 20.0, 30.0, 300.0, 1200.0, 7200.0, 14400.0, 21600.0)
ANSWER_WITHIN_S = 3.0

_DOCUMENT = frozenset({"created", "updated", "deleted", "void", "emailed"})
_ENTRY = frozenset({"created", "updated", "deleted", "merged"})
TOLD: dict[str, frozenset[str]] = {
    **dict.fromkeys(("Invoice", "Payment", "CreditMemo", "SalesReceipt", "RefundReceipt"), _DOCUMENT),
    "Estimate": _DOCUMENT - {"void"},
    "Purchase": _DOCUMENT - {"emailed"},
    "JournalEntry": _DOCUMENT - {"void", "emailed"},
    **dict.fromkeys(("Customer", "Vendor", "Employee", "Item", "Account", "Class"), _ENTRY),
    **dict.fromkeys(("Department", "PaymentMethod"), _ENTRY - {"deleted"}),
    "Deposit": _DOCUMENT - {"void", "emailed"},
    "Term": frozenset({"created", "updated"}),
    "TaxAgency": frozenset({"created", "updated"}),
    "Preferences": frozenset({"updated"}),
}
_LEGACY_WORDS = {
    "created": "Create",
    "updated": "Update",
    "deleted": "Delete",
    "merged": "Merge",
    "void": "Void",
    "emailed": "Emailed",
}

RealmEvent = tuple[str, Event]


def signature(verifier_token: str, body: bytes) -> str:
    """The value of the header `intuit-signature`."""
    return base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()).decode()


def delivery_headers(verifier_token: str, body: bytes, created_at: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "intuit-signature": signature(verifier_token, body),
        "intuit-created-time": created_at,
        "intuit-t-id": str(uuid.uuid4()),
        "intuit-notification-schema-version": "1.0",
    }


def cloud_events(events: Iterable[RealmEvent], client_id: str) -> list[dict[str, Any]]:
    """The array of CloudEvents; one array may hold several companies."""
    digest = base64.b64encode(hashlib.sha256(client_id.encode()).digest()).decode()
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"intuit.{digest}",
            "type": f"qbo.{event.entity.lower()}.{event.operation}.v1",
            "datacontenttype": "application/json",
            "time": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            "intuitentityid": event.id,
            "intuitaccountid": realm,
            "data": {"deletedid": event.deleted_id} if event.deleted_id else {},
        }
        for realm, event in events
    ]


def legacy_notifications(events: Iterable[RealmEvent]) -> dict[str, Any]:
    """The object of before 2026, grouped by company."""
    by_realm: dict[str, list[dict[str, Any]]] = {}
    for realm, event in events:
        entry = {
            "name": event.entity,
            "id": event.id,
            "operation": _LEGACY_WORDS[event.operation],
            "lastUpdated": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        if event.deleted_id:
            entry["deletedId"] = event.deleted_id
        by_realm.setdefault(realm, []).append(entry)
    return {
        "eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": entities}} for realm, entities in by_realm.items()
        ]
    }


class Announcer:
    """Turns the events of writes into deliveries: one a write, or one for all companies every so often.

    Without aggregation a delivery is kept in the transaction of its write. Gathered events wait in memory.
    """

    def __init__(self, store: Store, sender: WebhookSender, client_id: str) -> None:
        self._store = store
        self._sender = sender
        self._client_id = client_id
        self._gathered: list[RealmEvent] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def announce(self, company: Company, events: list[Event]) -> None:
        told = [(company.realm, event) for event in events if event.operation in TOLD.get(event.entity, ())]
        if not (told and self._sender.wanted_by(company.realm)):
            return
        if company.switches.webhook_aggregation_s:
            company.kept.after_commit(lambda: self._gather(company, told))
        else:
            self._sender.enqueue(company.kept, self._body(company, told))

    def flush(self, company: Company) -> None:
        """Deliver what was gathered, all companies in one array, as a delivery of `company`."""
        with self._lock:
            events, self._gathered = self._gathered, []
            self._timer = None
        if events:
            self._sender.enqueue(company.kept, self._body(company, events))

    def stop(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _gather(self, company: Company, events: list[RealmEvent]) -> None:
        with self._lock:
            self._gathered += events
            if self._timer is None:
                self._timer = threading.Timer(company.switches.webhook_aggregation_s, self.flush, (company,))
                self._timer.daemon = True
                self._timer.start()

    def _body(self, company: Company, events: list[RealmEvent]) -> bytes:
        if company.switches.legacy_webhooks:
            return write_json(legacy_notifications(events))
        return write_json(cloud_events(events, self._client_id))
