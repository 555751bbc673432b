"""Lets a browser post the forms of the simulator's pages from these pages alone.

Listening on loopback is no protection by itself: any site that the same browser shows can post to it. A browser
names the site that a form came from in `Origin`, and page scripts cannot change that.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def keep_to_own_site(routes: Blueprint) -> None:
    """Refuse every post to these routes that another site sent, and let none show them in a frame."""
    routes.before_request(_refuse_other_sites)

    @routes.after_request
    def stay_unframed(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        return response


def _refuse_other_sites() -> None:
    """Let a post pass that came from a page at this very address.

    Raises:
        Forbidden: another site sent it, or nobody says who did; or this address goes by a name that is not
            loopback's own, which another site could have pointed here.
    """
    if request.method in ("GET", "HEAD"):
        return
    if urlsplit(f"//{request.host}").hostname not in _LOOPBACK:
        raise Forbidden("Open this page as localhost or 127.0.0.1 to change anything.")
    if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        raise Forbidden("This form did not come from the simulator's own page, so nothing was done.")
