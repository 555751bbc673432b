"""`/companies/<id>/customers`: customers from QuickBooks, and the choice of whom they stand for."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shared.choices import Answer, Choice, in_words
from shared.db import customer_choices, record_list
from shared.db.record_list import Search
from shared.errors import RejectedError, SyncError
from shared.invoiced.named_customer import id_of_customer
from shared.messages import Kind
from webhook_receiver.sync_page.access import admin_only, who
from webhook_receiver.sync_page.services import Services

_HOW = {
    "recognised": "recognised",
    "chosen": "chosen",
    "created": "new, created in Invoiced",
    "posted": "posted from Invoiced",
}


def make_customers(services: Services) -> Blueprint:
    """Return the pages."""
    page = Blueprint("customers", __name__, url_prefix="/companies/<company_id>")

    @page.get("/customers")
    def index(company_id: str) -> str:
        text = request.args.get("q", "").strip()[:100]
        with services.sessions() as session:
            waiting = record_list.find(
                session, company_id, Search(kind=Kind.QUICKBOOKS_CUSTOMER, cause_group="choice"), limit=100
            )
            settled = _settled(session, company_id, text)
            found = customer_choices.counterparts(
                session, company_id, [one.record_id for one in (*waiting.records, *settled.records)]
            )
        return render_template(
            "customers.html",
            waiting=waiting.records,
            has_more_waiting=waiting.next_page is not None,
            # Those that wait stand above, with their choice.
            settled=[one for one in settled.records if one.cause_group != "choice"],
            next_page=settled.next_page,
            counterparts=found,
            how=_HOW,
            choice_in_words=in_words,
            text=text,
        )

    @page.post("/customers/<quickbooks_id>")
    @admin_only
    def choose(company_id: str, quickbooks_id: str) -> Response:
        try:
            choice = _choice(company_id)
            with services.sessions.begin() as session:
                customer_choices.choose(session, company_id, quickbooks_id, choice, who(), services.now())
        except SyncError as error:
            flash(f"{error.cause} {error.remedy}".strip(), "bad")
        else:
            flash("Chosen. It is carried out in a moment.", "good")
        return redirect(url_for(".index", company_id=company_id))

    def _choice(company_id: str) -> Choice:
        answer, _, named = request.form.get("choice", "").partition(":")
        if answer not in [one.value for one in Answer]:
            raise RejectedError("Nothing was chosen.", remedy="Choose one of the answers first.")
        if Answer(answer) is Answer.LINK and not named:
            named = id_of_customer(services.clients.invoiced(company_id), request.form.get("number", "").strip())
        if Answer(answer) is Answer.SURVIVOR:
            named = request.form.get("survivor", "").strip()
        return Choice(Answer(answer), named or None)

    def _settled(session: Session, company_id: str, text: str) -> record_list.Page:
        search = Search(text, Kind.QUICKBOOKS_CUSTOMER)
        try:
            return record_list.find(session, company_id, search, after=request.args.get("after"))
        except SyncError:
            abort(404, "There is no such page of the list.")

    return page
