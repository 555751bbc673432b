"""What Invoiced can hold, for tests by property: whole invoices as they come over the wire.

Totals follow the order of Invoiced's own arithmetic: line discounts, line taxes, the invoice's discount on what
is left, the invoice's taxes on what is left then; every amount rounded to cents. Inclusive taxes come both ways:
inside the prices, and with the prices lowered by them already.
"""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

import msgspec
from hypothesis import assume
from hypothesis import strategies as st

from shared.invoiced.entities import Invoice

CENT = Decimal("0.01")
Document = dict[str, Any]


def amounts(least: str = "0.00", most: str = "5000.00", places: int = 2) -> st.SearchStrategy[Decimal]:
    """Sums of money in major units, with a fixed number of decimals at most."""
    return st.decimals(Decimal(least), Decimal(most), places=places)


quantities = st.one_of(
    st.integers(1, 12).map(Decimal),
    amounts("0.01", "40.00"),
    amounts("0.000001", "3", places=6),
)
prices = st.one_of(amounts(), amounts("0", "9", places=7), st.just(Decimal(0)), st.integers(1, 900).map(Decimal))
percentages = st.one_of(
    st.sampled_from([Decimal("7"), Decimal("8.25"), Decimal("19"), Decimal("100")]),
    amounts("0.01", "100.00"),
)
tax_rates = st.one_of(st.sampled_from([Decimal("7"), Decimal("8.875")]), amounts("0.001", "30", places=3))
texts = st.text(st.characters(codec="utf-8"), max_size=40)
line_names = st.one_of(
    st.none(),
    st.sampled_from(["Consulting", "consulting", "Hours: senior", "", "Bad debt", "x" * 250]),
    texts,
)
invoice_numbers = st.one_of(
    st.integers(1, 99_999).map(lambda n: f"INV-{n:05}"),
    st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
)


@st.composite
def invoice_documents(draw: st.DrawFn) -> Document:
    """An issued invoice whose sums agree, as JSON would give it: amounts are Decimals."""
    rounding = draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
    inside = draw(st.booleans())
    lines = [_line(draw, index, rounding, inside) for index in range(draw(st.integers(1, 5)))]
    left = sum((_left_of(line) for line in lines), Decimal(0))
    if left > 1 and draw(st.integers(0, 5)) == 0:
        lines.append(_credit_line(draw(amounts("0.01", str(left / 2 // CENT * CENT)))))
    subtotal = sum((line["amount"] for line in lines), Decimal(0))

    discountable = sum((_left_of(line) for line in lines if line["discountable"]), Decimal(0))
    discounts = _discounts(draw, discountable, rounding)
    discount = sum((entry["amount"] for entry in discounts), Decimal(0))
    taxable = sum((_left_of(line) for line in lines if line["taxable"] and not line["taxes"]), Decimal(0))
    taxes = _taxes(draw, max(taxable - discount, Decimal(0)), rounding, inside)

    line_taxes = [tax for line in lines for tax in line["taxes"]]
    all_discounts = discount + sum((d["amount"] for line in lines for d in line["discounts"]), Decimal(0))
    all_taxes = sum((tax["amount"] for tax in [*line_taxes, *taxes]), Decimal(0))
    hidden = sum(
        (tax["amount"] for tax in [*line_taxes, *taxes] if inside and tax["tax_rate"]["inclusive"]),
        Decimal(0),
    )
    total = subtotal - all_discounts + all_taxes - hidden
    assume(total >= 0 and all_discounts <= subtotal - hidden)
    issued_at = draw(st.integers(1_400_000_000, 1_800_000_000))
    invoice_id = draw(st.integers(1, 10**9))
    return {
        "id": invoice_id,
        "object": "invoice",
        "number": draw(invoice_numbers),
        "customer": draw(st.integers(1, 99_999)),
        "currency": "usd",
        "draft": False,
        "closed": False,
        "paid": False,
        "status": "sent",
        "date": issued_at,
        "due_date": draw(st.none() | st.integers(0, 90).map(lambda days: issued_at + days * 86_400)),
        "items": lines,
        "subtotal": draw(st.sampled_from([subtotal, subtotal - hidden])),
        "discounts": discounts,
        "taxes": taxes,
        "total": total,
        "balance": total,
        "metadata": draw(st.sampled_from([{}, []])),
    }


def invoices() -> st.SearchStrategy[Invoice]:
    """The same invoices as `invoice_documents`, as the client reads them."""
    return invoice_documents().map(lambda document: msgspec.convert(document, Invoice))


def _line(draw: st.DrawFn, index: int, rounding: str, inside: bool) -> Document:
    quantity, unit_cost = draw(quantities), draw(prices)
    amount = (quantity * unit_cost).quantize(CENT, rounding)
    discounts = _discounts(draw, amount, rounding)
    left = amount - sum((entry["amount"] for entry in discounts), Decimal(0))
    return {
        "id": index + 1,
        "object": "line_item",
        "name": draw(line_names),
        "description": draw(st.one_of(st.none(), texts)),
        "quantity": quantity,
        "unit_cost": unit_cost,
        "amount": amount,
        "discountable": draw(st.booleans()),
        "discounts": discounts,
        "taxable": draw(st.booleans()),
        "taxes": _taxes(draw, left, rounding, inside) if draw(st.integers(0, 2)) == 0 else [],
        "metadata": {},
    }


def _credit_line(amount: Decimal) -> Document:
    return {
        "id": 99,
        "object": "line_item",
        "name": "Credit",
        "description": "",
        "quantity": Decimal(-1),
        "unit_cost": amount,
        "amount": -amount,
        "discountable": False,
        "discounts": [],
        "taxable": False,
        "taxes": [],
        "metadata": {},
    }


def _left_of(line: Document) -> Decimal:
    left: Decimal = line["amount"] - sum((entry["amount"] for entry in line["discounts"]), Decimal(0))
    return left


def _discounts(draw: st.DrawFn, base: Decimal, rounding: str) -> list[Document]:
    kind = draw(st.sampled_from(["none", "none", "percent", "fixed"]))
    if kind == "none" or base <= 0:
        return []
    if kind == "percent":
        amount = (base * draw(percentages) / 100).quantize(CENT, rounding)
    else:
        amount = draw(amounts("0.00", str(base)))
    return [{"id": 1, "object": "discount", "amount": amount, "coupon": None, "expires": None}]


def _taxes(draw: st.DrawFn, base: Decimal, rounding: str, inside: bool) -> list[Document]:
    taxes = []
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        rate, inclusive = draw(tax_rates), draw(st.booleans())
        if inclusive and inside:
            # Rounded in favour of the tax agency.
            amount = (base - base / (1 + rate / 100)).quantize(CENT, ROUND_UP)
        else:
            amount = (base * rate / 100).quantize(CENT, rounding)
        tax_rate = {"id": "t", "object": "tax_rate", "name": "Tax", "value": rate, "inclusive": inclusive}
        taxes.append({"id": 2, "object": "tax", "amount": amount, "tax_rate": tax_rate})
    return taxes
