"""What in QuickBooks, in Invoiced or in the settings makes postings go wrong, and what to do about it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.settings import Preferences

# Of inactive things in one finding.
_NAMED_AT_MOST = 12


class Severity(StrEnum):
    """How much a finding matters."""

    # Something is posted wrongly, twice or not at all until it is mended.
    PROBLEM = "problem"
    # Some records will wait or fail, or a person has to look.
    WARNING = "warning"
    # Good to know.
    NOTE = "note"


@dataclass(frozen=True)
class Unusable:
    """An account, tax code or item of the settings that cannot be used: which setting, which object, and why."""

    setting: str
    name: str
    why: str


@dataclass(frozen=True)
class Facts:
    """What is known when a connection is checked.

    `foreign_currencies` are ISO codes of documents in Invoiced that are not in the home currency; `inactive` names what
    the sync has posted with and is inactive in QBO now (`item Consulting`); `built_in_sync` is the accounting system to
    which Invoiced says it syncs by itself (None: it does not say so), `shares_key_with` another company that is
    connected with the same Invoiced account, `start_date` the first day that is synced.
    """

    preferences: Preferences
    start_date: date | None = None
    foreign_currencies: Sequence[str] = ()
    unusable: Sequence[Unusable] = ()
    inactive: Sequence[str] = ()
    built_in_sync: str | None = None
    has_invoiced_key: bool = True
    shares_key_with: str | None = None
    invoiced_webhook_seen: bool = True


@dataclass(frozen=True)
class Finding:
    """One thing that a check found: what, why it matters, and what to do. `key` never changes."""

    key: str
    severity: Severity
    title: str
    explanation: str
    fix: str


def check(facts: Facts) -> list[Finding]:
    """Return what was found, the gravest first."""
    found = [*_of_company(facts), *_of_tax(facts.preferences), *_of_settings(facts), *_of_invoiced(facts)]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _of_company(facts: Facts) -> list[Finding]:
    preferences = facts.preferences
    found = []
    if preferences.country != "US":
        found.append(
            Finding(
                "country",
                Severity.PROBLEM,
                f"The company is in {preferences.country}",
                "Sales tax works differently outside the US, and only US companies are synced yet.",
                "Connect a US company.",
            )
        )
    if not preferences.custom_txn_numbers:
        found.append(
            Finding(
                "custom-numbers",
                Severity.WARNING,
                "Custom transaction numbers are off in QuickBooks",
                "QuickBooks may ignore the numbers that are sent, or go on with them on invoices made by hand.",
                "Switch on Custom transaction numbers under Account and settings, Sales, Sales form content.",
            )
        )
    if preferences.auto_apply_credit:
        found.append(
            Finding(
                "automatic-credits",
                Severity.PROBLEM,
                "QuickBooks applies credits by itself",
                "It settles new invoices with whatever credit a customer has: the open balances then differ from"
                " Invoiced.",
                "Switch off Automatically apply credits under Account and settings, Advanced, Automation.",
            )
        )
    if not preferences.allow_discount:
        found.append(
            Finding(
                "discounts",
                Severity.WARNING,
                "Discounts are off in QuickBooks",
                "Invoices with a discount cannot be posted.",
                "Switch on Discount under Account and settings, Sales, Sales form content.",
            )
        )
    if facts.foreign_currencies:
        currencies = ", ".join(sorted(facts.foreign_currencies))
        off = "" if preferences.multicurrency else ", and multicurrency is off in QuickBooks"
        found.append(
            Finding(
                "foreign-currency",
                Severity.WARNING,
                f"Invoiced has documents in {currencies}{off}",
                f"The books are kept in {preferences.home_currency}; documents in other currencies are not posted.",
                "Enter these by hand in QuickBooks, and ignore them here.",
            )
        )
    closed = preferences.book_close_date
    if closed is not None and (facts.start_date is None or facts.start_date <= closed):
        found.append(
            Finding(
                "closing-date",
                Severity.WARNING,
                f"The books are closed until {closed}",
                "QuickBooks refuses invoices and payments dated on that day or earlier.",
                "Set the start date to the day after, or let an accountant open the period for the first sync.",
            )
        )
    return found


def _of_tax(preferences: Preferences) -> list[Finding]:
    if not preferences.using_sales_tax:
        return [
            Finding(
                "sales-tax",
                Severity.WARNING,
                "Sales tax is off in QuickBooks",
                "Invoices that bill tax are not posted, since QuickBooks would drop the tax.",
                "Set up sales tax in QuickBooks under Taxes, if you bill tax.",
            )
        ]
    if preferences.partner_tax_enabled is False:
        return [
            Finding(
                "sales-tax",
                Severity.WARNING,
                "Automated sales tax is not set up in QuickBooks",
                "Invoices that bill tax are not posted, since QuickBooks would drop the tax.",
                "Finish the set-up in QuickBooks under Taxes, if you bill tax.",
            )
        ]
    if preferences.automated_sales_tax:
        return [
            Finding(
                "automated-tax",
                Severity.NOTE,
                "QuickBooks computes sales tax by itself",
                "The tax is posted as Invoiced billed it; QuickBooks' own tax reports sort it by its own rates.",
                "Compare one invoice with tax after the first sync.",
            )
        ]
    return []


def _of_settings(facts: Facts) -> list[Finding]:
    found = [
        Finding(
            "unusable-setting",
            Severity.PROBLEM,
            f"{one.setting}: {one.name} cannot be used",
            f"{one.why} What needs it fails.",
            "Make it active again in QuickBooks, or choose another in the settings.",
        )
        for one in facts.unusable
    ]
    if facts.inactive:
        more = len(facts.inactive) - _NAMED_AT_MOST
        named = ", ".join(facts.inactive[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
        found.append(
            Finding(
                "inactive",
                Severity.WARNING,
                f"Inactive in QuickBooks: {named}",
                "The sync has posted with it before. What needs it now fails.",
                "Make it active again in QuickBooks, if Invoiced still uses it; then press Retry for what failed.",
            )
        )
    return found


def _of_invoiced(facts: Facts) -> list[Finding]:
    if not facts.has_invoiced_key:
        return [
            Finding(
                "invoiced-key",
                Severity.PROBLEM,
                "Invoiced is not connected yet",
                "Without an API key nothing can be read there.",
                "Enter an API key of the Invoiced account (Settings, Developers).",
            )
        ]
    found = []
    if facts.shares_key_with is not None:
        found.append(
            Finding(
                "shared-account",
                Severity.PROBLEM,
                f"The same Invoiced account is connected with {facts.shares_key_with}",
                "Every invoice and payment would stand in the books of both companies.",
                "Enter the API key of this company's own Invoiced account.",
            )
        )
    if facts.built_in_sync is not None:
        found.append(
            Finding(
                "built-in-sync",
                Severity.PROBLEM,
                f"Invoiced syncs to {facts.built_in_sync} by itself",
                "Its own integration has posted invoices: together with this sync, everything would stand twice.",
                "Switch that integration off in Invoiced (Settings, Apps) before you press Synchronize.",
            )
        )
    else:
        found.append(
            Finding(
                "built-in-sync-unseen",
                Severity.NOTE,
                "Is Invoiced's own QuickBooks integration off?",
                "Invoiced does not tell whether it is on. With both on, everything would stand twice.",
                "Look in Invoiced under Settings, Apps, and switch its QuickBooks integration off if it is on.",
            )
        )
    if not facts.invoiced_webhook_seen:
        found.append(
            Finding(
                "webhook",
                Severity.WARNING,
                "No webhook of Invoiced has arrived yet",
                "Until the first one, changes are only found by the regular catching up.",
                "Enter the webhook's address and secret in Invoiced (Settings, Developers, Webhooks), for all events.",
            )
        )
    return found
