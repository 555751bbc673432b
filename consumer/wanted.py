"""Something that is to stand in QuickBooks before a document can be posted."""

from collections.abc import Callable
from dataclasses import dataclass

from consumer.deps import Look
from consumer.writes import Write
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import DuplicateNameError


@dataclass(frozen=True)
class Wanted:
    """Something that is to stand in QuickBooks.

    `name` is what people call it; `make` plans the write; `adopt` is asked when the name is taken, and links what
    holds it or raises why it cannot be used. `learn` keeps what was read of it meanwhile with the look at its record.
    """

    key: RecordKey
    link: LinkKey
    name: str
    make: Callable[[], Write]
    adopt: Callable[[Write, DuplicateNameError], Link]
    learn: Callable[[Look], None] | None = None
