"""What a person is shown instead of the page that was asked for, in plain words, and with what was typed kept."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

# What is said where a view says nothing of its own.
_IN_WORDS = {
    400: ("That was not understood", "Something is missing in what the browser sent, or was used already."),
    403: ("That is for an admin", "Your user may look, and change nothing."),
    404: ("There is nothing here", "The address is wrong, or what it named is gone."),
    405: ("There is nothing to see here", "This address only takes what a button sends."),
    409: ("That cannot be done now", "Something has changed meanwhile. Look again, and then decide."),
    413: ("That is too much at once", "Send less of it."),
    500: (
        "Something went wrong here",
        "It is a fault of this service, and its log says more. Try again; if it comes again, tell whoever runs it.",
    ),
}
_UNAVAILABLE = (
    "Not available at the moment",
    "Something that this page needs does not answer. Nothing is lost. Load the page again in a moment.",
)
_LOG_IN, _LOG_OUT = "page.login.show", "page.login.leave"


def show(error: HTTPException) -> Response:
    """Return the page for an error; a description that the view gave is kept."""
    code = error.code or 500
    title, text = _IN_WORDS.get(code, (error.name, error.description or error.name))
    if error.description and error.description != type(error).description:
        text = error.description
    return make_response(render_template("error.html", name=title, description=text), code)


def show_unavailable() -> Response:
    """Return the page for when the database, say, does not answer."""
    title, text = _UNAVAILABLE
    # Rendered without what Flask adds to every page: who is logged in cannot be looked up now.
    page = current_app.jinja_env.get_template("error.html").render(name=title, description=text, has_nobody=True)
    return make_response(page, 503)


def log_in_first() -> AnyResponse:
    """Lead somebody who is not logged in, or not any more, to the log-in and from there back to their page."""
    if request.headers.get("HX-Request"):
        # A part that refreshes itself: the whole page goes to the log-in, and the part is not left empty.
        here = urlsplit(request.headers.get("HX-Current-URL", ""))._replace(scheme="", netloc="", fragment="").geturl()
        return Response(status=401, headers={"HX-Redirect": url_for(_LOG_IN, next=here or "/")})
    if request.method in ("GET", "HEAD"):
        return redirect(url_for(_LOG_IN, next=request.full_path.rstrip("?")))
    return send_again()


def send_again() -> AnyResponse:
    """Offer to send a form again that came without its token, since the session in which its page was opened has ended.

    What was typed is kept in the page for whoever sent it from one of ours; browsers tell, and no other page can.
    """
    is_logged_in = current_user.is_authenticated
    if request.endpoint == _LOG_IN or (request.endpoint == _LOG_OUT and not is_logged_in):
        return redirect(url_for(_LOG_IN, next=request.args.get("next")))
    typed: Sequence[tuple[str, str]] = ()
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        typed = [
            (name, value) for name, value in request.form.items(multi=True) if name.rpartition("-")[2] != "csrf_token"
        ]
    page = render_template("send_again.html", is_logged_in=is_logged_in, typed=typed, log_in=url_for(_LOG_IN))
    return make_response(page, 400 if is_logged_in else 401)
