"""QBO's preferences changed: read them anew, and try again what they had kept from being posted."""

from collections.abc import Callable

from consumer.deps import Deps, Look
from shared.db import connections, records
from shared.outcomes import Settlement, synced, unchanged
from shared.settings import Preferences

# What `RejectedError.setting` calls them, and whether they stand in a document's way.
_OBSTACLES: dict[str, Callable[[Preferences], bool]] = {
    "discounts": lambda preferences: not preferences.allow_discount,
    "sales_tax": lambda preferences: not preferences.can_bill_tax,
}


def sync_preferences(deps: Deps, look: Look) -> Settlement:
    """Read the company's preferences and remember them; release records whose obstacle is gone."""
    look.label = "Preferences"
    fresh = deps.quickbooks.read_company()
    if fresh == deps.profile.preferences:
        return unchanged()
    gone = [name for name, stands_in_the_way in _OBSTACLES.items() if not stands_in_the_way(fresh)]
    reopened = ["closed-books"] if _is_reopened(deps.profile.preferences, fresh) else []
    with deps.sessions.begin() as session:
        connections.save_preferences(session, deps.profile.id, fresh, deps.now())
        records.release_kept_back(session, deps.profile.id, deps.now(), settings=gone, cause_groups=reopened)
    return synced()


def _is_reopened(before: Preferences, now: Preferences) -> bool:
    """Tell whether the books are closed for fewer days than before."""
    if before.book_close_date is None:
        return False
    return now.book_close_date is None or now.book_close_date < before.book_close_date
