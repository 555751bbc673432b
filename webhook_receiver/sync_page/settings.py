"""`/companies/<id>/settings`: what is posted, and how; and posting again under it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, Field, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from administration import setting_values
from administration.change_settings import SettingsRefusedError, change, values_of
from administration.quickbooks_lists import Choice, Lists, find_lists
from administration.repost import AT_ONCE, KINDS, find_named, repost
from administration.setting_values import DEFAULTS, LISTED, NAMES, TITLES
from shared.db import record_list
from shared.db.models import Connection
from shared.errors import SyncError
from shared.messages import Kind
from shared.payment_methods import PAYMENT_METHOD_NAMES
from shared.settings import Customers, Matching, preferences_from_document
from webhook_receiver.sync_page.access import admin_only, company, who
from webhook_receiver.sync_page.services import Services

# The two settings that have an account for each of several, and how the fields of the form are called that make them.
_METHOD, _CURRENCY = "deposit_by_method", "deposit_by_currency"
_BY_METHOD, _BY_CURRENCY = "method_", "currency_"
_DIRECTIONS = {
    Customers.BOTH: "both ways: Invoiced to QuickBooks, and back",
    Customers.TO_QUICKBOOKS: "only from Invoiced to QuickBooks",
    Customers.FROM_QUICKBOOKS: "only from QuickBooks to Invoiced",
    Customers.OFF: "not synced",
}
_POSTED = {"on": "posted to QuickBooks", "off": "not posted"}
_MATCHING = {
    Matching.DEFAULT: "by number or name, else ask",
    Matching.NEVER: "never automatically: always ask",
}
_UNREADABLE = "QuickBooks' lists cannot be read"


def _listed(name: str) -> SelectField:
    return SelectField(TITLES[name], validate_choice=False)


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """Every setting; what may be chosen of QuickBooks' lists is filled in for each request."""

    customers = SelectField(
        TITLES["customers"], choices=[SelectChoice(one.value, text) for one, text in _DIRECTIONS.items()]
    )
    invoices = SelectField(TITLES["invoices"], choices=[SelectChoice(*one) for one in _POSTED.items()])
    payments = SelectField(TITLES["payments"], choices=[SelectChoice(*one) for one in _POSTED.items()])
    start_date = DateField(TITLES["start_date"], [Optional()])
    time_zone = SelectField(TITLES["time_zone"], choices=setting_values.time_zones())
    customer_matching = SelectField(
        TITLES["customer_matching"], choices=[SelectChoice(one.value, text) for one, text in _MATCHING.items()]
    )
    deactivate_customers = SelectField(TITLES["deactivate_customers"], choices=["no", "yes"])
    number_prefix = StringField(TITLES["number_prefix"])
    income_account = _listed("income_account")
    discount_account = _listed("discount_account")
    bad_debt_account = _listed("bad_debt_account")
    tax_code = _listed("tax_code")
    default_item = _listed("default_item")
    deposit_account = _listed("deposit_account")


def _deposits_form(currencies: Iterable[str]) -> type[SettingsForm]:
    """Return the form with a deposit account for each payment method and for each of these currencies."""
    by_method = {f"{_BY_METHOD}{word}": f"Paid by {name}" for word, name in PAYMENT_METHOD_NAMES.items()}
    by_currency = {f"{_BY_CURRENCY}{code}": f"Paid in {code}" for code in currencies}
    fields = {name: SelectField(label, validate_choice=False) for name, label in (by_method | by_currency).items()}
    return type("DepositsForm", (SettingsForm,), fields)


class RepostForm(FlaskForm):  # type: ignore[misc]
    """Which documents are to be posted again."""

    kind = SelectField("Kind", choices=[SelectChoice(kind.value, f"{kind.value}s") for kind in KINDS])
    names = TextAreaField("Numbers, one in a line", [Length(max=20_000)])


def make_settings(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("settings", __name__, url_prefix="/companies/<company_id>/settings")

    @page.route("/", methods=["GET", "POST"])
    def index(company_id: str) -> str | Response:
        if request.method == "POST":
            return _save(company_id)
        return _shown(company(), *_form(company()))

    @admin_only
    def _save(company_id: str) -> str | Response:
        row = company()
        form, read_at = _form(row)
        if not form.validate():
            return _shown(row, form, read_at)
        texts = _changed(row, form)
        try:
            changes = change(services.clients, company_id, texts, who()) if texts else []
        except SettingsRefusedError as refusal:
            for name, problem in refusal.problems.items():
                _field_of(form, name).errors = [f"{problem.cause} {problem.remedy}".strip()]
            return _shown(row, form, read_at)
        except SyncError as error:
            flash(f"Nothing was changed: {error.cause} {error.remedy}".strip(), "bad")
            return _shown(row, form, read_at)
        if changes:
            flash("Saved: " + "; ".join(f"{TITLES[one.name]}: {one.after}" for one in changes) + ".", "good")
        else:
            flash("Nothing was different from before.", "calm")
        return redirect(url_for(".index", company_id=company_id))

    @page.post("/read-again")
    @admin_only
    def read_again(company_id: str) -> Response:
        try:
            find_lists(services.clients, company_id, again=True)
        except SyncError as error:
            flash(f"{_UNREADABLE}: {error.cause} {error.remedy}".strip(), "bad")
        else:
            flash("QuickBooks' lists were read again.", "good")
        return redirect(url_for(".index", company_id=company_id))

    @page.post("/repost")
    @admin_only
    def post_again(company_id: str) -> str | Response:
        form = RepostForm()
        names = list(dict.fromkeys(line.strip() for line in (form.names.data or "").splitlines() if line.strip()))
        if not form.validate() or not 0 < len(names) <= AT_ONCE:
            form.names.errors = [f"Name 1 to {AT_ONCE} documents by their numbers, one in a line."]
            return _shown(company(), *_form(company(), is_sent=False), repost_form=form)
        with services.sessions.begin() as session:
            keys, unknown = find_named(session, company_id, Kind(form.kind.data), names)
            accepted, refused = repost(session, company_id, keys, who(), services.now())
        flash(f"{len(accepted)} will be posted again under today's settings.", "good" if accepted else "calm")
        for one in refused[:20]:
            flash(f"{one.key.kind.value} #{one.key.record_id} is left as it stands: {one.reason}", "bad")
        if unknown:
            flash(f"Nothing is known of: {', '.join(unknown[:20])}.", "bad")
        return redirect(url_for(".index", company_id=company_id))

    def _form(row: Connection, *, is_sent: bool = True) -> tuple[SettingsForm, datetime | None]:
        """Return the form, with what was sent of it, and when QuickBooks' lists were read that it offers; None: they
        cannot be."""
        values = values_of(row)
        lists = _lists(row)
        form = _deposits_form(_currencies(row, lists))(
            data=_data(values), formdata=request.form if is_sent and request.form else None
        )
        choices = lists.choices if lists else {}
        home = _home_currency(row)
        for field in form:
            name = _setting_of(field.name)
            if name in LISTED:
                offered = [SelectChoice(one.id, _called(one, home)) for one in choices.get(name, ())]
                _fill(field, DEFAULTS[name], offered, _data(values).get(field.name, ""))
        return form, lists.at if lists else None

    def _lists(row: Connection) -> Lists | None:
        try:
            return find_lists(services.clients, row.id)
        except SyncError as error:
            flash(f"{_UNREADABLE}, so nothing new can be chosen of them: {error.cause} {error.remedy}".strip(), "bad")
            return None

    def _currencies(row: Connection, lists: Lists | None) -> list[str]:
        """Return the currencies in use: the home currency first, then those of QuickBooks' list, of documents, and
        those for which an account is chosen."""
        home = _home_currency(row)
        with services.sessions() as session:
            seen = record_list.currencies(session, row.id)
        others = {*seen, *(lists.currencies if lists else ()), *values_of(row)[_CURRENCY]}
        return [home, *sorted(others - {home})]

    def _shown(
        row: Connection, form: SettingsForm, read_at: datetime | None, repost_form: RepostForm | None = None
    ) -> str:
        return render_template(
            "settings.html",
            form=form,
            read_at=read_at,
            methods=[field for field in form if field.name.startswith(_BY_METHOD)],
            currencies=[field for field in form if field.name.startswith(_BY_CURRENCY)],
            home_currency=_home_currency(row),
            repost_form=repost_form or RepostForm(formdata=None),
            wrong=[field for field in form if field.errors],
            may_change=current_user.is_admin,
            most=AT_ONCE,
        )

    return page


def _data(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields of the form hold for these settings."""
    return {
        **{
            name: values[name] if name == "start_date" else setting_values.as_text(name, values[name])
            for name in NAMES
            if name not in (_METHOD, _CURRENCY)
        },
        **{f"{_BY_METHOD}{word}": account for word, account in values[_METHOD].items()},
        **{f"{_BY_CURRENCY}{code}": account for code, account in values[_CURRENCY].items()},
    }


def _changed(row: Connection, form: SettingsForm) -> dict[str, str]:
    """Return the texts of the settings that were given otherwise than they are."""
    values = values_of(row)
    given: dict[str, Any] = {_METHOD: {}, _CURRENCY: {}}
    for field in form:
        name = _setting_of(field.name)
        if name in (_METHOD, _CURRENCY):
            if field.data:
                given[name][field.name.partition("_")[2]] = field.data
        elif name in NAMES:
            given[name] = field.data
    texts = {name: setting_values.as_text(name, value) for name, value in given.items()}
    return {name: text for name, text in texts.items() if text != setting_values.as_text(name, values[name])}


def _setting_of(field_name: str) -> str:
    """Return the setting that a field of the form is of."""
    if field_name.startswith(_BY_METHOD):
        return _METHOD
    return _CURRENCY if field_name.startswith(_BY_CURRENCY) else field_name


def _field_of(form: SettingsForm, name: str) -> Field:
    """Return the field at which a fault of a setting is told: the first that is of it."""
    return next(field for field in form if _setting_of(field.name) == name)


def _fill(field: SelectField, default: str, offered: Sequence[SelectChoice], chosen: str) -> None:
    options = [SelectChoice("", f"Default: {default}"), *offered]
    if chosen and chosen not in {one.value for one in offered}:
        options.append(SelectChoice(chosen, f"{chosen} (as chosen; not in QuickBooks' list now)"))
    field.choices = options


def _called(choice: Choice, home: str) -> str:
    return f"{choice.name} ({choice.currency})" if choice.currency not in (None, home) else choice.name


def _home_currency(row: Connection) -> str:
    return preferences_from_document(row.preferences).home_currency
