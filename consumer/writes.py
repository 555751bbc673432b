"""One planned write to QuickBooks, and the form in which it is stored before it is sent."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from consumer.mapping.refs import Body
from shared.db import links
from shared.db.links import LinkKey


class Operation(StrEnum):
    """What a write does to its QBO object."""

    CREATE = "create"
    UPDATE = "update"
    VOID = "void"
    DELETE = "delete"


@dataclass(frozen=True)
class Write:
    """One planned write.

    `body` holds every field that we own; `note` the PrivateNote where it has to change; `marker` what identifies
    the object as ours; `applications` how much it puts on each QBO invoice (by QBO id); `columns` what else is kept
    in the link (`terms`, `source`, `origin`).
    """

    key: LinkKey
    entity: str
    operation: Operation
    body: Body = field(default_factory=dict)
    note: str | None = None
    marker: str | None = None
    applications: dict[str, Decimal] | None = None
    columns: dict[str, Any] = field(default_factory=dict)


def stored_form(session: Session, write: Write) -> dict[str, Any]:
    """Return the write as JSON, with the very body (`wire`) that goes to QuickBooks."""
    wire: Body = dict(write.body)
    if write.note is not None:
        wire["PrivateNote"] = write.note
    if write.operation is not Operation.CREATE:
        link = links.find(session, write.key)
        if link is None:
            raise LookupError(f"no link to {write.operation} for {write.key}")
        wire |= {"Id": link.qbo_id, "SyncToken": link.sync_token}
        if write.operation is Operation.UPDATE:
            wire["sparse"] = True
    return {
        "entity": write.entity,
        "operation": write.operation.value,
        "wire": wire,
        "body": write.body,
        "marker": write.marker,
        "applications": write.applications,
        "columns": write.columns,
    }
