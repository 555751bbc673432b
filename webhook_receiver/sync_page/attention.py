"""`/companies/<id>/attention`: what needs a person, grouped by cause."""

from flask import Blueprint, render_template

from shared.db import attention, record_list
from shared.db.record_list import Search
from webhook_receiver.sync_page import words
from webhook_receiver.sync_page.services import Services

# So many records of a cause are shown with it; the list of records has the rest.
_SHOWN = 5


def make_attention(services: Services) -> Blueprint:
    """Return the page."""
    page = Blueprint("attention", __name__, url_prefix="/companies/<company_id>")

    @page.get("/attention")
    def index(company_id: str) -> str:
        with services.sessions() as session:
            groups = attention.groups(session, company_id)
            shown = {
                group.cause.key: record_list.find(
                    session, company_id, Search(cause_group=group.cause.key, is_ignored=False), limit=_SHOWN
                ).records
                for group in groups
                if group.count
            }
            held_back = attention.held_back(session, company_id)
        return render_template(
            "attention.html",
            held_back=held_back,
            groups=[group for group in groups if group.count],
            ignored=sum(group.ignored for group in groups),
            total=sum(group.count for group in groups),
            shown=shown,
            kinds=words.KINDS,
        )

    return page
