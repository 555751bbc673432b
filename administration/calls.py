"""What a call to QuickBooks was for, in words: the plan that it carried out. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

_NAMES = {
    "account": "account",
    "creditmemo": "credit memo",
    "customer": "customer",
    "invoice": "invoice",
    "item": "item",
    "payment": "payment",
    "paymentmethod": "payment method",
    "taxservice": "tax code",
}
_QUERIED = "select * from "


def in_words(request: Mapping[str, Any] | None) -> str:
    """Return what the kept `request` of a call was to do: `Update invoice 12`; "" for what has no words here."""
    if not request:
        return ""
    parts = urlsplit(str(request.get("path") or ""))
    # /v3/company/<realm>/<entity>[/<id>]
    path = parts.path.split("/")[4:]
    entity, body = (path[0] if path else ""), request.get("body")
    if entity == "batch":
        return _batch(body)
    if entity == "query":
        # Of a search the statement says what is looked for.
        statement = body if isinstance(body, str) else ""
        name = statement[len(_QUERIED) :].partition(" ")[0] if statement.lower().startswith(_QUERIED) else ""
        return f"Look for {_NAMES.get(name.lower(), name)}s" if name else "Look for something"
    if entity not in _NAMES:
        return ""
    if request.get("method") == "GET":
        return " ".join(("Read", _NAMES[entity], *path[1:]))
    asked = parse_qs(parts.query)
    operation = "void" if asked.get("include") == ["void"] else asked.get("operation", [""])[0]
    return _write(operation, entity, body)


def _write(operation: str, entity: str, body: object) -> str:
    number = body.get("Id") if isinstance(body, Mapping) else None
    verb = {"void": "Void", "delete": "Delete"}.get(operation, "Create" if number is None else "Update")
    return f"{verb} {_NAMES.get(entity.lower(), entity)}{f' {number}' if number is not None else ''}"


def _batch(body: object) -> str:
    items = body.get("BatchItemRequest") if isinstance(body, Mapping) else None
    told = []
    for item in items if isinstance(items, list) else []:
        entity = next((name for name in item if name not in ("bId", "operation", "optionsData")), "")
        told.append(_write(str(item.get("operation") or ""), entity, item.get(entity)))
    return ", ".join(told) or "Several at once"
