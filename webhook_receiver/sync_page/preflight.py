"""`/companies/<id>/preflight`: what would go wrong, and what would be posted, before anything is."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, flash, get_flashed_messages, redirect, render_template, request, stream_template, url_for
from werkzeug.wrappers import Response

from administration.preflight import check
from administration.preflight_facts import gather, look_up
from administration.take_first_look import SeenLook, find_seen, take_first_look
from shared.db import connections
from shared.errors import SyncError
from webhook_receiver.sync_page.access import admin_only, company
from webhook_receiver.sync_page.services import Services

# A line of progress for so many documents.
_TELL_EVERY = 1000


@dataclass(frozen=True)
class Step:
    """How far a first look is: so many documents read, or its end: the whole, or why there is none."""

    read: int = 0
    whole: SeenLook | None = None
    failure: str | None = None


def make_preflight(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("preflight", __name__, url_prefix="/companies/<company_id>/preflight")

    @page.get("/")
    def index(company_id: str) -> str:
        try:
            found, failure = look_up(services.clients, company_id), None
        except SyncError as error:
            found, failure = None, f"{error.cause} {error.remedy}".strip()
        return render_template(
            "preflight.html",
            findings=check(found.facts) if found else [],
            at=found.at if found else None,
            failure=failure,
        )

    @page.post("/")
    @admin_only
    def again(company_id: str) -> Response:
        try:
            gather(services.clients, company_id)
        except SyncError as error:
            flash(f"The check could not be made: {error.cause} {error.remedy}".strip(), "bad")
        return redirect(url_for(".index", company_id=company_id))

    @page.get("/first-look")
    @admin_only
    def first_look(company_id: str) -> Iterator[str]:
        """Sent line by line as the lists are read, so that a large account times nothing out; half a sum is never
        shown. One that is still true is shown again."""
        # Taken now: once the first line is sent, the browser's session cannot be told that they were shown.
        get_flashed_messages()
        with services.reading_sessions.begin() as session:
            seen = None if request.args.get("again") else find_seen(session, company(), services.now())
        steps = _steps(company_id) if seen is None else iter([Step(seen.counted.read, seen)])
        return stream_template("first_look.html", steps=steps, is_counted_now=seen is None)

    def _steps(company_id: str) -> Iterator[Step]:
        told = 0
        try:
            for look in take_first_look(services.clients, company_id):
                if look.read // _TELL_EVERY > told:
                    told = look.read // _TELL_EVERY
                    yield Step(look.read)
        except SyncError as error:
            yield Step(failure=f"{error.cause} {error.remedy}".strip())
            return
        with services.reading_sessions.begin() as session:
            seen = find_seen(session, connections.get(session, company_id), services.now())
        yield Step(look.read, seen) if seen else Step(failure="A setting was changed meanwhile.")

    return page
