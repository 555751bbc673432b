"""Settings > Accounting Sync: the pages for the bookkeeper and the admin of a company."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_currency
from flask import Blueprint, Flask, abort, current_app, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

from shared.db import connections
from shared.db.attention import count as count_needing_attention
from webhook_receiver.sync_page.attention import make_attention
from webhook_receiver.sync_page.audit import make_audit
from webhook_receiver.sync_page.companies import make_companies
from webhook_receiver.sync_page.connect import make_connect
from webhook_receiver.sync_page.customers import make_customers
from webhook_receiver.sync_page.login import make_login, make_login_manager
from webhook_receiver.sync_page.places import place_of, place_of_finding
from webhook_receiver.sync_page.preflight import make_preflight
from webhook_receiver.sync_page.records import make_records
from webhook_receiver.sync_page.services import Services
from webhook_receiver.sync_page.settings import make_settings
from webhook_receiver.sync_page.sweeps import make_sweeps

# A page of the product each: whoever makes it adds it here, and to the navigation.
_PAGES: tuple[Callable[[Services], Blueprint], ...] = (
    make_login,
    make_companies,
    make_connect,
    make_records,
    make_attention,
    make_customers,
    make_sweeps,
    make_preflight,
    make_settings,
    make_audit,
)
_ATTENTION = "page.attention.index"
_NAVIGATION = (
    ("page.companies.overview", "Overview"),
    ("page.records.index", "Records"),
    (_ATTENTION, "Needs attention"),
    ("page.customers.index", "Customers"),
    ("page.sweeps.index", "Past syncs"),
    ("page.preflight.index", "Check-up"),
    ("page.settings.index", "Settings"),
    ("page.audit.index", "Audit trail"),
)
_OPEN = ("page.login.show",)
_SESSION_LASTS = timedelta(hours=12)


def register(app: Flask, services: Services) -> CSRFProtect:
    """Add the pages to the application. Returned is what protects every form, so that webhooks can be taken out."""
    app.config.update(
        SECRET_KEY=services.config.secret_key,
        SESSION_COOKIE_NAME="accounting_sync",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=services.config.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=_SESSION_LASTS,
        WTF_CSRF_TIME_LIMIT=None,
    )
    make_login_manager(services).init_app(app)
    protection = CSRFProtect(app)
    page = Blueprint("page", __name__)

    @page.before_request
    def prepare() -> ResponseReturnValue | None:
        if request.endpoint not in _OPEN and not current_user.is_authenticated:
            answer: ResponseReturnValue = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            return answer
        company_id = (request.view_args or {}).get("company_id")
        g.company = None
        if company_id is not None:
            with services.sessions() as session:
                g.company = connections.find(session, company_id)
                g.needing_attention = count_needing_attention(session, company_id)
                g.companies = connections.list_names(session)
            if g.company is None:
                abort(404, "There is no such company here (any more).")
        return None

    for make in _PAGES:
        page.register_blueprint(make(services))
    app.register_blueprint(page)
    app.add_template_filter(local_time)
    app.add_template_filter(money)
    app.add_template_global(navigation)
    app.add_template_global(companies_to_choose_from)
    app.add_template_global(place_of)
    app.add_template_global(place_of_finding)
    return protection


def navigation() -> Sequence[tuple[str, str, str, bool]]:
    """Return the pages of the company at hand: key, address, name, and whether it is the one being shown."""
    if getattr(g, "company", None) is None:
        return ()
    return [
        (
            endpoint.split(".")[1],
            url_for(endpoint, company_id=g.company.id),
            f"{name} ({g.needing_attention})" if endpoint == _ATTENTION and g.needing_attention else name,
            (request.endpoint or "").rpartition(".")[0] == endpoint.rpartition(".")[0],
        )
        for endpoint, name in _NAVIGATION
        if endpoint in current_app.view_functions
    ]


def companies_to_choose_from() -> Sequence[tuple[str, str, str, bool]]:
    """Return all companies, if there are several: for each the address of the kind of page being shown, its name, its
    state, and whether it is the one at hand."""
    if getattr(g, "company", None) is None or len(g.companies) < 2:
        return ()
    here = (request.endpoint or "").rpartition(".")[0]
    pages = (endpoint for endpoint, _ in _NAVIGATION if endpoint.rpartition(".")[0] == here)
    endpoint = next(pages, "page.companies.overview")
    return [(url_for(endpoint, company_id=one.id), one.name, one.state, one.id == g.company.id) for one in g.companies]


def local_time(instant: datetime | None, zone: str | None = None) -> str:
    """Return an instant as the company's people read it: in its zone, to the minute."""
    if instant is None:
        return "never"
    name = zone or (g.company.time_zone if getattr(g, "company", None) is not None else "UTC")
    return instant.astimezone(ZoneInfo(name)).strftime("%Y-%m-%d %H:%M %Z")


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount with its currency (ISO code, in any case): `$1,234.50`."""
    return "" if amount is None else str(format_currency(amount, (currency or "USD").upper(), locale="en_US"))
