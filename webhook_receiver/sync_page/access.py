"""Who is looking at the page, and what they may do there."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import abort, g
from flask_login import UserMixin, current_user

from shared.db.models import Connection
from shared.db.users import Role

_View = TypeVar("_View", bound=Callable[..., Any])


class LoggedIn(UserMixin):  # type: ignore[misc]
    """A user as a request knows them. `session_id` ends with the user's password."""

    def __init__(self, session_id: str, email: str, role: str) -> None:
        self.session_id = session_id
        self.email = email
        self.is_admin = role == Role.ADMIN.value

    def get_id(self) -> str:
        """Return what the browser's session keeps."""
        return self.session_id


def who() -> str:
    """Return the e-mail of whoever makes this request, for the audit trail."""
    return str(current_user.email)


def admin_only(view: _View) -> _View:
    """Refuse the view to anybody but an admin."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_admin:
            abort(403, "Only an admin may do this. Ask one of yours, or have your role changed.")
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def company() -> Connection:
    """Return the connection that the address of this request names; it was looked up before the view."""
    row: Connection = g.company
    return row
