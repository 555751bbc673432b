"""Secrets at rest: encrypted under TOKEN_KEYS, each bound to the connection that it belongs to. Pure."""

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.errors import TransientError


class VaultError(TransientError):
    """A stored secret cannot be read with the keys at hand.

    The records are not to blame: their work goes on by itself once an operator has put the keys right.
    """


class Vault:
    """Encrypts with the first of `token_keys` (Fernet keys, newest first), decrypts with any of them."""

    def __init__(self, token_keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in token_keys])

    def encrypt(self, text: str, *, bound_to: str) -> str:
        """Return the text encrypted; only `decrypt` with the same `bound_to` (a connection's id) opens it.

        Fernet has no associated data, so the binding is part of what is encrypted.
        """
        return self._fernet.encrypt(json.dumps([bound_to, text]).encode()).decode()

    def decrypt(self, token: str, *, bound_to: str) -> str:
        """Return the text of an encrypted token.

        Raises:
            VaultError: no key fits, or the token was made for another connection.
        """
        try:
            plain = self._fernet.decrypt(token.encode())
        except InvalidToken as error:
            raise _no_key_fits() from error
        owner, text = json.loads(plain)
        if owner != bound_to:
            raise VaultError(
                "A stored secret belongs to another connection.",
                remedy="Restore the connections table from a backup, or reconnect.",
            )
        return str(text)

    def rotate(self, token: str) -> str:
        """Return the same secret under the newest key.

        Raises:
            VaultError: no key fits.
        """
        try:
            return self._fernet.rotate(token.encode()).decode()
        except InvalidToken as error:
            raise _no_key_fits() from error


def _no_key_fits() -> VaultError:
    return VaultError(
        "A stored secret cannot be decrypted with any of TOKEN_KEYS.",
        remedy="Add the key under which it was encrypted to the end of TOKEN_KEYS, or reconnect.",
    )
