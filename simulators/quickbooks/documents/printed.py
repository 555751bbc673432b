"""Documents as PDF: small and valid, one page or several, with the figures in plain text; pure.

Source: entity reference ("Get an invoice as PDF" and its likes): `GET …/<entity>/<id>/pdf`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

Object = dict[str, Any]
PRINTED = frozenset({"Invoice", "Estimate", "SalesReceipt", "RefundReceipt", "CreditMemo", "Payment"})
_ROWS = 50
_TITLES = {"SalesReceipt": "Sales Receipt", "RefundReceipt": "Refund Receipt", "CreditMemo": "Credit Memo"}


def print_document(entity: str, item: Object, company_name: str) -> bytes:
    """Return one document as PDF."""
    return pdf(list(_rows(entity, item, company_name)))


def _rows(entity: str, item: Object, company_name: str) -> Iterator[str]:
    number = item.get("DocNumber") or item.get("PaymentRefNum") or item["Id"]
    yield company_name
    yield ""
    yield f"{_TITLES.get(entity, entity)} {number}"
    yield f"Date: {item['TxnDate']}"
    if item.get("DueDate"):
        yield f"Due: {item['DueDate']}"
    if item.get("CustomerRef"):
        yield f"To: {item['CustomerRef'].get('name', item['CustomerRef']['value'])}"
    yield ""
    for line in item.get("Line", []):
        yield from _line(line)
    yield ""
    tax = (item.get("TxnTaxDetail") or {}).get("TotalTax")
    if tax:
        yield _row("Tax", tax)
    yield _row(f"Total {(item.get('CurrencyRef') or {}).get('value', '')}", item["TotalAmt"])
    if "Balance" in item:
        yield _row("Balance", item["Balance"])


def _line(line: Object) -> Iterator[str]:
    if line.get("LinkedTxn"):
        link = line["LinkedTxn"][0]
        yield _row(f"{link['TxnType']} {link['TxnId']}", line["Amount"])
        return
    detail = line.get(line.get("DetailType", ""), {})
    names = {"SubTotalLineDetail": "Subtotal", "DiscountLineDetail": "Discount"}
    text = line.get("Description") or (detail.get("ItemRef") or {}).get("name") or names.get(line["DetailType"], "")
    yield _row(text, line["Amount"]) if "Amount" in line else text
    if detail.get("DiscountAmt"):
        yield _row("  Discount", -Decimal(detail["DiscountAmt"]))


def _row(text: str, amount: Decimal | int) -> str:
    return f"{text[:60]:<62}{Decimal(amount):>14,.2f}"


def pdf(rows: Sequence[str]) -> bytes:
    """Return rows of text as a PDF in a fixed-width font; what Latin-1 lacks is shown as a question mark."""
    pages = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)] or [[]]
    first_page = 4
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        content = b"BT /F1 10 Tf 14 TL 50 740 Td " + b" ".join(_shown(row) for row in page) + b" ET"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            + f"/Contents {first_page + 2 * number + 1} 0 R >>".encode()
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
    return _file(objects)


def _shown(row: str) -> bytes:
    text = row.encode("latin-1", "replace")
    for special in (b"\\", b"(", b")"):
        text = text.replace(special, b"\\" + special)
    return b"(" + text.replace(b"\n", b" ").replace(b"\r", b" ") + b") Tj T*"


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects under their numbers, and the table that says where each begins."""
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(written)
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for place in places:
        written += f"{place:010d} 00000 n \n".encode()
    written += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(written)
