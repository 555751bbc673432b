"""Replies in XML, for callers that do not ask for JSON; pure.

Source: the samples of Intuit's "Learn REST API features" and of its entity reference, and recorded replies:
`IntuitResponse` around everything, a reference as text with its name as an attribute, a list as repeated
elements. Elements come in the order of the JSON reply, behind Id, SyncToken and MetaData.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

NAMESPACE = "http://schema.intuit.com/finance/v3"
_ATTRIBUTES = frozenset({"domain", "sparse", "status", "startPosition", "maxResults", "totalCount", "bId"})
_FIRST = ("Id", "SyncToken", "MetaData")


def as_xml(reply: dict[str, Any]) -> bytes:
    """Return the XML form of a reply: of an entity, a query, a batch, of changes, or of a fault in either shape."""
    root = ElementTree.Element("IntuitResponse", {"xmlns": NAMESPACE})
    if "fault" in reply:
        _add(root, "Fault", _capital_fault(reply["fault"]))
        return _written(root)
    if "time" in reply:
        root.set("time", _text(reply["time"]))
    # A tax code's reply is the one that has no entity around it.
    content = {"TaxService": reply} if "TaxCodeId" in reply else reply
    for name, value in content.items():
        if name != "time":
            _add(root, name, value)
    return _written(root)


def _written(root: ElementTree.Element) -> bytes:
    text: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text


def _capital_fault(fault: dict[str, Any]) -> dict[str, Any]:
    """The gateway's fault in the spelling of the entity service, which is how its XML is spelt."""
    errors = [
        {"Message": one["message"], "Detail": one["detail"], "code": one["code"], "element": one["element"] or ""}
        for one in fault["error"]
    ]
    return {"Error": errors, "type": fault["type"]}


def _add(parent: ElementTree.Element, name: str, value: Any) -> None:
    if isinstance(value, list):
        for one in value:
            _add(parent, name, one)
        return
    element = ElementTree.SubElement(parent, name)
    if not isinstance(value, dict):
        element.text = _text(value)
        return
    attributes = _ATTRIBUTES
    if name == "Fault":
        attributes = frozenset({"type"})
    elif name == "Error":
        attributes = frozenset({"code", "element"})
    elif "value" in value:
        # A reference, or a text that could be one.
        attributes = frozenset(value) - {"value"}
        element.text = _text(value["value"])
    for inner in sorted(value, key=lambda one: _FIRST.index(one) if one in _FIRST else len(_FIRST)):
        if inner in attributes:
            element.set(inner, _text(value[inner]))
        elif inner != "value":
            _add(element, inner, value[inner])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return "" if value is None else str(value)
