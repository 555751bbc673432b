"""Failures by cause: what records that wait or failed have in common, in plain words, and how it is mended. Pure.

The key of a cause is stored with the record; what is said of it is looked up when it is shown, so that better words
need no migration.
"""

from typing import NamedTuple

from shared.outcomes import (
    WAITS_FOR_CHOICE,
    WAITS_FOR_INVOICED_KEY,
    WAITS_FOR_RECONNECT,
    WAITS_FOR_START,
    Outcome,
    Settlement,
)


class Cause(NamedTuple):
    """What is said of the records of one cause.

    `needs_person`: they stay as they are until somebody acts on them. `of_connection`: nothing is wrong with any of
    them; all go on by themselves once one thing is done for the connection.
    """

    key: str
    title: str
    explanation: str
    fix: str
    needs_person: bool = True
    of_connection: bool = False


def _cause(
    key: str, title: str, explanation: str, fix: str, *, needs_person: bool = True, of_connection: bool = False
) -> Cause:
    return Cause(key, title, explanation, fix, needs_person, of_connection)


_NAMED = (
    _cause(
        "reconnect",
        "Waiting for QuickBooks to be connected again",
        "The authorization that QuickBooks gave has ended, so nothing can be read or written there.",
        "Reconnect QuickBooks on the overview, as a company administrator. All that waits goes on by itself.",
        needs_person=False,
        of_connection=True,
    ),
    _cause(
        "invoiced-key",
        "Waiting for a key that Invoiced takes",
        "Invoiced refuses the API key that it was given, so nothing can be read there.",
        "Make another key in Invoiced (Settings, Developers) and enter it under Invoiced account. All that waits goes"
        " on by itself.",
        needs_person=False,
        of_connection=True,
    ),
    _cause(
        "start",
        "Waiting for the first Synchronize",
        "Nothing is posted before somebody has seen what would be.",
        "See on the overview what would be posted, and press Synchronize beside it.",
        needs_person=False,
        of_connection=True,
    ),
    _cause(
        "choice",
        "A customer of QuickBooks may be one that you have already",
        "More than one answer is possible, and nothing is guessed: a wrong link would mix up two customers' books.",
        "Choose on the page Customers: link it to a customer of Invoiced, create it anew, or leave it in QuickBooks.",
    ),
    _cause(
        "discounts",
        "Discounts are switched off in QuickBooks",
        "An invoice with a discount cannot be posted to the cent while QuickBooks has no discounts.",
        "Switch on Discount in QuickBooks under Account and settings, Sales, Sales form content; the records go on by"
        " themselves within a moment.",
    ),
    _cause(
        "sales-tax",
        "Sales tax is not set up in QuickBooks",
        "The invoice bills tax; QuickBooks would silently drop it while sales tax is off or not set up.",
        "Set up sales tax in QuickBooks under Taxes; the records go on by themselves within a moment.",
    ),
    _cause(
        "switched-off",
        "Needs something that is switched off in the settings",
        "The settings keep customers, invoices or payments from being written, and this record needs one of them.",
        "Switch it on in the settings, and the records go on by themselves; or enter it in QuickBooks by hand.",
    ),
    _cause(
        "foreign-currency",
        "In a currency that the books are not kept in",
        "Documents in foreign currencies are not posted: the exchange rate would be a guess.",
        "Enter the document by hand in QuickBooks, then ignore it here.",
    ),
    _cause(
        "sums",
        "The amounts do not add up",
        "Lines, discounts, taxes and total of the record contradict each other, or hold a sum that QuickBooks cannot"
        " take (negative, finer than a cent, too many lines).",
        "Correct the record in Invoiced; it is then sent again by itself.",
    ),
    _cause(
        "incomplete",
        "Something is missing in Invoiced, or too long",
        "The record has no number, name, customer or readable date, or one that QuickBooks has no room for.",
        "Complete the record in Invoiced; it is then sent again by itself.",
    ),
    _cause(
        "settled-by-credit",
        "Settled in Invoiced by a credit",
        "A credit note or credit balance paid for it in Invoiced. Credits are not synced yet, so QuickBooks still shows"
        " that part as unpaid. Neither invoice is wrong.",
        "Enter the credit in QuickBooks by hand, or ignore the record until credits are synced.",
    ),
    _cause(
        "mismatch",
        "Written, but the figures differ",
        "QuickBooks shows another total or balance than Invoiced, for instance because a person entered or edited"
        " something there.",
        "Open both documents, compare, and correct the one that is wrong; then press Retry to compare again.",
    ),
    _cause(
        "changed-in-quickbooks",
        "Changed in QuickBooks by a person",
        "Somebody edited a field in QuickBooks that comes from Invoiced. Their change was left as it is, and nothing is"
        " written over it.",
        "Undo the change in QuickBooks, or make the same change in Invoiced; then press Retry.",
    ),
    _cause(
        "number-taken",
        "The number is taken in QuickBooks",
        "Another document in QuickBooks carries this number, and it is not one of ours.",
        "Change the number of one of the two, or delete the one in QuickBooks if it is a double; then press Retry.",
    ),
    _cause(
        "name-taken",
        "The name is taken in QuickBooks",
        "Another customer, vendor, employee or item in QuickBooks has the same name.",
        "Rename one of the two in QuickBooks or in Invoiced; then press Retry.",
    ),
    _cause(
        "closed-books",
        "The books of the period are closed",
        "QuickBooks accepts no change on or before its closing date.",
        "Let an accountant reopen the period (Account and settings, Advanced, Closing date), press Retry for all, and"
        " close it again; or ignore the records and leave QuickBooks as it is.",
    ),
    _cause(
        "reference-lost",
        "Something that it refers to is inactive or deleted in QuickBooks",
        "A customer, item, account or tax code that the record needs is not usable in QuickBooks any more.",
        "Make it active again in QuickBooks, or choose another in the settings; then press Retry for all.",
    ),
    _cause(
        "deleted-in-quickbooks",
        "Deleted in QuickBooks",
        "The document that was posted does not exist any more: a person deleted it in QuickBooks.",
        "See QuickBooks' audit log. Void the record in Invoiced and issue it anew, or ignore it here.",
    ),
    _cause(
        "deposited",
        "Part of a bank deposit in QuickBooks",
        "QuickBooks does not let a payment be changed, voided or deleted once it is part of a bank deposit.",
        "Take the payment out of the deposit in QuickBooks, press Retry, and put it back.",
    ),
    _cause(
        "settled-payment",
        "Settled in QuickBooks",
        "QuickBooks has settled the payment and cannot void it.",
        "Undo it in QuickBooks by hand, then press Retry.",
    ),
    _cause(
        "not-permitted",
        "QuickBooks does not permit it",
        "The QuickBooks user who connected may not do this, or the QuickBooks plan does not include it.",
        "Reconnect as a QuickBooks administrator, or check the plan; then press Retry for all.",
    ),
    _cause(
        "subscription",
        "The QuickBooks subscription has ended",
        "QuickBooks takes no changes while the company's subscription is over or restricted.",
        "Renew the subscription in QuickBooks; then press Retry for all.",
    ),
    _cause(
        "rule-of-quickbooks",
        "A rule of QuickBooks forbids it",
        "QuickBooks checks documents by rules of its own; the detail of each record says which one.",
        "Put right what the detail names, in QuickBooks or in Invoiced; then press Retry.",
    ),
    _cause(
        "account-or-tax-code",
        "An account or tax code cannot be used here",
        "An account, item or tax code of the settings is of a kind that QuickBooks does not accept in this place.",
        "Choose another one in the settings; then press Retry for all.",
    ),
    _cause(
        "partly-synced",
        "Pays something that is not synced",
        "The payment also pays an invoice that is not synced (before the start date, for instance), so that posting"
        " it as it is would be wrong.",
        "Enter that part in QuickBooks by hand and split the payment in Invoiced, or change the start date.",
    ),
    _cause(
        "taken-back",
        "Voided in QuickBooks, and standing again in Invoiced",
        "A void cannot be taken back in QuickBooks, nor can a posted invoice become a draft.",
        "Issue a new invoice in Invoiced.",
    ),
    _cause(
        "refused-by-invoiced",
        "Invoiced refused it",
        "Invoiced did not accept what QuickBooks says, or sent something that cannot be read.",
        "Put right what the message names; then press Retry.",
    ),
    _cause(
        "ours",
        "A fault of this sync",
        "Something that should not happen. Nothing is lost: the record stays as it is on both sides.",
        "Report it to whoever runs this sync, with the record's history; press Retry once it is mended.",
    ),
    _cause(
        "waits-for-record",
        "Waiting for another record",
        "What the record refers to has to be there first. It goes on by itself as soon as that is synced.",
        "Look at the record that it waits for: if that failed, its own cause says what to do.",
        needs_person=False,
    ),
    _cause(
        "tried-again",
        "Tried again by itself",
        "A system did not answer, asked for a pause, or something is not final yet. The next try is planned.",
        "Nothing to do.",
        needs_person=False,
    ),
    _cause(
        "other",
        "Refused for another reason",
        "The record says what QuickBooks, Invoiced or this sync found wrong.",
        "Put right what the record's own message names; then press Retry.",
    ),
)
_BY_KEY = {cause.key: cause for cause in _NAMED}

_BY_CODE = {
    "6140": "number-taken",
    "6240": "name-taken",
    "6200": "closed-books",
    "6210": "closed-books",
    "610": "reference-lost",
    "2500": "reference-lost",
    "6250": "reference-lost",
    "6540": "deposited",
    "6450": "settled-payment",
    "5020": "not-permitted",
    "5030": "not-permitted",
    "6190": "subscription",
    "6000": "rule-of-quickbooks",
    "6160": "account-or-tax-code",
    "6230": "account-or-tax-code",
    "6430": "account-or-tax-code",
    "6470": "account-or-tax-code",
    "6090": "discounts",
    # What was sent is malformed: no bookkeeper can mend that.
    **dict.fromkeys(
        ("500", "1040", "2010", "2020", "2030", "2130", "4000", "4001", "4002", "6010", "6070", "6100", "6170"), "ours"
    ),
    **{str(code): "ours" for code in (2060, 2070, 2080, 2090, 2100, 2110, 2140, 2150, 2160, 2170)},
}
_BY_SETTING = {
    "discounts": "discounts",
    "sales_tax": "sales-tax",
    **dict.fromkeys(("customers", "invoices", "payments"), "switched-off"),
}
_CODE = "code-"


def group_of(settlement: Settlement) -> str | None:
    """Return the key of the cause for which a record waits or failed; None where it did neither."""
    match settlement.outcome:
        case Outcome.SYNCED | Outcome.UNCHANGED | Outcome.SKIPPED:
            return None
        case Outcome.MISMATCH:
            return settlement.topic or "mismatch"
        case Outcome.CHANGED_IN_QUICKBOOKS:
            return "changed-in-quickbooks"
        case Outcome.WAITING:
            return _group_of_waiting(settlement)
        case Outcome.FAILED:
            return _group_of_failed(settlement)


def describe(key: str, said: str = "", remedy: str = "") -> Cause:
    """Return what is said of the records of a cause.

    QuickBooks has more codes than have words here: then `said` and `remedy`, those of one such record, explain it.
    """
    if key in _BY_KEY:
        return _BY_KEY[key]
    other, code = _BY_KEY["other"], key.removeprefix(_CODE)
    title = f"QuickBooks refused it with code {code}" if key.startswith(_CODE) else other.title
    return Cause(key, title, said or other.explanation, remedy or other.fix)


def is_worded_by_its_records(key: str) -> bool:
    """Tell whether only a record of this cause can say what it is: a code that has no words here."""
    return key not in _BY_KEY


def needs_person(key: str | None) -> bool:
    """Tell whether records of this cause stay as they are until somebody acts on them."""
    return key is not None and describe(key).needs_person


def of_connection(key: str) -> bool:
    """Tell whether records of this cause go on once one thing is done for the connection."""
    return describe(key).of_connection


def _group_of_waiting(settlement: Settlement) -> str:
    if settlement.waiting_for == WAITS_FOR_RECONNECT:
        return "reconnect"
    if settlement.waiting_for == WAITS_FOR_INVOICED_KEY:
        return "invoiced-key"
    if settlement.waiting_for == WAITS_FOR_START:
        return "start"
    if settlement.waiting_for == WAITS_FOR_CHOICE:
        return "choice"
    return "waits-for-record" if settlement.waiting_for else "tried-again"


def _group_of_failed(settlement: Settlement) -> str:
    if settlement.topic is not None:
        return settlement.topic
    if settlement.setting is not None:
        return _BY_SETTING.get(settlement.setting, settlement.setting)
    if settlement.code is not None and settlement.code.isdecimal():
        return _BY_CODE.get(settlement.code, f"{_CODE}{settlement.code}"[:60])
    return "other"
