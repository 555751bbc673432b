"""Request bodies: JSON, or a form with bracketed names (`items[0][name]=…`). Pure."""

import re
from typing import Any
from urllib.parse import parse_qsl

from simulators.invoiced.errors import ApiError
from simulators.json_numbers import InvalidJsonError, read_json

_MAX_DEPTH = 8


def read_body(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the members of a request; a body without any is an empty object.

    Raises:
        ApiError: 400, not JSON, or not an object.
    """
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return read_form(body.decode(errors="replace"))
    if not body.strip():
        return {}
    try:
        found = read_json(body)
    except InvalidJsonError:
        raise ApiError(400, "The request body is not valid JSON") from None
    if found == []:
        return {}
    if not isinstance(found, dict):
        raise ApiError(400, "The request body must be a JSON object")
    return found


def read_form(text: str) -> dict[str, Any]:
    """Return a form as the object that it stands for; `a[]` appends, `a[0]` and `a[b]` nest."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        path = [name.partition("[")[0], *re.findall(r"\[([^\]]*)\]", name)]
        if len(path) > _MAX_DEPTH:
            raise ApiError(400, "The form is nested too deeply")
        node = tree
        for key in path[:-1]:
            child = node.setdefault(key or str(len(node)), {})
            if not isinstance(child, dict):
                raise ApiError(400, f"The form gives {name} twice", path[0])
            node = child
        node[path[-1] or str(len(node))] = value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    """Return a tree in which objects whose keys are all numbers have become lists."""
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}
