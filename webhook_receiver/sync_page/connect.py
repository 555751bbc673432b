"""Connect and reconnect: to Intuit's consent page and back, and the key of the Invoiced account."""

import secrets

import structlog
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from administration import connect, other_company, setting_values
from administration.change_settings import change
from administration.connect import OtherCompanyError
from shared.db import audit, connections
from shared.errors import SyncError
from shared.settings import preferences_from_document
from webhook_receiver.sync_page.access import admin_only, company, who
from webhook_receiver.sync_page.services import Services

_STATE = "consent_state"
# Which company a consent is to connect anew; empty: a new one.
_RECONNECTS = "consent_reconnects"
# A consent for another company than the connection's, until somebody has confirmed the move: code and company. The
# code is good for some minutes, once, and only together with our client secret.
_OTHER = "consent_for_other_company"

log = structlog.get_logger()


class InvoicedForm(FlaskForm):  # type: ignore[misc]
    """What is asked of the Invoiced account."""

    api_key = PasswordField("API key of Invoiced", [InputRequired("Enter the API key."), Length(max=200)])


class WebhookForm(FlaskForm):  # type: ignore[misc]
    """The secret that Invoiced made for its webhooks, where it did."""

    secret = StringField("Secret that Invoiced shows", [DataRequired("Enter the secret."), Length(max=200)])


class BooksForm(FlaskForm):  # type: ignore[misc]
    """Which day it is in the company, and from which day on it is synced."""

    time_zone = SelectField("Time zone of the Invoiced account")
    start_date = DateField("Sync invoices dated from", [Optional()])


def make_connect(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("connect", __name__)

    @page.get("/connect")
    @admin_only
    def start() -> str:
        return render_template("connect.html")

    @page.get("/connect/quickbooks")
    @admin_only
    def to_consent() -> Response:
        return _to_consent("")

    @page.get("/reconnect")
    @admin_only
    def reconnect_any() -> Response:
        """The Reconnect URL of the Intuit app: to the company that needs it, or to the list of companies."""
        with services.sessions() as db:
            ended = [row for row in connections.list_all(db) if row.state != connections.CONNECTED]
        if len(ended) == 1:
            return redirect(url_for("page.companies.overview", company_id=ended[0].id))
        return redirect(url_for("page.companies.index"))

    @page.get("/companies/<company_id>/reconnect")
    @admin_only
    def reconnect(company_id: str) -> Response:
        return _to_consent(company_id)

    @page.get("/oauth/callback")
    @admin_only
    def callback() -> Response:
        state, company_id = session.pop(_STATE, None), session.pop(_RECONNECTS, "")
        given = request.args.get("state", "")
        if not state or not secrets.compare_digest(state.encode(), given.encode()):
            abort(400, "This answer of Intuit was not asked for in this browser, or was used already. Connect again.")
        back = url_for("page.companies.overview", company_id=company_id) if company_id else url_for(".start")
        if request.args.get("error"):
            flash("Nothing was connected: the consent was not given.", "calm")
            return redirect(back)
        code, realm_id = request.args.get("code", ""), request.args.get("realmId", "")
        if not code or not realm_id:
            abort(400, "Intuit's answer names no company. Connect again.")
        try:
            if company_id:
                connect.reconnect_by_consent(services.clients, company_id, code, realm_id)
                connection_id = company_id
            else:
                connection_id = connect.connect_by_consent(services.clients, code, realm_id).id
        except OtherCompanyError:
            session[_OTHER] = {"company_id": company_id, "code": code, "realm_id": realm_id}
            return redirect(url_for(".other", company_id=company_id))
        except SyncError as error:
            log.warning("not connected", cause=error.cause, detail=error.detail)
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
            return redirect(back)
        with services.sessions.begin() as db:
            audit.note(
                db, connection_id, who(), "Reconnected" if company_id else "Connected QuickBooks", services.now()
            )
        if company_id:
            flash("QuickBooks is connected again. What waited goes on by itself.", "good")
            return redirect(back)
        flash("QuickBooks is connected. Two things are left to say.", "good")
        return redirect(url_for(".set_up", company_id=connection_id))

    @page.get("/companies/<company_id>/other-company")
    @admin_only
    def other(company_id: str) -> str | Response:
        consent = session.get(_OTHER)
        if consent is None or consent["company_id"] != company_id:
            return redirect(url_for("page.companies.overview", company_id=company_id))
        with services.sessions() as db:
            leaving = other_company.leaving(db, company_id)
        return render_template(
            "other_company.html",
            realm_id=consent["realm_id"],
            happens=leaving.in_words(company().realm_id, consent["realm_id"]),
            is_ended=company().state != connections.CONNECTED,
        )

    @page.post("/companies/<company_id>/other-company")
    @admin_only
    def move(company_id: str) -> Response:
        consent = session.pop(_OTHER, None)
        if consent is None or consent["company_id"] != company_id:
            abort(400, "This move was not asked for in this browser, or was made already. Reconnect again.")
        try:
            row = other_company.move_by_consent(
                services.clients, company_id, consent["code"], consent["realm_id"], who()
            )
        except SyncError as error:
            log.warning("not moved", cause=error.cause, detail=error.detail)
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
            return redirect(url_for("page.companies.overview", company_id=company_id))
        flash(f"Moved to {row.name}. Nothing is posted there before you press Synchronize.", "good")
        return redirect(url_for(".set_up", company_id=company_id))

    @page.route("/companies/<company_id>/set-up", methods=["GET", "POST"])
    @admin_only
    def set_up(company_id: str) -> str | Response:
        row = company()
        key_form = InvoicedForm(prefix="invoiced")
        start_date = row.start_date or connect.propose_start(row)
        webhook_form = WebhookForm(prefix="webhook")
        books_form = BooksForm(prefix="books", data={"time_zone": row.time_zone, "start_date": start_date})
        books_form.time_zone.choices = setting_values.time_zones()
        if "invoiced-api_key" in request.form and key_form.validate_on_submit():
            try:
                connect.give_invoiced_key(services.clients, company_id, key_form.api_key.data.strip())
            except SyncError as error:
                key_form.api_key.errors = [f"{error.cause} {error.remedy}".strip()]
            else:
                _note(company_id, "API key of Invoiced")
                flash("Invoiced takes the key.", "good")
                with services.sessions() as db:
                    row = connections.get(db, company_id)
                    sharing = connections.find_with_same_key(db, services.clients.vault, row)
                if sharing is not None:
                    flash(
                        f"It is the key of {sharing.name} too: every invoice would be posted in both companies' books.",
                        "bad",
                    )
                return redirect(url_for(".set_up", company_id=company_id))
        if "webhook-secret" in request.form and webhook_form.validate_on_submit():
            connect.give_webhook_secret(services.clients, company_id, webhook_form.secret.data.strip())
            _note(company_id, "Webhook secret of Invoiced")
            flash("Webhooks that are signed with this secret are taken.", "good")
            return redirect(url_for(".set_up", company_id=company_id))
        if "books-time_zone" in request.form and books_form.validate_on_submit():
            days = {name: setting_values.as_text(name, books_form[name].data) for name in setting_values.OF_CONNECTION}
            change(services.clients, company_id, days, who())
            flash("Saved.", "good")
            return redirect(url_for("page.companies.overview", company_id=company_id))
        return render_template(
            "set_up.html",
            key_form=key_form,
            webhook_form=webhook_form,
            books_form=books_form,
            has_key=connections.has_invoiced_key(row, services.clients.vault),
            webhook_url=connect.webhook_url(services.clients, company_id),
            webhook_secret=connections.webhook_secret(row, services.clients.vault),
            preferences=preferences_from_document(row.preferences),
            environment=services.config.quickbooks_environment,
        )

    @page.post("/companies/<company_id>/disconnect")
    @admin_only
    def disconnect(company_id: str) -> Response:
        _note(company_id, "Disconnected QuickBooks")
        try:
            connect.disconnect(services.clients, company_id)
        except SyncError as error:
            flash(f"The sync is stopped, but Intuit did not take the authorization back: {error.cause}", "bad")
        else:
            flash("Disconnected. History and links are kept; what changes meanwhile waits.", "good")
        return redirect(url_for("page.companies.overview", company_id=company_id))

    def _to_consent(company_id: str) -> Response:
        state = secrets.token_urlsafe(24)
        try:
            address = services.clients.oauth.consent_url(connect.consent_callback_url(services.clients), state)
        except SyncError as error:
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
            return redirect(url_for("page.companies.index"))
        session[_STATE], session[_RECONNECTS] = state, company_id
        return redirect(address)

    def _note(company_id: str, what: str) -> None:
        with services.sessions.begin() as db:
            audit.note(db, company_id, who(), what, services.now())

    return page
