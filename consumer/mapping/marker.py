"""The line in a document's PrivateNote that says which record of Invoiced it stands for. Pure.

QBO may print the note on statements, so the line is one that a customer may read: `Invoiced INV-004 #46225`.
"""

import re

from consumer.mapping.text import cut, one_line

NOTE_LENGTH = 4000

_NUMBER_LENGTH = 200
_REFERENCE_LENGTH = 1000
_PAYMENT = re.compile(r"Invoiced payment #(\d+)(?:, reference .*)?")
_BAD_DEBT = re.compile(r"Invoiced .+ bad debt #(\d+)")
_INVOICE = re.compile(r"Invoiced .+ #(\d+)")

# Any number of a document, as short as possible, that does not begin a marker of its own.
_ANY_NUMBER = rf"(?:(?!\bInvoiced )[^\n]){{1,{_NUMBER_LENGTH}}}?"


def invoice_marker(number: str, invoice_id: int) -> str:
    """Return the marker of an invoice; it holds the whole number, also where DocNumber is shortened."""
    return f"Invoiced {_number(number)} #{invoice_id}"


def bad_debt_marker(number: str, invoice_id: int) -> str:
    """Return the marker of the credit memo, and of its application, that writes off an invoice."""
    return f"Invoiced {_number(number)} bad debt #{invoice_id}"


def payment_marker(payment_id: int, whole_reference: str | None = None) -> str:
    """Return the marker of a payment, with the reference where QBO's own field cannot hold it whole."""
    marker = f"Invoiced payment #{payment_id}"
    if whole_reference is None:
        return marker
    return f"{marker}, reference {cut(one_line(whole_reference), _REFERENCE_LENGTH)}"


def carries(note: str | None, marker: str) -> bool:
    """Tell whether the note names the same record as the marker, whatever number the record had then."""
    return note is not None and _find(note, marker) is not None


def with_marker(note: str | None, marker: str) -> str:
    """Return the note with the marker in it once: in the place of an older one, else on a line of its own.

    All other text stays. Where a person's text leaves no room within 4,000 characters, it stays alone.
    """
    found = _find(note or "", marker)
    if found is not None and note is not None:
        marked = note[: found.start()] + marker + note[found.end() :]
    else:
        marked = f"{note}\n{marker}" if note else marker
    return note if note and len(marked) > NOTE_LENGTH else marked


def _find(note: str, marker: str) -> re.Match[str] | None:
    if found := _PAYMENT.fullmatch(marker):
        return re.search(rf"\bInvoiced payment #{found[1]}(?!\d)(?:, reference [^\n]*)?", note)
    # The very same text goes first: it is right however odd the number of the document is.
    same_text = re.search(rf"\b{re.escape(marker)}(?!\d)", note)
    return same_text or _same_document(marker).search(note)


def _same_document(marker: str) -> re.Pattern[str]:
    if found := _BAD_DEBT.fullmatch(marker):
        return re.compile(rf"\bInvoiced {_ANY_NUMBER} bad debt #{found[1]}(?!\d)")
    if found := _INVOICE.fullmatch(marker):
        return re.compile(rf"\bInvoiced (?!payment #){_ANY_NUMBER}(?<! bad debt) #{found[1]}(?!\d)")
    raise ValueError(f"not a marker: {marker!r}")


def _number(number: str) -> str:
    return cut(one_line(number), _NUMBER_LENGTH)
