"""Tables as CSV that a spreadsheet opens as they are. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Any


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the table line by line. Amounts are written digit for digit, instants in ISO 8601 and UTC."""
    for row in chain([header], rows):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\r\n").writerow([_cell(value) for value in row])
        yield buffer.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case Decimal():
            return format(value, "f")
        case _:
            text = str(value)
            # A spreadsheet would take such a text for a formula, whoever wrote it.
            return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
