"""Whether the sender signed these bytes: every encoding that means the same, and nothing else."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_receiver.signatures import invoiced_signed, quickbooks_signed

SECRET = "a secret"
BODY = b'{"id":1}'
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()

secrets = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
bodies = st.binary(max_size=300)


def encodings(digest: bytes) -> dict[str, str]:
    standard = base64.b64encode(digest).decode()
    urlsafe = base64.urlsafe_b64encode(digest).decode()
    plain = {
        "hex": digest.hex(),
        "hex in capitals": digest.hex().upper(),
        "base64": standard,
        "base64 without padding": standard.rstrip("="),
        "url-safe base64": urlsafe,
        "url-safe base64 without padding": urlsafe.rstrip("="),
    }
    return plain | {f"sha256= and {name}": f"sha256={text}" for name, text in plain.items()}


@given(secret=secrets, body=bodies)
def test_a_right_signature_is_known_in_every_encoding(secret: str, body: bytes) -> None:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    refused = [name for name, text in encodings(digest).items() if not invoiced_signed(secret, body, text)]
    assert refused == []
    assert quickbooks_signed(secret, body, base64.b64encode(digest).decode())


@given(secret=secrets, body=st.binary(min_size=1, max_size=300), data=st.data())
def test_one_changed_byte_is_refused(secret: str, body: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(body) - 1))
    change = data.draw(st.integers(1, 255))
    forged = body[:position] + bytes([body[position] ^ change]) + body[position + 1 :]
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    assert not any(invoiced_signed(secret, forged, text) for text in encodings(digest).values())
    assert not quickbooks_signed(secret, forged, base64.b64encode(digest).decode())


@given(secret=secrets, body=bodies, header=st.text(max_size=200))
def test_any_other_header_is_refused_and_never_an_error(secret: str, body: bytes, header: str) -> None:
    assert not invoiced_signed(secret, body, header)
    assert not quickbooks_signed(secret, body, header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "=",
        "sha1=" + DIGEST.hex(),
        DIGEST.hex()[:-2],
        DIGEST.hex() + "00",
        DIGEST.hex()[:-1] + "g",
        DIGEST.hex()[:-1] + "٣",
        base64.b64encode(DIGEST[:-1]).decode(),
        base64.b64encode(DIGEST + b"\0").decode(),
        "!!!!" + base64.b64encode(DIGEST).decode(),
        base64.b64encode(DIGEST).decode() * 1000,
        "\udcff" * 44,
    ],
)
def test_a_malformed_header_is_a_wrong_signature(header: str | None) -> None:
    assert not invoiced_signed(SECRET, BODY, header)
    assert not quickbooks_signed(SECRET, BODY, header)


def test_an_empty_secret_signs_nothing() -> None:
    signed_by_anybody = hmac.new(b"", BODY, hashlib.sha256).digest()
    assert not invoiced_signed("", BODY, signed_by_anybody.hex())
    assert not quickbooks_signed("", BODY, base64.b64encode(signed_by_anybody).decode())


def test_the_known_vector_of_quickbooks() -> None:
    signature = "nfPLN16u3vMvv08ghDs+dOkLuirEVDy5wAeG/lmM2OA="
    assert quickbooks_signed("verify_me", b'{"stuff":"5"}', signature)
    assert not quickbooks_signed("verify_me", b'{"stuff": "5"}', signature)
    assert not quickbooks_signed("another", b'{"stuff":"5"}', signature)
