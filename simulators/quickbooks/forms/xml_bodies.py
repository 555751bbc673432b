"""Request bodies in XML, as the same body would be in JSON; pure.

Each element is read by its type in `schema.json`: repeated elements are a list, the text of a reference is its
`value`, and attributes are members. Numbers and booleans stay text, which the reading of a body takes.

Source: Intuit's XSDs, and what its SDKs for PHP, Java and .NET and quickbooks-ruby write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simulators.quickbooks.forms.fields import ENTITIES, fields_of, is_complex

XML_KINDS = ("application/xml", "text/xml")
BATCH, BATCH_ITEM = "IntuitBatchRequest", "BatchItemRequest"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class InvalidXmlError(ValueError):
    """The text is not XML, or not of a kind that is read; the message says why."""


def read_xml(text: bytes) -> tuple[str, Any]:
    """Return the name of the root element and what it holds, of an entity or of a batch.

    Raises:
        InvalidXmlError: it is not well-formed, has a document type (which could define entities without end), or
            is nested too deeply.
    """
    if b"<!DOCTYPE" in text:
        raise InvalidXmlError("XML with a document type is not supported")
    try:
        root = ElementTree.fromstring(text)
        name = _name(root)
        return name, _batch(root) if name == BATCH else _value(name, root)
    except ElementTree.ParseError as error:
        raise InvalidXmlError(f"XML is malformed: {error}") from None
    except RecursionError:
        raise InvalidXmlError("XML is nested too deeply") from None


def _batch(root: Element) -> dict[str, Any]:
    items = []
    for element in root:
        item: dict[str, Any] = _attributes(element)
        for child in element:
            name = _name(child)
            item[name] = _value(name, child) if name in ENTITIES else child.text or ""
        items.append(item)
    return {BATCH_ITEM: items}


def _value(type_name: str, element: Element) -> Any:
    if element.get(_NIL) == "true":
        return None
    if not is_complex(type_name):
        text = element.text or ""
        return text if type_name == "string" else text.strip()
    return _object(fields_of(type_name), element)


def _object(known: Mapping[str, tuple[str, bool]], element: Element) -> dict[str, Any]:
    found: dict[str, Any] = _attributes(element)
    if "value" in known:
        found["value"] = (element.text or "").strip() if known["value"][0] == "id" else element.text or ""
    for child in element:
        name = _name(child)
        # What is unknown is refused by name, whatever it holds.
        inner_type, is_list = known.get(name, ("string", False))
        value = _value(inner_type, child)
        if is_list:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _attributes(element: Element) -> dict[str, Any]:
    return {name: value for name, value in element.attrib.items() if not name.startswith("{")}


def _name(element: Element) -> str:
    """The name without its namespace; all of a body are in one."""
    return element.tag.rpartition("}")[2]
