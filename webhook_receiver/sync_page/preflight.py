"""`/companies/<id>/preflight`: what would go wrong, and what would be posted, before anything is."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from administration.preflight import check
from administration.preflight_facts import gather, look_up
from administration.take_first_look import SeenLook, count_again, find_seen, go_on
from shared.db import connections
from shared.errors import SyncError
from webhook_receiver.sync_page.access import admin_only, company
from webhook_receiver.sync_page.services import Services

# A step of a first look: no request lasts long, however large the account.
_STEP_S = 2.0


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
            has_key=connections.has_invoiced_key(company(), services.clients.vault),
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
    def first_look(company_id: str) -> str | Response:
        """Go a step on, and show how far it is; the page asks for the next one by itself. Half a sum is never shown.
        Before anything is posted, a whole look that is still true is shown again."""
        if not connections.has_invoiced_key(company(), services.clients.vault):
            flash("Invoiced is not connected yet: enter its API key, and what would be posted can be counted.", "calm")
            return redirect(url_for("page.connect.set_up", company_id=company_id))
        seen = None
        if company().started_at is None:
            with services.sessions() as session:
                seen = find_seen(session, company(), services.now())
        reading = failure = None
        if seen is None:
            try:
                step = go_on(services.clients, company_id, for_s=_STEP_S)
            except SyncError as error:
                failure = f"{error.cause} {error.remedy}".strip()
            else:
                seen, reading = (step, None) if isinstance(step, SeenLook) else (None, step)
        # With htmx only the part that moves is fetched.
        template = "first_look_counts.html" if request.headers.get("HX-Request") else "first_look.html"
        return render_template(template, seen=seen, reading=reading, failure=failure)

    @page.post("/first-look")
    @admin_only
    def look_again(company_id: str) -> Response:
        with services.sessions.begin() as session:
            count_again(session, company_id)
        return redirect(url_for(".first_look", company_id=company_id))

    return page
