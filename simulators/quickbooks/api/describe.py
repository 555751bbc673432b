"""What a request is about, in the words of the request log; looks at `flask.request` alone and never fails."""

from __future__ import annotations

from typing import Any

from flask import g, request

from simulators.calls import Call
from simulators.json_numbers import InvalidJsonError, read_json
from simulators.quickbooks.forms.xml_bodies import XML_KINDS, InvalidXmlError, read_xml
from simulators.quickbooks.lists.exchange_rates import ENTITY as EXCHANGE_RATE
from simulators.quickbooks.oauth.tokens import TOKEN_PATH
from simulators.quickbooks.operations import SEGMENTS, TAX_SERVICE, operation_of, with_id_of_settings

COMPANY_PATH = "/v3/company"


def body_in_hand() -> Any:
    """The body of the request, read once; one in XML as it would be in JSON.

    Raises:
        InvalidJsonError: it is not JSON.
        InvalidXmlError: it says that it is XML, and is none.
    """
    if "body" not in g:
        g.root = None
        if request.mimetype in XML_KINDS:
            g.root, g.body = read_xml(request.get_data())
        else:
            g.body = read_json(request.get_data())
    return g.body


def root_in_hand() -> str | None:
    """The name of the root element of a body in XML, which has been read before; None of one in JSON."""
    root: str | None = g.root
    return root


def includes() -> list[str]:
    """The values of the query parameter `include`."""
    return [value.strip().lower() for value in request.args.get("include", "").split(",") if value.strip()]


def describe() -> Call:
    if request.path == TOKEN_PATH:
        return Call(None, "token")
    if not request.path.startswith(f"{COMPANY_PATH}/"):
        return Call(None, None)
    parts = request.path.removeprefix(f"{COMPANY_PATH}/").split("/")[1:]
    match parts:
        case ["query"]:
            return Call(None, "query")
        case ["cdc"]:
            return Call(None, "cdc")
        case ["batch"]:
            return Call(None, "batch", has_items=True)
        case ["upload"]:
            return Call("Attachable", "create")
        case ["taxservice", "taxcode"]:
            return Call(TAX_SERVICE, "create")
        case [segment, *rest]:
            return _entity_call(SEGMENTS.get(segment), rest)
    return Call(None, None)


def _entity_call(entity: str | None, rest: list[str]) -> Call:
    if request.method == "GET":
        return Call(entity, "read")
    if rest[1:] == ["send"]:
        return Call(entity, "send")
    if entity == EXCHANGE_RATE:
        return Call(entity, "update")
    try:
        body = with_id_of_settings(entity, body_in_hand())
    except (InvalidJsonError, InvalidXmlError):
        body = None
    return Call(entity, operation_of(body, request.args.get("operation"), includes()))
