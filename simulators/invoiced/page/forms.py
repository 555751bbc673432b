"""The forms of the web page: what of an object stands in one, and the API body that a posted one means. Pure.

A form is a dict of texts; `items` and `applied_to` are lists of such. The body holds what a client of the API would
send: of a new object what is filled in, of a standing one what differs. A form that is saved as it was changes nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.errors import ApiError
from simulators.invoiced.page.rows import day, midnight, plain_number
from simulators.store import Object

Form = dict[str, Any]

# The choice that leaves discounts or taxes alone that a form has no fields for: several, or of mixed kinds.
AS_IT_IS = "(as it is)"
_CUSTOMER = (
    "name", "number", "email", "phone", "attention_to", "address1", "address2", "city", "state", "postal_code",
    "country", "currency", "payment_terms", "notes",
)  # fmt: skip
_CREDIT = ("credit_limit", "credit_hold")
_DOCUMENT = ("customer", "number", "payment_terms", "purchase_order", "notes")
_DATES = ("date", "due_date")
_ADJUSTED = ("discount", "tax")
_ADJUSTMENTS = {"discount": ("discounts", "coupon"), "tax": ("taxes", "tax_rate")}
_LINE = ("catalog_item", "name", "description", "quantity", "unit_cost")
_PAYMENT = ("customer", "amount", "method", "reference", "notes")
_LONG = frozenset({"notes", "description"})


@dataclass(frozen=True)
class Problem:
    """A refusal in plain words, and the form's field that is to blame, "" for none."""

    message: str
    field: str = ""


def customer_form(customer: Object) -> Form:
    credit = {
        "credit_limit": plain_number(customer["credit_limit"]),
        "credit_hold": "true" if customer["credit_hold"] else "",
    }
    return {name: _shown(name, customer[name]) for name in _CUSTOMER} | credit


def posted_customer(form: Form) -> Form:
    return {name: _text(form, name) for name in (*_CUSTOMER, *_CREDIT)}


def customer_body(posted: Form, shown: Form) -> Object:
    return _told(posted, shown, (*_CUSTOMER, *_CREDIT))


def document_form(document: Object) -> Form:
    """The form of an invoice or a credit note."""
    return {
        **{name: _shown(name, document.get(name)) for name in _DOCUMENT},
        **{name: day(document.get(name)) for name in _DATES},
        **_adjustments_form(document),
        "items": [_line_form(line) for line in document["items"]],
    }


def posted_document(form: Form) -> Form:
    names = (*_DOCUMENT, *_DATES, *(f"{name}{part}" for name in _ADJUSTED for part in ("", "_amount")))
    lines = [_posted_line(line) for line in _rows(form, "items")]
    return {name: _text(form, name) for name in names} | {"items": [line for line in lines if any(line.values())]}


def document_body(posted: Form, shown: Form, standing: Object | None) -> Object:
    body = _told(posted, shown, _DOCUMENT) | _told_dates(posted, shown)
    body |= _told_adjustments(posted, shown, standing)
    known = {line["id"]: line for line in shown.get("items", [])}
    of_id = {str(line["id"]): line for line in (standing or {"items": []})["items"]}
    lines = [line for line in posted["items"] if not line["remove"]]
    if standing is None or lines != shown["items"]:
        body["items"] = [_line_body(line, known.get(line["id"], {}), of_id.get(line["id"])) for line in lines]
    return body


def payment_form(payment: Object, applied_to: Sequence[Object], open_invoices: Sequence[Object]) -> Form:
    """The form of a payment that pays `applied_to`, its splits as the API shows them, and could pay more."""
    rows = [
        {"invoice": str(one["invoice"]), "amount": plain_number(one["amount"])}
        for one in applied_to
        if one["type"] == "invoice"
    ]
    paid = {row["invoice"] for row in rows}
    rows += [{"invoice": str(one["id"]), "amount": ""} for one in open_invoices if str(one["id"]) not in paid]
    scalars = {name: _shown(name, payment[name]) for name in _PAYMENT}
    return {**scalars, "amount": plain_number(payment["amount"]), "date": day(payment["date"]), "applied_to": rows}


def posted_payment(form: Form) -> Form:
    rows = [{name: _text(row, name) for name in ("invoice", "amount")} for row in _rows(form, "applied_to")]
    return {name: _text(form, name) for name in (*_PAYMENT, "date")} | {"applied_to": rows}


def payment_body(posted: Form, shown: Form, applied_to: Sequence[Object]) -> Object:
    """`applied_to` is what stands; splits that are no invoice's stay as they are."""
    body = _told(posted, shown, _PAYMENT) | _told_dates(posted, shown, ("date",))
    splits = [{"type": "invoice", **row} for row in posted["applied_to"] if row["amount"]]
    if splits != [{"type": "invoice", **row} for row in shown.get("applied_to", []) if row["amount"]]:
        others = [
            {name: value for name, value in one.items() if name != "id"}
            for one in applied_to
            if one["type"] != "invoice"
        ]
        body["applied_to"] = others + splits
    return body


def problem_of(error: ApiError, form: Form) -> Problem:
    """Say an error of the API in the words of the page, beside the field that is to blame."""
    param = error.param or ""
    message = re.sub(rf"^{param}\b", param.replace("_", " ").capitalize(), error.message) if param else error.message
    for named, field, text in _numbers(form):
        if named == param and text and not _is_number(text):
            return Problem(message, field)
    fields_of = {"items": "items", "discounts": "discount_amount", "taxes": "tax", "applied_to": "applied_to"}
    return Problem(message, fields_of.get(param, param) if param in form or fields_of.get(param) in form else "")


def _numbers(form: Form) -> Iterator[tuple[str, str, str]]:
    """Yield every number of a form as (parameter of the API, name of the field, text)."""
    for index, line in enumerate(form.get("items", [])):
        for name, param in (("quantity", "quantity"), ("unit_cost", "unit_cost"), ("discount_amount", "discounts")):
            yield param, f"items[{index}][{name}]", line[name]
    for index, row in enumerate(form.get("applied_to", [])):
        yield "amount", f"applied_to[{index}][amount]", row["amount"]
    for name, param in (("discount_amount", "discounts"), ("tax_amount", "taxes"), ("amount", "amount")):
        yield param, name, form.get(name, "")


def _is_number(text: str) -> bool:
    try:
        fields.number("", text)
    except ApiError:
        return False
    return True


def _told(posted: Mapping[str, str], shown: Mapping[str, str], names: Sequence[str]) -> Object:
    return {name: posted[name] for name in names if posted[name] != shown.get(name, "")}


def _told_dates(posted: Form, shown: Form, names: Sequence[str] = _DATES) -> Object:
    told = _told(posted, shown, names)
    return {name: midnight(name, text) if text else "" for name, text in told.items()}


def _line_form(line: Object) -> Form:
    texts = {name: _shown(name, line[name]) for name in _LINE}
    numbers = {name: plain_number(line[name]) for name in ("quantity", "unit_cost")}
    return {"id": str(line["id"]), **texts, **numbers, **_adjustments_form(line), "remove": ""}


def _posted_line(form: Form) -> Form:
    names = ("id", *_LINE, *(f"{name}{part}" for name in _ADJUSTED for part in ("", "_amount")), "remove")
    return {name: _text(form, name) for name in names}


def _line_body(posted: Form, shown: Form, standing: Object | None) -> Object:
    body = _told(posted, shown, _LINE) | _told_adjustments(posted, shown, standing)
    return ({"id": posted["id"]} if posted["id"] else {}) | body


def _adjustments_form(holder: Object) -> Form:
    """Discounts and taxes as an amount and a coupon or tax rate each, where there is no more than that."""
    form = {}
    for name, (plural, kind) in _ADJUSTMENTS.items():
        amounts = [one["amount"] for one in holder[plural] if one[kind] is None]
        rates = [one[kind]["id"] for one in holder[plural] if one[kind] is not None]
        fits = len(amounts) <= 1 and len(rates) <= 1
        form[f"{name}_amount"] = plain_number(amounts[0]) if fits and amounts else ""
        form[name] = AS_IT_IS if not fits else rates[0] if rates else ""
    return form


def _told_adjustments(posted: Form, shown: Form, standing: Object | None) -> Object:
    body: Object = {}
    for name, (plural, kind) in _ADJUSTMENTS.items():
        if not _told(posted, shown, (name, f"{name}_amount")):
            continue
        given: list[Any] = [{"amount": posted[f"{name}_amount"]}] if posted[f"{name}_amount"] else []
        if posted[name] == AS_IT_IS:
            given += standing[plural] if standing is not None else []
        elif posted[name]:
            given.append({kind: posted[name]})
        body[plural] = given
    return body


def _rows(form: Form, name: str) -> list[Form]:
    rows = form.get(name, [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _text(form: Mapping[str, Any], name: str) -> str:
    return _shown(name, form.get(name))


def _shown(name: str, value: Any) -> str:
    """A text as a field of a browser gives it back: trimmed, and in one line unless it is a long one."""
    text = str(value).replace("\r\n", "\n").strip() if isinstance(value, (str, int)) else ""
    return text if name in _LONG else re.sub(r"\s*\n\s*", " ", text)
