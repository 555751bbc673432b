"""`/`: the companies; `/companies/<id>/`: how one of them is connected and how it fares, and Synchronize."""

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from administration.take_first_look import SeenLook, find_seen
from shared.db import attention, audit, connections, sweeps
from shared.db.connection_health import health_of
from shared.db.models import Connection
from shared.db.overview import count_records, latest_records
from shared.db.sweeps import Scope
from shared.errors import BrokerUnavailableError, RejectedError
from shared.outcomes import Outcome
from shared.queues import BULK, DEAD_LETTERS, LIVE
from shared.settings import preferences_from_document
from webhook_receiver.sync_page import words
from webhook_receiver.sync_page.access import admin_only, company, who
from webhook_receiver.sync_page.services import Services

_LATEST = 12
# So long before its end for good an authorization should be renewed.
_TELL_BEFORE = timedelta(days=30)
_OUTCOMES = {
    Outcome.SYNCED: "written, and the answer agrees to the cent",
    Outcome.UNCHANGED: "both sides agreed already",
    Outcome.SKIPPED: "not synced, for the reason given",
    Outcome.WAITING: "goes on once what it waits for is there",
    Outcome.FAILED: "needs a person, or a change of the record",
    Outcome.MISMATCH: "written, but the two sides show different figures",
    Outcome.CHANGED_IN_QUICKBOOKS: "edited there by a person, and left so",
}
_QUEUES = {LIVE: "webhooks", BULK: "bulk work", DEAD_LETTERS: "put aside because nobody could read them"}


def make_companies(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("companies", __name__)

    @page.get("/")
    def index() -> str | Response:
        with services.sessions() as session:
            rows = connections.list_all(session)
            counts = {row.id: count_records(session, services.now(), row.id) for row in rows}
            needing = {row.id: attention.count(session, row.id) for row in rows}
        if len(rows) == 1:
            return redirect(url_for(".overview", company_id=rows[0].id))
        return render_template("companies.html", companies=rows, counts=counts, needing=needing)

    @page.get("/companies/<company_id>/")
    def overview(company_id: str) -> str:
        row = company()
        with services.sessions() as session:
            counts = count_records(session, services.now(), company_id)
            health = health_of(session, company_id, row.realm_id, services.now())
            latest = latest_records(session, company_id, limit=_LATEST)
            held_back = attention.held_back(session, company_id)
            running = sweeps.find_running(session, company_id)
            progress = sweeps.progress(session, running, services.now()) if running is not None else None
            last = next(iter(sweeps.list_latest(session, company_id, states=sweeps.ENDED, limit=1)), None)
            last_progress = sweeps.progress(session, last, services.now()) if last is not None else None
        return render_template(
            "overview.html",
            company=row,
            preferences=preferences_from_document(row.preferences) if row.preferences else None,
            environment=services.config.quickbooks_environment,
            has_key=connections.has_invoiced_key(row, services.clients.vault),
            counts=counts,
            outcomes=_OUTCOMES,
            kinds=words.KINDS,
            health=health,
            latest=latest,
            held_back=held_back,
            ends_soon=_ends_soon(row, services.now()),
            running=running,
            progress=progress,
            last=last,
            last_progress=last_progress,
            states=words.SWEEP_STATES,
            state_class=words.STATE_CLASSES,
            queues=_depth(),
        )

    @page.post("/companies/<company_id>/synchronize")
    @admin_only
    def synchronize(company_id: str) -> Response:
        return _sweep(company_id, Scope.CATCH_UP, "Synchronize")

    @page.post("/companies/<company_id>/re-sync-all")
    @admin_only
    def everything(company_id: str) -> Response:
        return _sweep(company_id, Scope.EVERYTHING, "Re-sync all")

    @page.post("/companies/<company_id>/cancel-sync")
    @admin_only
    def cancel(company_id: str) -> Response:
        with services.sessions.begin() as session:
            running = sweeps.find_running(session, company_id)
            if running is not None:
                sweeps.cancel(session, running, services.now())
                audit.note(session, company_id, who(), "Cancelled a sync", services.now())
        flash("Cancelled. What was in work comes to its end; the rest is left for the next time.", "calm")
        return redirect(url_for(".overview", company_id=company_id))

    def _sweep(company_id: str, scope: Scope, what: str) -> Response:
        try:
            with services.sessions.begin() as session:
                # Locked: no setting changes between what was seen and the start.
                row = connections.get_locked(session, company_id)
                seen = _seen(session, row) if row.started_at is None else None
                if row.started_at is None and seen is None:
                    flash(
                        "Nothing is posted before you have seen what would be. Look through it; then press"
                        " Synchronize below it.",
                        "calm",
                    )
                    return redirect(url_for("page.preflight.first_look", company_id=company_id))
                sweeps.request(session, company_id, scope, "person", services.now(), asked_by=who())
                audit.note(session, company_id, who(), what, services.now(), after=_first_posts(seen))
        except RejectedError as error:
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
        return redirect(url_for(".overview", company_id=company_id))

    def _seen(session: Session, row: Connection) -> SeenLook | None:
        """Return the look that is still true, if the form stood beside its counts."""
        seen = find_seen(session, row, services.now())
        return seen if seen is not None and seen.name == request.form.get("seen") else None

    def _depth() -> dict[str, int] | None:
        try:
            return {_QUEUES.get(queue, queue): count for queue, count in services.depth().items()}
        except BrokerUnavailableError:
            # The page says so in its place; the rest of it is as true as before.
            return None

    return page


def _first_posts(seen: SeenLook | None) -> str | None:
    return None if seen is None else f"the first, to post {seen.counted.in_words}"


def _ends_soon(row: Connection, now: datetime) -> bool:
    """Tell whether the authorization ends for good before long, which no use of it puts off."""
    ends_at = row.refresh_token_hard_expires_at
    return ends_at is not None and ends_at - now < _TELL_BEFORE
