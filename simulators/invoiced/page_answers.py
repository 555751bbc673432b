"""How the pages of an account are addressed, drawn and led to. Templates know an account by `account` alone."""

from typing import Any

from flask import redirect, render_template
from flask.typing import ResponseReturnValue

from simulators.fault_hooks import CONTROL
from simulators.invoiced.account import Account
from simulators.invoiced.page_rows import KIND_OF, ONE, TITLES

ROOT = f"{CONTROL}/pages"

# What a deed is told as on the page that it leads to.
DONE = {
    "created": "Created.",
    "saved": "Saved.",
    "issue": "Issued.",
    "send": "Marked as sent.",
    "close": "Closed.",
    "write_off": "Written off.",
    "reopen": "Open again.",
    "void": "Voided.",
    "delete": "Deleted.",
    "applied": "Applied.",
    "address": "Events go there from now on.",
    "flush": "What waited was tried again.",
    "again": "Sent once more.",
}
_PLURAL_OF: dict[str, str] = {kind: plural for plural, kind in KIND_OF.items()}


def path_of(account: Account, kind: str = "", id: object = "") -> str:
    """Return the address of an account's page: of the list of a kind, of one object, or of the account itself."""
    parts = [ROOT, account.company.id, *([_PLURAL_OF.get(kind, kind)] if kind else []), *([str(id)] if id else [])]
    return "/".join(parts)


def name_of(company: str) -> str:
    """account-1 as "Account 1"."""
    return company.replace("-", " ").capitalize()


def draw(account: Account, template: str, **values: Any) -> str:
    def at(kind: str = "", id: object = "") -> str:
        return path_of(account, kind, id)

    return render_template(
        template, at=at, account_name=name_of(account.company.id), titles=TITLES, ones=ONE, done=DONE, **values
    )


def lead_to(path: str, done: str) -> ResponseReturnValue:
    """Answer a post that was carried out: a reload of what follows posts nothing again."""
    return redirect(f"{path}?done={done}", 303)
