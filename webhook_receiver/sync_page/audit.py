"""`/companies/<id>/audit`: who changed what."""

from flask import Blueprint, render_template, request

from shared.db import audit
from webhook_receiver.sync_page.services import Services

_AT_A_TIME = 50


def make_audit(services: Services) -> Blueprint:
    """Return the page."""
    page = Blueprint("audit", __name__, url_prefix="/companies/<company_id>/audit")

    @page.get("/")
    def index(company_id: str) -> str:
        with services.sessions() as session:
            entries = audit.list_latest(
                session, company_id, before_id=request.args.get("before", type=int), limit=_AT_A_TIME
            )
        return render_template("audit.html", entries=entries, has_more=len(entries) == _AT_A_TIME)

    return page
