"""How the pages of an account are addressed, drawn, cut into pages and led to."""

from typing import Any

import msgspec
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from simulators.fault_hooks import CONTROL
from simulators.invoiced.account import Account, Kind
from simulators.invoiced.page.rows import KIND_OF, ONE, TITLES
from simulators.json_numbers import write_json
from simulators.store import Object

ROOT = f"{CONTROL}/pages"
PAGE_ROWS = 50

# What a deed is told as on the page that it leads to.
DONE = {
    "created": "Created.",
    "saved": "Saved.",
    "issue": "Issued.",
    "send": "Marked as sent.",
    "close": "Closed.",
    "view": "Viewed.",
    "write_off": "Written off.",
    "succeed": "The charge has succeeded.",
    "fail": "The charge has failed.",
    "reopen": "Open again.",
    "void": "Voided.",
    "delete": "Deleted.",
    "applied": "Applied.",
    "address": "Events go there from now on.",
    "flush": "What waits is tried now.",
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


def newest_page(account: Account, kind: Kind, ids: list[str]) -> tuple[list[Object], dict[str, int]]:
    """Return the objects of that page of a list which the address asks for, and which of how many it is."""
    number = max(request.args.get("page", 1, type=int), 1)
    found = list(account.company.read(kind, ids[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]))
    return found, {"number": number, "last": max((len(ids) - 1) // PAGE_ROWS + 1, 1)}


def json_text(value: Any) -> str:
    """What the API sends, for a person to read."""
    return msgspec.json.format(write_json(value)).decode()
