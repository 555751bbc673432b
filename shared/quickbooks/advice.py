"""What each refusal of QBO means to a bookkeeper and what to do about it: one table, by QBO's code. Pure.

Codes: Intuit, "Review QuickBooks Online Accounting API error codes" and "Fix common errors".
"""

from typing import NamedTuple


class Advice(NamedTuple):
    """What is wrong, and what a person can do; a remedy ends with how the record gets going again."""

    cause: str
    remedy: str


_ACTIVATE = "Make it active again in QuickBooks, or choose another in the settings; then sync the record again."
_CORRECT = "Correct it in Invoiced: the record is then sent again by itself."
_OURS = "Report it to whoever runs this sync, with QuickBooks' code and detail."
_OPEN_BOOKS = (
    "Let an accountant reopen the period in QuickBooks (Account and settings, Advanced, Closing date), sync "
    "the record again, and close the period; or leave QuickBooks as it is."
)

ADVICE: dict[str, Advice] = {
    "500": Advice("QuickBooks does not know this kind of request.", _OURS),
    "610": Advice("Something that the record refers to is inactive in QuickBooks, or was deleted.", _ACTIVATE),
    "620": Advice(
        "QuickBooks cannot link the two transactions.",
        "See in QuickBooks whether the invoice still exists, belongs to the same customer and is open; then "
        "sync the record again.",
    ),
    "630": Advice(
        "QuickBooks holds this object already.",
        "Remove the double in QuickBooks, then sync the record again.",
    ),
    "800": Advice(
        "QuickBooks does not let this transaction be deleted, because others depend on it.",
        "Unlink the transactions that depend on it in QuickBooks, then sync the record again.",
    ),
    "1040": Advice("QuickBooks refused a batch as too large.", _OURS),
    "2010": Advice("QuickBooks does not know a field that was sent.", _OURS),
    "2020": Advice("QuickBooks misses a field that it requires.", _OURS),
    "2030": Advice("An id that was sent is not valid in QuickBooks.", _OURS),
    "2040": Advice("A text holds a character that QuickBooks forbids.", _CORRECT),
    "2050": Advice("A text is longer (or shorter) than QuickBooks allows.", _CORRECT),
    "2130": Advice("QuickBooks refused the id of the request.", _OURS),
    "2210": Advice("The e-mail address is not one that QuickBooks accepts.", _CORRECT),
    "2220": Advice("QuickBooks does not know the currency.", _CORRECT),
    "2290": Advice("QuickBooks accepts no negative amount in this place.", _CORRECT),
    "2500": Advice("Something that the record refers to is inactive in QuickBooks, or was deleted.", _ACTIVATE),
    "4000": Advice("QuickBooks cannot read a search that was sent.", _OURS),
    "4001": Advice("QuickBooks refused a search that was sent.", _OURS),
    "4002": Advice("QuickBooks could not carry out a search that was sent.", _OURS),
    "5020": Advice(
        "The QuickBooks user who connected may not do this, or the QuickBooks plan does not include it.",
        "Let a QuickBooks administrator connect again, or check the plan; then sync the record again.",
    ),
    "5030": Advice(
        "This QuickBooks company does not have a feature that the record needs.",
        "Turn the feature on in QuickBooks (see the detail), then sync the record again.",
    ),
    "6000": Advice(
        "A rule of QuickBooks forbids the record as it is.",
        "The detail says which rule: put it right in QuickBooks or in Invoiced, then sync the record again.",
    ),
    "6010": Advice("QuickBooks misses the type of an account.", _OURS),
    "6070": Advice("QuickBooks finds that quantity times price is not the amount of a line.", _OURS),
    "6080": Advice("The customer has no name that QuickBooks can use.", "Give the customer a name in Invoiced."),
    "6090": Advice(
        "QuickBooks cannot use the discount as it was sent.",
        "Check that discounts are on in QuickBooks and that the discount account is active; then sync the "
        "record again.",
    ),
    "6100": Advice("QuickBooks refused the tax code of a line.", _OURS),
    "6160": Advice(
        "The tax code of the settings cannot be used on sales.",
        "Choose another tax code in the settings, then sync the record again.",
    ),
    "6170": Advice("QuickBooks accepts no tax on a document that is set to have none.", _OURS),
    "6180": Advice("QuickBooks does not allow customers to be nested so deep.", "Move the customer up in QuickBooks."),
    "6190": Advice(
        "The QuickBooks subscription of this company has ended, or does not allow this.",
        "Renew the subscription in QuickBooks, then sync what failed again.",
    ),
    "6200": Advice("The books of this period are closed in QuickBooks.", _OPEN_BOOKS),
    "6210": Advice("The books of this period are closed in QuickBooks with a password.", _OPEN_BOOKS),
    "6220": Advice(
        "QuickBooks does not let this be made inactive while it has a balance.",
        "Settle the balance in QuickBooks, then sync the record again.",
    ),
    "6230": Advice(
        "The tax code of the settings cannot be used on sales.",
        "Choose another tax code in the settings, then sync the record again.",
    ),
    "6250": Advice("The customer is inactive in QuickBooks, or was deleted.", _ACTIVATE),
    "6280": Advice(
        "The customer has unbilled charges in QuickBooks.",
        "Bill or remove the charges in QuickBooks, then sync the record again.",
    ),
    "6420": Advice("QuickBooks wants an e-mail address for a document that it is to send.", _CORRECT),
    "6430": Advice(
        "QuickBooks does not accept an account of this type here.",
        "Choose another account in the settings, then sync the record again.",
    ),
    "6450": Advice(
        "The payment has been settled in QuickBooks and cannot be voided.",
        "Undo it in QuickBooks by hand, then sync the record again.",
    ),
    "6470": Advice(
        "QuickBooks refused the tax rate.",
        "Check the tax code of the settings in QuickBooks, then sync the record again.",
    ),
    "6540": Advice(
        "The payment is part of a bank deposit in QuickBooks and cannot be changed, voided or deleted there.",
        "Take the payment out of the deposit in QuickBooks, sync the record again, and put it back.",
    ),
}

# Ranges that say the same: a value of one field is malformed (dates, numbers, amounts, percentages, choices).
for _code in (2060, 2070, 2080, 2090, 2100, 2110, 2140, 2150, 2160, 2170):
    ADVICE[str(_code)] = Advice("QuickBooks cannot read a value that was sent.", _OURS)

UNKNOWN = Advice(
    "QuickBooks refused the record.",
    "QuickBooks' detail says why: put it right in QuickBooks or in Invoiced, then sync the record again.",
)
# 610 and 2500 use the same codes for what is inactive and for what is gone; only the detail differs.
DELETED = Advice(
    "The transaction, or one that it refers to, was deleted in QuickBooks.",
    "QuickBooks' audit log says who deleted it: enter it again there by hand, or leave it deleted.",
)
RECONNECT = "Connect QuickBooks again, as a company administrator."
