"""Answers that refuse a request, each with what is wrong and what to do about it."""

from collections.abc import Mapping

from flask import Response, jsonify


class Refusal(Exception):
    """Ends a request with `status` and a short JSON answer; `remedy` tells the sender's admin what to do."""

    def __init__(self, status: int, error: str, *, remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.remedy = remedy
        self.headers = headers or {}

    def answer(self) -> Response:
        """Return the answer: `{"error", "remedy"}`, without a remedy where there is none to give."""
        response = jsonify({"error": self.error} | ({"remedy": self.remedy} if self.remedy else {}))
        response.status_code = self.status
        response.headers.update(self.headers)
        return response
