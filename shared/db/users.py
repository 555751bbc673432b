"""Who may log in, what they may do, and how often somebody has tried in vain."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import LoginFailure, User
from shared.errors import RejectedError

# So many failures within this time, and the next try is not even looked at.
FAILURES_COUNT_FOR = timedelta(minutes=15)
FAILURES_OF_AN_EMAIL = 5
# Several people may share an address.
FAILURES_OF_AN_ADDRESS = 30
PASSWORD_LENGTH = 12


class Role(StrEnum):
    """What somebody may do: an admin everything, a viewer look."""

    ADMIN = "admin"
    VIEWER = "viewer"


def add(session: Session, email: str, role: Role, password_hash: str, now: datetime) -> User:
    """Add a user; `password_hash` is argon2's.

    Raises:
        RejectedError: the e-mail is none, or belongs to a user already.
    """
    address = _checked(email)
    if find(session, address) is not None:
        raise RejectedError(f"{address} is a user already.", remedy="Choose another e-mail, or set a new password.")
    user = User(
        email=address,
        role=Role(role).value,
        password_hash=password_hash,
        session_salt=secrets.token_hex(8),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def list_all(session: Session) -> list[User]:
    """Return all users by e-mail."""
    return list(session.scalars(sa.select(User).order_by(User.email)))


def find(session: Session, email: str) -> User | None:
    """Return the user of this e-mail, in whatever case it is written."""
    return session.scalars(sa.select(User).where(User.email == email.strip().lower())).one_or_none()


def get(session: Session, email: str) -> User:
    """Return the user of this e-mail.

    Raises:
        RejectedError: there is none.
    """
    user = find(session, email)
    if user is None:
        raise RejectedError(f"There is no user {email!r}.", remedy="List the users to see their e-mails.")
    return user


def find_in_session(session: Session, session_id: str) -> User | None:
    """Return the user of a browser's session, if the session has not ended with a new password."""
    user_id, _, salt = session_id.partition(":")
    user = session.get(User, int(user_id)) if user_id.isdecimal() else None
    return user if user is not None and secrets.compare_digest(user.session_salt, salt) else None


def session_id(user: User) -> str:
    """Return what a browser's session keeps of the user."""
    return f"{user.id}:{user.session_salt}"


def set_password(session: Session, email: str, password_hash: str) -> User:
    """Give a user a new password, and end all of their sessions.

    Raises:
        RejectedError: there is no such user.
    """
    user = get(session, email)
    user.password_hash = password_hash
    user.session_salt = secrets.token_hex(8)
    return user


def remove(session: Session, email: str) -> None:
    """Remove a user; their sessions end.

    Raises:
        RejectedError: there is no such user.
    """
    session.delete(get(session, email))


def may_try(session: Session, email: str, address: str, now: datetime) -> bool:
    """Tell whether a log-in may be looked at: too many have failed for this e-mail, or from this address, if not."""
    return _failures(session, f"email {email.strip().lower()}"[:300], now) < FAILURES_OF_AN_EMAIL and (
        _failures(session, f"address {address}"[:300], now) < FAILURES_OF_AN_ADDRESS
    )


def note_failure(session: Session, email: str, address: str, now: datetime) -> None:
    """Count a log-in that failed; what no longer counts is forgotten."""
    session.execute(sa.delete(LoginFailure).where(LoginFailure.at < now - FAILURES_COUNT_FOR))
    for subject in (f"email {email.strip().lower()}", f"address {address}"):
        session.add(LoginFailure(subject=subject[:300], at=now))


def note_log_in(session: Session, user_id: int, now: datetime) -> None:
    """Remember when a user has logged in."""
    session.execute(sa.update(User).where(User.id == user_id).values(logged_in_at=now))


def _failures(session: Session, subject: str, now: datetime) -> int:
    counted = sa.select(sa.func.count()).where(
        LoginFailure.subject == subject, LoginFailure.at >= now - FAILURES_COUNT_FOR
    )
    return session.execute(counted).scalar_one()


def _checked(email: str) -> str:
    address = email.strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and host) or " " in address or len(address) > 254:
        raise RejectedError(f"{email[:80]!r} is not an e-mail address.", remedy="Write one such as ann@example.com.")
    return address
