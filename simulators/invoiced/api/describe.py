"""What a call is about, for the request log and for fault rules. Pure."""

from simulators.calls import Call, Operation

PLURALS = {
    "customers": "customer",
    "invoices": "invoice",
    "payments": "payment",
    "charges": "charge",
    "credit_notes": "credit_note",
    "items": "item",
    "tax_rates": "tax_rate",
    "coupons": "coupon",
    "events": "event",
    "webhook_attempts": "webhook_attempt",
}
# What lies under another object: the entity is not that of the path's first word.
_NESTED = {
    ("customers", "contacts"): "contact",
    ("customers", "payment_sources"): "payment_source",
    ("customers", "cards"): "payment_source",
    ("customers", "bank_accounts"): "payment_source",
    ("charges", "refunds"): "refund",
}
_ON_ONE: dict[str, Operation] = {"GET": "read", "PATCH": "update", "DELETE": "delete"}
_ACTIONS: dict[tuple[str, str], Operation] = {
    ("POST", "void"): "void",
    ("POST", "emails"): "send",
    ("POST", "pay"): "update",
    ("POST", "retries"): "send",
    ("GET", "balance"): "read",
    ("GET", "contacts"): "query",
    ("POST", "contacts"): "create",
    ("GET", "payment_sources"): "query",
    ("POST", "payment_sources"): "create",
    ("POST", "refunds"): "create",
}


def describe(method: str, path: str) -> Call:
    """Return entity and operation of a call; both are None for a path that Invoiced does not have.

    A list is a `query`; deleting a payment is what the vendor calls it, a `void`.
    """
    plural, *rest = path.strip("/").split("/")
    entity = PLURALS.get(plural)
    if len(rest) >= 2:
        entity = _NESTED.get((plural, rest[1]), entity)
    operation: Operation | None = None
    if not rest:
        operation = "query" if method == "GET" else "create" if method == "POST" else None
    elif len(rest) == 1:
        operation = "void" if (method, entity) == ("DELETE", "payment") else _ON_ONE.get(method)
    elif len(rest) == 2:
        operation = _ACTIONS.get((method, rest[1]))
    elif len(rest) == 3 and rest[1] in ("contacts", "cards", "bank_accounts"):
        operation = _ON_ONE.get(method)
    return Call(entity, operation) if entity and operation else Call(None, None)
