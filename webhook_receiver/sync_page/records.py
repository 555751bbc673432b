"""`/companies/<id>/records`: every record with its state; one record with both sides and its history."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from administration import both_sides, calls, repost
from administration.side_by_side import Standing
from shared import causes
from shared.db import attention, audit, history, record_actions, record_list, sweeps
from shared.db.models import HistoryEntry, Record
from shared.db.record_actions import Selection
from shared.db.record_export import HEADER, find_all, row_of
from shared.db.record_list import Search
from shared.db.records import RecordKey
from shared.db.sweeps import Scope
from shared.errors import RejectedError, SyncError
from shared.messages import Kind
from shared.money import pretty_json
from shared.quickbooks import field_words
from shared.spreadsheet import csv_lines
from webhook_receiver.sync_page import words
from webhook_receiver.sync_page.access import admin_only, company, who
from webhook_receiver.sync_page.services import Services

_ENTRIES = 60
_LOOKS_ASKED_FOR = (record_actions.RETRIED, record_actions.RESYNCED, record_actions.REPOSTED)
_ACTIONS = {
    record_actions.RETRIED: (record_actions.retry, "tried again in a moment"),
    record_actions.IGNORED: (record_actions.ignore, "ignored for as long as the cause stays the same"),
    record_actions.TAKEN_BACK: (record_actions.take_back, "taken back"),
}


def make_records(services: Services) -> Blueprint:
    """Return the pages."""
    page = Blueprint("records", __name__, url_prefix="/companies/<company_id>")

    @page.get("/records")
    def index(company_id: str) -> str:
        search = _search(request.args)
        asked = _asked(search)
        with services.sessions() as session:
            found = _page(session, company_id, search)
            counts = record_list.count_by_outcome(session, company_id, search.kind)
            ignored = record_list.count_ignored(session, company_id)
            is_one_page = found.next_page is None and not request.args.get("after")
            matching = 0 if is_one_page or not asked else record_list.count(session, company_id, search)
        return render_template(
            "record_list.html",
            page=found,
            search=search,
            cause=causes.describe(search.cause_group) if search.cause_group else None,
            counts=counts | ({record_list.IGNORED: ignored} if ignored else {}),
            kinds=words.KINDS,
            outcomes=words.OUTCOMES,
            asked=asked,
            matching=matching,
            may_post_again=search.kind in (None, *repost.KINDS) and 0 < matching <= repost.AT_ONCE,
        )

    @page.get("/records.csv")
    def export(company_id: str) -> Response:
        found = find_all(services.sessions, company_id, _search(request.args))
        lines = csv_lines(HEADER, (row_of(record) for record in found))
        return Response(
            stream_with_context(lines),
            mimetype="text/csv",
            headers={"Content-Disposition": 'attachment; filename="records.csv"'},
        )

    @page.get("/records/<kind>/<path:record_id>")
    def show(company_id: str, kind: str, record_id: str) -> str:
        return _shown(_key(company_id, kind, record_id), {})

    @page.post("/records/<kind>/<path:record_id>")
    @admin_only
    def read(company_id: str, kind: str, record_id: str) -> str:
        """Show the record with what QuickBooks says now, which costs a metered read a document."""
        key = _key(company_id, kind, record_id)
        with services.sessions() as session:
            known = both_sides.find_known(session, key)
        fresh: Mapping[str, Standing] = {}
        try:
            fresh = both_sides.read_in_quickbooks(services.clients, known) if known is not None else {}
        except SyncError as error:
            flash(f"QuickBooks could not be read: {error.cause} {error.remedy}".strip(), "bad")
        return _shown(key, fresh)

    @page.post("/records/act")
    @admin_only
    def act(company_id: str) -> AnyResponse:
        action, back = request.form.get("action", ""), request.form.get("back", "")
        selection = _selection(company_id)
        is_matching = request.form.get("matching") == "1"
        if not (selection.keys or selection.cause_group or is_matching or request.form.get("all") == "1"):
            # A list of which nothing was ticked must not mean everything.
            flash("No record was chosen: tick those that are meant.", "bad")
            return _back(company_id, back)
        try:
            if action in _ACTIONS and not is_matching:
                do, done = _ACTIONS[action]
                number = do(services.sessions, company_id, selection, who(), services.now())
                said = f"{_records(number)} {done}."
            elif action in (record_actions.RESYNCED, record_actions.REPOSTED):
                do_again = _resync if action == record_actions.RESYNCED else _repost
                with services.sessions.begin() as session:
                    said = do_again(session, company_id, selection, is_matching)
            else:
                abort(400, "That is nothing that can be done to records.")
        except SyncError as error:
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
        else:
            flash(said, "good")
        return _back(company_id, back)

    def _resync(session: Session, company_id: str, selection: Selection, is_matching: bool) -> str:
        if is_matching:
            asked = record_actions.resync_found(session, company_id, _found(), who(), services.now())
        elif selection.keys:
            asked = record_actions.resync_chosen(session, company_id, selection.keys, who(), services.now())
        elif request.form.get("all") == "1":
            if company().started_at is None:
                raise RejectedError(
                    "Nothing is posted before the first Synchronize.",
                    remedy="See on the overview what would be posted.",
                )
            sweep = sweeps.request(session, company_id, Scope.EVERYTHING, "person", services.now(), asked_by=who())
            audit.note(session, company_id, who(), "Re-sync all", services.now())
            return f"Sync number {sweep.id} looks at everything; only differences are written."
        else:
            return "No record was chosen."
        if asked.sweep_id is None:
            return f"{_records(asked.number)} looked at in a moment; only differences are written."
        return f"Sync number {asked.sweep_id} looks at {asked.number:,} records; only differences are written."

    def _repost(session: Session, company_id: str, selection: Selection, is_matching: bool) -> str:
        keys = repost.find_matching(session, company_id, _found()) if is_matching else selection.keys
        if len(keys) > repost.AT_ONCE:
            raise RejectedError(
                f"{len(keys):,} documents are too many to be posted again at once.",
                remedy=f"Search for at most {repost.AT_ONCE}.",
            )
        accepted, refused = repost.repost(session, company_id, keys, who(), services.now())
        for reason, number in Counter(one.reason for one in refused).items():
            flash(f"{_records(number)} left as {'it stands' if number == 1 else 'they stand'}: {reason}", "bad")
        return f"{_records(len(accepted))} posted again under today's settings in a moment."

    def _shown(key: RecordKey, fresh: Mapping[str, Standing]) -> str:
        with services.sessions() as session:
            known = both_sides.find_known(session, key)
            if known is None:
                abort(404, "Nobody has heard of this record yet.")
            before = request.args.get("before", type=int)
            entries = history.find(session, key, before=before, limit=_ENTRIES)
        compared = both_sides.compare(services.clients, known, fresh)
        return render_template(
            "record.html",
            key=key,
            row=known.row,
            links=known.links,
            rows=compared.rows,
            currency=compared.currency,
            has_fresh=bool(fresh),
            is_awaited=not fresh and before is None and _is_awaited(known.row, entries),
            why_not=compared.why_not,
            entries=entries,
            has_more=len(entries) == _ENTRIES,
            opened=compared.in_quickbooks,
            in_invoiced=compared.in_invoiced,
            customers_view=compared.customers_view,
            cause=attention.cause_of(known.row) if known.row is not None else None,
            kinds=words.KINDS,
            whys=words.WHYS,
            pretty=pretty_json,
            deeds=words.DEEDS,
            call_in_words=calls.in_words,
            field_in_words=field_words.in_words,
        )

    return page


def _back(company_id: str, address: str) -> AnyResponse:
    # Only pages of this company are gone back to.
    is_ours = address.startswith(f"/companies/{company_id}/") and "\\" not in address and address.isprintable()
    return redirect(address if is_ours else url_for("page.records.index", company_id=company_id))


def _is_awaited(row: Record | None, entries: Sequence[HistoryEntry]) -> bool:
    """Tell whether a person has asked for a look that has not ended yet."""
    asked = (entry.at for entry in entries if entry.what == history.PERSON and entry.cause in _LOOKS_ASKED_FOR)
    latest = max(asked, default=None)
    return row is not None and latest is not None and (row.outcome_at is None or row.outcome_at < latest)


def _page(session: Session, company_id: str, search: Search) -> record_list.Page:
    try:
        return record_list.find(session, company_id, search, after=request.args.get("after"))
    except SyncError:
        return record_list.find(session, company_id, search)


def _search(given: Mapping[str, str]) -> Search:
    kind, outcome = given.get("kind"), given.get("outcome")
    return Search(
        text=given.get("q", "").strip()[:100],
        kind=Kind(kind) if kind in words.KINDS else None,
        outcome=outcome if outcome in words.OUTCOMES else None,
        cause_group=given.get("cause") or None,
        dated_from=_day(given.get("from")),
        dated_to=_day(given.get("to")),
    )


def _found() -> Search:
    """Return the search whose whole result a form is for.

    Raises:
        RejectedError: it asks for nothing, which would be everything.
    """
    search = _search(request.form)
    if not _asked(search):
        raise RejectedError("Nothing was searched for.", remedy="Search for the records that are meant.")
    return search


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _asked(search: Search) -> dict[str, str]:
    """Return a search as the parameters of an address."""
    asked = {
        "q": search.text,
        "kind": search.kind.value if search.kind else None,
        "outcome": search.outcome,
        "cause": search.cause_group,
        "from": search.dated_from.isoformat() if search.dated_from else None,
        "to": search.dated_to.isoformat() if search.dated_to else None,
    }
    return {name: value for name, value in asked.items() if value}


def _selection(company_id: str) -> Selection:
    """Return the records that a form names: `record` fields of `kind:id`, or a `cause`; neither: all."""
    named = request.form.getlist("record")
    if named:
        return Selection(tuple(_key(company_id, *name.partition(":")[::2]) for name in named))
    return Selection(cause_group=request.form.get("cause") or None)


def _key(company_id: str, kind: str, record_id: str) -> RecordKey:
    if kind not in words.KINDS or not record_id or len(record_id) > 320:
        abort(404, "There is no such kind of record.")
    return RecordKey(company_id, Kind(kind), record_id)


def _records(number: int) -> str:
    return f"{number} record is" if number == 1 else f"{number} records are"
