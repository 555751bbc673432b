"""Log in, log out. Tries are counted and limited before a password is even looked at: a hash costs a tenth of a second,
and those that are made at the same time must not pass the limit together."""

from urllib.parse import urlsplit

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser_session
from flask_login import LoginManager, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from shared import passwords
from shared.db import users
from webhook_receiver.sync_page.access import LoggedIn, who
from webhook_receiver.sync_page.errors import log_in_first
from webhook_receiver.sync_page.services import Services

_REFUSED = "E-mail or password is wrong."
_LATER = "Too many tries have failed. Wait a quarter of an hour, then try again."

log = structlog.get_logger()


class LoginForm(FlaskForm):  # type: ignore[misc]
    """E-mail and password."""

    email = StringField("E-mail", [InputRequired("Enter your e-mail."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=1000)])


def make_login_manager(services: Services) -> LoginManager:
    """Return what finds the user of a browser's session, anew with every request."""
    manager = LoginManager()
    manager.unauthorized_handler(log_in_first)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def find(session_id: str) -> LoggedIn | None:
        with services.sessions() as session:
            user = users.find_in_session(session, session_id)
            return None if user is None else LoggedIn(session_id, user.email, user.role)

    return manager


def make_login(services: Services) -> Blueprint:
    """Return the views; they are open to everybody."""
    login = Blueprint("login", __name__)

    @login.route("/login", methods=["GET", "POST"])
    def show() -> str | Response | tuple[str, int]:
        form = LoginForm()
        if not form.validate_on_submit():
            return render_template("login.html", form=form)
        email, address = form.email.data, request.remote_addr or "unknown"
        with services.sessions.begin() as session:
            may_try = users.begin_try(session, email, address, services.now())
            user = users.find(session, email)
        if not may_try:
            log.warning("log-in not looked at", address=address)
            flash(_LATER, "bad")
            return render_template("login.html", form=form), 429
        is_right = passwords.matches(form.password.data, user.password_hash if user else None)
        if user is None or not is_right:
            log.warning("log-in refused", address=address)
            flash(_REFUSED, "bad")
            return render_template("login.html", form=form), 401
        with services.sessions.begin() as session:
            users.note_log_in(session, user, address, services.now())
        login_user(LoggedIn(users.session_id(user), user.email, user.role))
        log.info("logged in", user=user.email)
        return redirect(_wanted(request.args.get("next")))

    @login.post("/logout")
    def leave() -> Response:
        log.info("logged out", user=who())
        logout_user()
        # What an unfinished consent left there is not for the next one at this browser.
        browser_session.clear()
        return redirect(url_for("page.login.show"))

    return login


def _wanted(address: str | None) -> str:
    """Return the page that was asked for before the log-in, if it is one of ours."""
    parts = urlsplit(address or "")
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith("/") and "\\" not in parts.path
    is_plain = address is not None and address.isprintable() and not address.startswith("//")
    return address if address and is_ours and is_plain else url_for("page.companies.index")
