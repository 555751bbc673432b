"""How the pages call kinds, outcomes and reasons. Pure."""

from shared.db.record_list import IGNORED, NOT_LOOKED_AT
from shared.messages import Kind
from shared.outcomes import Outcome

KINDS = {
    Kind.INVOICE.value: "Invoice",
    Kind.PAYMENT.value: "Payment",
    Kind.CUSTOMER.value: "Customer",
    Kind.QUICKBOOKS_CUSTOMER.value: "Customer in QuickBooks",
    Kind.QUICKBOOKS_PREFERENCES.value: "QuickBooks settings",
    Kind.ITEM.value: "Item",
    Kind.ACCOUNT.value: "Account",
    Kind.TAX_CODE.value: "Tax code",
    Kind.PAYMENT_METHOD.value: "Payment method",
}
OUTCOMES = {
    Outcome.SYNCED.value: "Synced",
    Outcome.UNCHANGED.value: "Unchanged",
    Outcome.SKIPPED.value: "Skipped",
    Outcome.WAITING.value: "Waiting",
    Outcome.FAILED.value: "Failed",
    Outcome.MISMATCH.value: "Mismatch",
    Outcome.CHANGED_IN_QUICKBOOKS.value: "Changed in QuickBooks",
    NOT_LOOKED_AT: "Not looked at yet",
    IGNORED: "Ignored",
}
WHYS = {
    "webhook": "a webhook",
    "sweep": "a sync of what changed",
    "retry": "its planned next look",
    "manual": "a person asked",
}
DEEDS = {
    "retry": "tried it again",
    "ignore": "put it aside",
    "unignore": "took it back",
    "resync": "had it synced again",
}
SWEEP_STATES = {
    "asked": "Asked for",
    "finding": "Finding what changed",
    "working": "Syncing",
    "done": "Done",
    "cancelled": "Cancelled",
    "failed": "Failed",
}
SWEEP_SCOPES = {"catch-up": "What changed", "everything": "Everything", "selection": "Chosen records"}
SWEEP_WHYS = {"person": "asked for", "schedule": "by itself", "gap": "after a gap in the webhooks"}

# How a state of a sync is coloured.
STATE_CLASSES = {"done": "good", "failed": "bad", "asked": "waiting", "finding": "waiting", "working": "waiting"}
