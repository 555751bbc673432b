"""Two customers made one. Invoiced has no endpoint for it: people do it in the dashboard."""

from simulators.invoiced.account import Account, Kind
from simulators.invoiced.errors import ApiError
from simulators.store import Object

_MOVED: tuple[Kind, ...] = ("contact", "invoice", "credit_note", "payment")
# Nobody is told of these: what moves, and where it names its customer.
_MOVED_SILENTLY = (("application", "customer"), ("charge", "customer"), ("payment_source", "_customer"))


def merge(account: Account, survivor: int, gone: int) -> Object:
    """Move all that `gone` has to `survivor`, delete `gone` and return the survivor.

    Source: Invoiced documentation, Customers (the losing customer is deleted) and API reference, Events
    (`customer.merged`). Whether what moves is told of too is not documented: the switch `merge_tells_documents`.

    Raises:
        ApiError: 404, one of them does not exist; 400, they are the same.
    """
    if survivor == gone:
        raise ApiError(400, "A customer cannot be merged with itself")
    kept, lost = account.get("customer", survivor), account.get("customer", gone)
    for kind in _MOVED:
        for one in account.company.find(kind, "customer", gone):
            _move(account, kind, one, {"customer": survivor})
    for entity, owner in _MOVED_SILENTLY:
        for one in account.company.find(entity, "customer", gone):
            account.company.put(entity, str(one["id"]), one | {owner: survivor})
    for one in account.company.find("customer", "parent_customer", gone):
        _move(account, "customer", one, {"parent_customer": None if one["id"] == survivor else survivor})
    kept = account.get("customer", survivor)
    kept["updated_at"] = account.now()
    account.company.put("customer", str(survivor), kept)
    account.tell("customer", "merged", kept)
    account.remove("customer", lost)
    return kept


def _move(account: Account, kind: Kind, one: Object, where: Object) -> None:
    after = one | where
    if isinstance(one.get("charge"), dict):
        after["charge"] = one["charge"] | where
    if account.switches.merge_tells_documents:
        account.change(kind, one, after)
    else:
        account.company.put(kind, str(one["id"]), after)
