"""What a vendor call is about, in the words of the request log and of fault rules."""

from dataclasses import dataclass
from typing import Literal

Operation = Literal[
    "create",
    "update",
    "sparse",
    "delete",
    "void",
    "deactivate",
    "send",
    "read",
    "query",
    "cdc",
    "batch",
    "token",
]


@dataclass(frozen=True)
class Call:
    """One vendor call, or one item of a batch.

    `entity` is spelt as the vendor spells it and is None for calls about no single kind (queries, batches,
    token calls). `has_items` marks a batch: faults that hit one record are then left to its items, which
    `is_item` marks.
    """

    entity: str | None
    operation: Operation | None
    method: str = ""
    path: str = ""
    has_items: bool = False
    is_item: bool = False
