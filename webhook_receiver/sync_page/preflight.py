"""`/companies/<id>/preflight`: what would go wrong, and what would be posted, before anything is."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, stream_template

from shared.errors import SyncError
from shared.first_look import FirstLook
from shared.preflight import check
from shared.preflight_facts import gather
from shared.take_first_look import take_first_look
from webhook_receiver.sync_page.access import admin_only
from webhook_receiver.sync_page.services import Services

# A line of progress for so many documents.
_TELL_EVERY = 1000


@dataclass(frozen=True)
class Step:
    """How far a first look is: so many documents read, or its end: the whole, or why there is none."""

    read: int = 0
    whole: FirstLook | None = None
    failure: str | None = None


def make_preflight(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("preflight", __name__, url_prefix="/companies/<company_id>/preflight")

    @page.get("/")
    def index(company_id: str) -> str:
        try:
            findings, failure = check(gather(services.clients, company_id)), None
        except SyncError as error:
            findings, failure = [], f"{error.cause} {error.remedy}".strip()
        return render_template("preflight.html", findings=findings, failure=failure)

    @page.get("/first-look")
    @admin_only
    def first_look(company_id: str) -> Iterator[str]:
        """Sent line by line as the lists are read, so that a large account times nothing out; half a sum is never
        shown."""
        return stream_template("first_look.html", steps=_steps(company_id))

    def _steps(company_id: str) -> Iterator[Step]:
        look: FirstLook | None = None
        told = 0
        try:
            for look in take_first_look(services.clients, company_id):
                if look.read // _TELL_EVERY > told:
                    told = look.read // _TELL_EVERY
                    yield Step(read=look.read)
        except SyncError as error:
            yield Step(failure=f"{error.cause} {error.remedy}".strip())
            return
        assert look is not None, "a list has a page, if only an empty one"
        yield Step(read=look.read, whole=look)

    return page
