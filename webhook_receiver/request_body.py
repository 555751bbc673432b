"""The raw bytes of a request, up to a length: what a sender says of that length may be missing or untrue."""

from flask import request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from webhook_receiver.refusals import Refusal

LONGEST_BODY = 2 * 1024 * 1024
_PIECE = 64 * 1024


def read_body() -> bytes:
    """Return the whole body of the current request.

    Flask's own limit cuts a chunked body off where the limit is, without a word.

    Raises:
        Refusal: the body is longer than `LONGEST_BODY`, ends early, or is wrongly encoded.
    """
    told = request.content_length
    if told is not None and told > LONGEST_BODY:
        raise _too_long()
    body = bytearray()
    try:
        while piece := request.stream.read(_PIECE):
            body += piece
            if len(body) > LONGEST_BODY:
                raise _too_long()
    except (OSError, ParseException) as error:
        raise _incomplete() from error
    if told is not None and len(body) < told:
        raise _incomplete()
    return bytes(body)


def _too_long() -> Refusal:
    return Refusal(413, f"the body is longer than {LONGEST_BODY} bytes")


def _incomplete() -> Refusal:
    return Refusal(400, "the body ended before it was complete, or is not encoded as its headers say")
