"""Did the sender really sign these bytes? Pure.

Both senders sign the raw body with HMAC-SHA256 under a secret that only the two sides know. A header that
cannot be read is a wrong signature, never an error.
"""

import base64
import binascii
import hashlib
import hmac
import string

_DIGEST_BYTES = hashlib.sha256().digest_size
_HEX_DIGITS = frozenset(string.hexdigits)
# The url-safe alphabet written in the standard one; padding is added where the sender leaves it off.
_TO_STANDARD_BASE64 = str.maketrans("-_", "+/")
# No digest in any encoding is as long as this; a longer header is refused before it is decoded.
_LONGEST_HEADER = 128


def invoiced_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Tell whether `header` (`X-Invoiced-Signature`) is the signature of `body`.

    The digest may be written in hex (any case) or base64 (standard or url-safe), with or without `sha256=`
    before it: Invoiced's documentation does not say which, so each is understood.

    Source: Invoiced documentation, Webhooks.
    """
    if header is None or len(header) > _LONGEST_HEADER:
        return False
    text = header.strip()
    scheme, separator, rest = text.partition("=")
    if separator and scheme.lower() == "sha256":
        text = rest.strip()
    if len(text) == 2 * _DIGEST_BYTES and _HEX_DIGITS.issuperset(text):
        return _is_digest(secret, body, bytes.fromhex(text))
    return _is_digest(secret, body, _from_base64(text.translate(_TO_STANDARD_BASE64)))


def quickbooks_signed(verifier_token: str, body: bytes, header: str | None) -> bool:
    """Tell whether `header` (`intuit-signature`, base64) is the signature of `body`.

    Source: QBO webhooks documentation, "Validating the notification".
    """
    if header is None or len(header) > _LONGEST_HEADER:
        return False
    return _is_digest(verifier_token, body, _from_base64(header.strip()))


def _is_digest(secret: str, body: bytes, claimed: bytes | None) -> bool:
    # With an empty key anybody could sign.
    if claimed is None or not secret:
        return False
    return hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), claimed)


def _from_base64(text: str) -> bytes | None:
    unpadded = text.rstrip("=")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
