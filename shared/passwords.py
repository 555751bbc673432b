"""Passwords as argon2 hashes."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_HASHER = PasswordHasher()
# Compared with when there is no such user, so that an answer takes as long either way.
_NOBODY = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return the hash to store."""
    return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Tell whether this is the password; without a stored hash, in the same time, that it is not."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False
