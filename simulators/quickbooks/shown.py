"""An object as a reply shows it."""

from __future__ import annotations

from typing import Any

from simulators.quickbooks.company import HIDDEN, Company, Object
from simulators.quickbooks.people import balance_with_jobs


def shown(company: Company, entity: str, item: Object) -> dict[str, Any]:
    """Return the public form of a kept object, with the figures that are computed when it is read."""
    reply = {name: value for name, value in item.items() if name != HIDDEN}
    if entity == "Customer":
        reply["BalanceWithJobs"] = balance_with_jobs(company, item)
    return {"domain": "QBO", "sparse": False, **reply}
