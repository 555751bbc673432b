"""`/companies/<id>/settings`: what is posted, and how; and posting again under it."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, Field, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from shared import setting_values
from shared.change_settings import SettingsRefusedError, change, values_of
from shared.db.models import Connection
from shared.errors import SyncError
from shared.messages import Kind
from shared.payment_methods import PAYMENT_METHOD_NAMES
from shared.quickbooks_lists import Choice, KeptLists
from shared.repost import AT_ONCE, KINDS, find_named, repost
from shared.setting_values import DEFAULTS, LISTED, NAMES, TITLES
from shared.settings import Customers, Matching, preferences_from_document
from webhook_receiver.sync_page.access import admin_only, company, who
from webhook_receiver.sync_page.services import Services

_METHOD, _CURRENCY = "deposit_by_method", "deposit_by_currency"
_ON_OFF = ["on", "off"]
_MATCHING = {
    Matching.DEFAULT: "by number or name, else ask",
    Matching.NEVER: "never automatically: always ask",
}


def _listed(name: str) -> SelectField:
    return SelectField(TITLES[name], validate_choice=False)


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """Every setting; what may be chosen of QuickBooks' lists is filled in for each request."""

    customers = SelectField(TITLES["customers"], choices=[one.value for one in Customers])
    invoices = SelectField(TITLES["invoices"], choices=_ON_OFF)
    payments = SelectField(TITLES["payments"], choices=_ON_OFF)
    start_date = DateField(TITLES["start_date"], [Optional()])
    time_zone = SelectField(TITLES["time_zone"], choices=sorted(available_timezones()))
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


class DepositsForm(SettingsForm):
    """The same, with a deposit account for the home currency and for each payment method."""

    home_currency = SelectField(validate_choice=False)


for _word, _called in PAYMENT_METHOD_NAMES.items():
    setattr(DepositsForm, f"method_{_word}", SelectField(f"Deposits paid by {_called}", validate_choice=False))


class RepostForm(FlaskForm):  # type: ignore[misc]
    """Which documents are to be posted again."""

    kind = SelectField("Kind", choices=[SelectChoice(kind.value, f"{kind.value}s") for kind in KINDS])
    names = TextAreaField("Numbers, one in a line", [Length(max=20_000)])


def make_settings(services: Services) -> Blueprint:
    """Return the views."""
    page = Blueprint("settings", __name__, url_prefix="/companies/<company_id>/settings")
    lists = KeptLists()

    @page.route("/", methods=["GET", "POST"])
    def index(company_id: str) -> str | Response:
        if request.method == "POST":
            return _save(company_id)
        return _shown(company(), _form(company()))

    @admin_only
    def _save(company_id: str) -> str | Response:
        row = company()
        form = _form(row)
        if not form.validate():
            return _shown(row, form)
        texts = _changed(row, form)
        try:
            changes = change(services.clients, company_id, texts, who()) if texts else []
        except SettingsRefusedError as refusal:
            for name, problem in refusal.problems.items():
                _field_of(form, name).errors = [f"{problem.cause} {problem.remedy}".strip()]
            return _shown(row, form)
        except SyncError as error:
            flash(f"Nothing was changed: {error.cause} {error.remedy}".strip(), "bad")
            return _shown(row, form)
        if changes:
            flash("Saved: " + "; ".join(f"{TITLES[one.name]}: {one.after}" for one in changes) + ".", "good")
        else:
            flash("Nothing was different from before.", "calm")
        return redirect(url_for(".index", company_id=company_id))

    @page.post("/read-again")
    @admin_only
    def read_again(company_id: str) -> Response:
        _, failure = _choices(company(), again=True)
        if failure is None:
            flash("QuickBooks' lists were read again.", "good")
        return redirect(url_for(".index", company_id=company_id))

    @page.post("/repost")
    @admin_only
    def post_again(company_id: str) -> Response:
        form = RepostForm()
        names = list(dict.fromkeys(line.strip() for line in (form.names.data or "").splitlines() if line.strip()))
        back = redirect(url_for(".index", company_id=company_id))
        if not form.validate() or not 0 < len(names) <= AT_ONCE:
            flash(f"Name 1 to {AT_ONCE} documents by their numbers, one in a line.", "bad")
            return back
        with services.sessions.begin() as session:
            keys, unknown = find_named(session, company_id, Kind(form.kind.data), names)
            accepted, refused = repost(session, company_id, keys, who(), services.now())
        flash(f"{len(accepted)} will be posted again under today's settings.", "good" if accepted else "calm")
        for one in refused[:20]:
            flash(f"{one.key.kind.value} #{one.key.record_id} is left as it stands: {one.reason}", "bad")
        if unknown:
            flash(f"Nothing is known of: {', '.join(unknown[:20])}.", "bad")
        return back

    def _form(row: Connection) -> DepositsForm:
        values = values_of(row)
        data: dict[str, Any] = {
            name: values[name] if name == "start_date" else setting_values.as_text(name, values[name])
            for name in NAMES
            if name not in (_METHOD, _CURRENCY)
        }
        home = _home_currency(row)
        data |= {f"method_{word}": values[_METHOD].get(word, "") for word in PAYMENT_METHOD_NAMES}
        data["home_currency"] = values[_CURRENCY].get(home, "")
        form = DepositsForm(data=data)
        form.home_currency.label.text = f"Deposits in {home}"
        choices, failure = _choices(row)
        if failure is not None:
            flash(f"QuickBooks' lists cannot be read, so nothing new can be chosen of them: {failure}", "bad")
        for name in LISTED:
            if name not in (_METHOD, _CURRENCY):
                _fill(form[name], DEFAULTS[name], choices.get(name, ()), data[name])
        for name in ("home_currency", *(f"method_{word}" for word in PAYMENT_METHOD_NAMES)):
            _fill(form[name], DEFAULTS[_METHOD], choices.get(_METHOD, ()), data[name])
        return form

    def _choices(row: Connection, *, again: bool = False) -> tuple[Mapping[str, Sequence[Choice]], str | None]:
        try:
            return lists.choices(row.id, services.clients.quickbooks(row.id), again=again), None
        except SyncError as error:
            return {}, f"{error.cause} {error.remedy}".strip()

    def _shown(row: Connection, form: DepositsForm) -> str:
        return render_template(
            "settings.html",
            form=form,
            methods=[f"method_{word}" for word in PAYMENT_METHOD_NAMES],
            repost_form=RepostForm(formdata=None),
            may_change=current_user.is_admin,
            most=AT_ONCE,
        )

    return page


def _changed(row: Connection, form: DepositsForm) -> dict[str, str]:
    """Return the texts of the settings that were given otherwise than they are."""
    values = values_of(row)
    by_method = {word: form[f"method_{word}"].data for word in PAYMENT_METHOD_NAMES}
    by_currency = {**values[_CURRENCY], _home_currency(row): form.home_currency.data}
    given = {
        _METHOD: {word: account for word, account in by_method.items() if account},
        _CURRENCY: {currency: account for currency, account in by_currency.items() if account},
        **{name: form[name].data for name in NAMES if name not in (_METHOD, _CURRENCY)},
    }
    texts = {name: setting_values.as_text(name, value) for name, value in given.items()}
    return {name: text for name, text in texts.items() if text != setting_values.as_text(name, values[name])}


def _field_of(form: DepositsForm, name: str) -> Field:
    return form[{_METHOD: f"method_{next(iter(PAYMENT_METHOD_NAMES))}", _CURRENCY: "home_currency"}.get(name, name)]


def _fill(field: SelectField, default: str, choices: Sequence[Choice], chosen: str) -> None:
    options = [SelectChoice("", f"Default: {default}"), *(SelectChoice(one.id, one.name) for one in choices)]
    if chosen and chosen not in {one.id for one in choices}:
        options.append(SelectChoice(chosen, f"{chosen} (as chosen; not in QuickBooks' list now)"))
    field.choices = options


def _home_currency(row: Connection) -> str:
    return preferences_from_document(row.preferences).home_currency
