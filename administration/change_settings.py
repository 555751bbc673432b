"""Changes what an admin chose for a connection, and lets go on what the former choice had kept back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from administration import setting_values
from administration.setting_values import LISTED, OF_CONNECTION, TITLES
from shared.clients import Clients
from shared.db import audit, connections, records
from shared.db.models import Connection
from shared.errors import NotFoundError, RejectedError
from shared.first_use import DEFAULT_ITEM_KEY, TAX_CODE_ID
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_CHOICE
from shared.quickbooks.client import QuickBooksClient
from shared.settings import settings_from_document

# What would have been created in place of the setting; records that wait for it go on with the setting.
_STANDS_FOR = {
    "income_account": f"{Kind.ACCOUNT.value}:income",
    "discount_account": f"{Kind.ACCOUNT.value}:discount",
    "bad_debt_account": f"{Kind.ACCOUNT.value}:bad_debt",
    "tax_code": f"{Kind.TAX_CODE.value}:{TAX_CODE_ID}",
    "default_item": f"{Kind.ITEM.value}:{DEFAULT_ITEM_KEY}",
}
_CREATED_ON_FIRST_USE = (Kind.ITEM, Kind.ACCOUNT, Kind.TAX_CODE)
# What fails for these may do with another account, code or item; or with another prefix.
_CURED_BY_CHOICE = ("reference-lost", "account-or-tax-code")
_CURED_BY_PREFIX = ("number-taken",)
# Of skipped and failed records: the setting that they name, by the one that was changed.
_KEPT_BACK_BY = {
    "customers": "customers",
    "invoices": "invoices",
    "payments": "payments",
    "start_date": "start_date",
    # The day on which a document stands may be on the other side of the start date now.
    "time_zone": "start_date",
}


@dataclass(frozen=True)
class Change:
    """One setting that was changed; `before` and `after` are for people."""

    name: str
    before: str
    after: str


class SettingsRefusedError(RejectedError):
    """Some of the values make no sense; `problems` says which, by name. Nothing was changed."""

    def __init__(self, problems: Mapping[str, RejectedError]) -> None:
        first = next(iter(problems.values()))
        super().__init__(
            " ".join(problem.cause for problem in problems.values()),
            remedy=" ".join(dict.fromkeys(problem.remedy for problem in problems.values() if problem.remedy)),
            code=first.code,
            detail=first.detail,
        )
        self.problems = dict(problems)


def values_of(row: Connection) -> dict[str, Any]:
    """Return every setting of a connection by name."""
    return {
        **vars(settings_from_document(row.settings)),
        **{name: getattr(row, name) for name in OF_CONNECTION},
    }


def change(clients: Clients, connection_id: str, texts: Mapping[str, str], who: str) -> list[Change]:
    """Set some settings, given as a person typed them; an empty text brings the default back.

    Accounts, tax code and item are read in QuickBooks: one call each. All are changed or none;
    each change is audited, and the records that waited for one are due at once.

    Raises:
        UnknownConnectionError: there is no such connection.
        SettingsRefusedError: a value makes no sense, or QuickBooks has no such thing that is active and of the right
            type.
        SyncError: QuickBooks did not answer; nothing was changed then.
    """
    wanted = _parsed(texts)
    called = _check_in_quickbooks(clients.quickbooks(connection_id), wanted)
    with clients.sessions.begin() as session:
        row = connections.get_locked(session, connection_id)
        before = values_of(row)
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        of_settings = {name: value for name, value in changed.items() if name not in OF_CONNECTION}
        connections.save_settings(session, row.id, replace(settings_from_document(row.settings), **of_settings))
        for name in changed.keys() & set(OF_CONNECTION):
            setattr(row, name, changed[name])
        changes = [
            Change(
                name,
                setting_values.in_words(name, before[name], called),
                setting_values.in_words(name, value, called),
            )
            for name, value in changed.items()
        ]
        now = clients.now()
        for one in changes:
            audit.note(session, row.id, who, TITLES[one.name], now, before=one.before, after=one.after)
        # Also where the value stays: choosing the same again is how people say `it is mended, go on`.
        release(session, row.id, wanted, now)
    return changes


def release(session: Session, connection_id: str, names: Iterable[str], now: datetime) -> None:
    """Make every record due that one of these settings may have kept back."""
    chosen = set(names)
    if chosen & LISTED.keys():
        records.release_kept_back(
            session, connection_id, now, kinds=_CREATED_ON_FIRST_USE, cause_groups=_CURED_BY_CHOICE
        )
    if "number_prefix" in chosen:
        records.release_kept_back(session, connection_id, now, cause_groups=_CURED_BY_PREFIX)
    kept_back = {_KEPT_BACK_BY[name] for name in chosen & _KEPT_BACK_BY.keys()}
    if kept_back:
        records.release_kept_back(session, connection_id, now, settings=kept_back)
    if "customer_matching" in chosen:
        records.release_waiting(session, connection_id, WAITS_FOR_CHOICE, now)
    for name in sorted(chosen & _STANDS_FOR.keys()):
        records.release_waiting(session, connection_id, _STANDS_FOR[name], now)


def _parsed(texts: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems: dict[str, RejectedError] = {}
    for name, text in texts.items():
        try:
            values[name] = setting_values.parse(name, text)
        except RejectedError as problem:
            problems[name] = problem
    if problems:
        raise SettingsRefusedError(problems)
    return values


def _check_in_quickbooks(quickbooks: QuickBooksClient, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return how QuickBooks calls what is chosen, by id."""
    called: dict[str, str] = {}
    problems: dict[str, RejectedError] = {}
    for name, value in wanted.items():
        for object_id in setting_values.ids_in(name, value):
            try:
                called[object_id] = _called(quickbooks, name, object_id)
            except RejectedError as problem:
                problems[name] = problem
    if problems:
        raise SettingsRefusedError(problems)
    return called


def _called(quickbooks: QuickBooksClient, name: str, object_id: str) -> str:
    listed = LISTED[name]
    entity = listed.entity
    try:
        found = quickbooks.read(entity, object_id)
    except NotFoundError as error:
        raise RejectedError(
            f"QuickBooks has no {entity} {object_id}.",
            remedy="Choose one of QuickBooks' list.",
            code=error.code,
            detail=error.detail,
        ) from error
    shown = str(found.get("FullyQualifiedName") or found.get("Name") or object_id)
    if found.get("Active") is False:
        raise RejectedError(
            f"{entity} {object_id} ({shown}) is inactive in QuickBooks.",
            remedy="Make it active there, or choose another.",
        )
    kind = str(found.get("AccountType") or found.get("Type") or "")
    if listed.types and kind not in listed.types:
        raise RejectedError(
            f"{entity} {object_id} ({shown}) is of the type {kind} in QuickBooks.",
            remedy=f"Choose one of these types: {', '.join(listed.types)}.",
        )
    return shown
