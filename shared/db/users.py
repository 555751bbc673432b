"""Who may log in, what they may do, and how often somebody has tried in vain."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from shared.db.models import LoginTries, User
from shared.errors import RejectedError

# So many failures within this time, from the first of them on, and the next try is not even looked at.
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


def begin_try(session: Session, email: str, address: str, now: datetime) -> bool:
    """Count a log-in and tell whether it may be looked at: too many have failed for this e-mail, or from this address,
    if not. One that may not is not counted any further.

    A try counts as failed until `note_log_in` takes it out again: commit before the password is looked at. Each row is
    counted up and read by one statement, so that tries made at the same time are told apart.
    """
    of_email, of_address = _subjects(email, address)
    may_try = _count_up(session, of_address, now) <= FAILURES_OF_AN_ADDRESS
    if may_try and _count_up(session, of_email, now) > FAILURES_OF_AN_EMAIL:
        _count_down(session, of_address)
        may_try = False
    _forget_tries(session, now)
    return may_try


def note_log_in(session: Session, user: User, address: str, now: datetime) -> None:
    """Remember when a user has logged in; the try did not fail."""
    session.execute(sa.update(User).where(User.id == user.id).values(logged_in_at=now))
    of_email, of_address = _subjects(user.email, address)
    _count_down(session, of_address)
    _count_down(session, of_email)


def _subjects(email: str, address: str) -> tuple[str, str]:
    return f"email {email.strip().lower()}"[:300], f"address {address}"[:300]


def _count_up(session: Session, subject: str, now: datetime) -> int:
    """Return the number of tries with this one."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    is_over = LoginTries.since < now - FAILURES_COUNT_FOR
    counted = insert(LoginTries).values(subject=subject, tries=1, since=now)
    counted = counted.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            "tries": sa.case((is_over, 1), else_=LoginTries.tries + 1),
            "since": sa.case((is_over, counted.excluded.since), else_=LoginTries.since),
        },
    )
    return session.execute(counted.returning(LoginTries.tries)).scalar_one()


def _count_down(session: Session, subject: str) -> None:
    session.execute(
        sa.update(LoginTries)
        .where(LoginTries.subject == subject, LoginTries.tries > 0)
        .values(tries=LoginTries.tries - 1)
    )


def _forget_tries(session: Session, now: datetime) -> None:
    # Last in its transaction, and past rows that others hold: two log-ins never wait for each other in a circle.
    is_over = sa.select(LoginTries.subject).where(LoginTries.since < now - FAILURES_COUNT_FOR)
    session.execute(
        sa.delete(LoginTries)
        .where(LoginTries.subject.in_(is_over.with_for_update(skip_locked=True)))
        .execution_options(synchronize_session=False)
    )


def _checked(email: str) -> str:
    address = email.strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and host) or " " in address or len(address) > 254:
        raise RejectedError(f"{email[:80]!r} is not an e-mail address.", remedy="Write one such as ann@example.com.")
    return address
