"""Secrets at rest."""

import pytest
from cryptography.fernet import Fernet

from shared.errors import TransientError
from shared.vault import Vault, VaultError

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


def test_a_secret_comes_back_only_for_the_connection_it_is_bound_to() -> None:
    vault = Vault([NEW])
    token = vault.encrypt('geheim "süß"', bound_to="c1")
    assert "geheim" not in token
    assert vault.decrypt(token, bound_to="c1") == 'geheim "süß"'
    with pytest.raises(VaultError, match="another connection"):
        vault.decrypt(token, bound_to="c2")


def test_an_older_key_still_opens_and_rotation_moves_to_the_newest() -> None:
    token = Vault([OLD]).encrypt("s", bound_to="c1")
    both = Vault([NEW, OLD])
    assert both.decrypt(token, bound_to="c1") == "s"
    assert Vault([NEW]).decrypt(both.rotate(token), bound_to="c1") == "s"


@pytest.mark.parametrize(
    "token",
    [Vault([FOREIGN]).encrypt("s", bound_to="c1"), "", "not a token"],
    ids=["of a foreign key", "empty", "not a token"],
)
def test_a_secret_that_no_key_opens_is_an_error_that_names_the_remedy(token: str) -> None:
    vault = Vault([NEW, OLD])
    with pytest.raises(VaultError) as caught:
        vault.decrypt(token, bound_to="c1")
    assert "TOKEN_KEYS" in caught.value.remedy
    assert isinstance(caught.value, TransientError)
    with pytest.raises(VaultError):
        vault.rotate(token)
