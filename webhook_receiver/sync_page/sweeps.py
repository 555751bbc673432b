"""`/companies/<id>/sweeps`: past syncs, one with its progress and what failed, and its table for a spreadsheet."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from shared.db import audit, sweeps
from shared.db.models import Sweep
from shared.db.sweep_export import HEADER, find_all, row_of
from shared.db.sweeps import ENDED, RUNNING
from shared.spreadsheet import csv_lines
from webhook_receiver.sync_page import words
from webhook_receiver.sync_page.access import admin_only, who
from webhook_receiver.sync_page.services import Services

_AT_A_TIME = 30
# What did not end well is shown up to this number; the table for a spreadsheet has all of it.
_SHOWN = 200


def make_sweeps(services: Services) -> Blueprint:
    """Return the pages."""
    page = Blueprint("sweeps", __name__, url_prefix="/companies/<company_id>")

    @page.get("/sweeps")
    def index(company_id: str) -> str:
        state, why = request.args.get("state"), request.args.get("why")
        states = {"running": RUNNING}.get(state or "", (state,) if state in ENDED else ())
        with services.sessions() as session:
            found = sweeps.list_latest(
                session,
                company_id,
                states=states,
                why=why if why in words.SWEEP_WHYS else None,
                before_id=request.args.get("before", type=int),
                limit=_AT_A_TIME,
            )
            progress = {one.id: sweeps.progress(session, one, services.now()) for one in found}
        return render_template(
            "sweep_list.html",
            sweeps=found,
            progress=progress,
            has_more=len(found) == _AT_A_TIME,
            state=state,
            why=why,
            how_long=_how_long,
            every_minutes=services.config.sweep_every_minutes,
            **_words(),
        )

    @page.get("/sweeps/<int:number>")
    def show(company_id: str, number: int) -> str:
        with services.sessions() as session:
            sweep = _get(session, company_id, number)
            progress = sweeps.progress(session, sweep, services.now())
            failed = sweeps.records_of(session, sweep.id, limit=_SHOWN) if sweep.state in ENDED else []
        # With htmx only the part that moves is fetched, every second.
        template = "sweep_progress.html" if request.headers.get("HX-Request") else "sweep.html"
        return render_template(
            template,
            sweep=sweep,
            progress=progress,
            is_running=sweep.state in RUNNING,
            failed=failed,
            shown=_SHOWN,
            how_long=_how_long,
            **_words(),
        )

    @page.get("/sweeps/<int:number>.csv")
    def export(company_id: str, number: int) -> Response:
        with services.sessions() as session:
            sweep = _get(session, company_id, number)
        lines = csv_lines(HEADER, map(row_of, find_all(services.sessions, sweep.id)))
        return Response(
            stream_with_context(lines),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="sync-{number}.csv"'},
        )

    @page.post("/sweeps/<int:number>/cancel")
    @admin_only
    def cancel(company_id: str, number: int) -> AnyResponse:
        with services.sessions.begin() as session:
            sweep = _get(session, company_id, number)
            was_running = sweep.state in RUNNING
            sweeps.cancel(session, sweep, services.now())
            if was_running:
                audit.note(
                    session, company_id, who(), "Synchronize", services.now(), after=f"cancelled number {number}"
                )
        flash(
            "Cancelled. What was being synced is finished; the rest is let go." if was_running else "It had ended.",
            "calm",
        )
        return redirect(url_for(".show", company_id=company_id, number=number))

    return page


def _get(session: Session, company_id: str, number: int) -> Sweep:
    sweep = sweeps.find(session, company_id, number)
    if sweep is None:
        abort(404, "There is no sync of this number.")
    return sweep


def _words() -> dict[str, Any]:
    return {
        "states": words.SWEEP_STATES,
        "scopes": words.SWEEP_SCOPES,
        "whys": words.SWEEP_WHYS,
        "kinds": words.KINDS,
        "outcomes": words.OUTCOMES,
        "state_class": words.STATE_CLASSES,
    }


def _how_long(sweep: Sweep) -> str:
    """Return how long a sweep took, as people say it."""
    if sweep.began_at is None or sweep.ended_at is None:
        return ""
    seconds = int((sweep.ended_at - sweep.began_at) / timedelta(seconds=1))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    shown = f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    # On one line.
    return shown.replace(" ", "\N{NO-BREAK SPACE}")
