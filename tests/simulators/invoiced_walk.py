"""Invoiced's own Python client, and which of it tests drive."""

import inspect

from invoiced import objects
from invoiced.operations import InvoicedObject

from tests.simulators.client_walk import ClientWalk

# What the client's objects need for themselves: no calls to Invoiced.
_OWN_AFFAIRS = frozenset({"set_endpoint_base", "endpoint_base", "endpoint", "refresh_from", "update"})

WALK = ClientWalk(
    {
        name: kind
        for name, kind in inspect.getmembers(objects, inspect.isclass)
        if issubclass(kind, InvoicedObject) and kind.__module__ == objects.__name__
    },
    "invoiced",
    _OWN_AFFAIRS,
)
