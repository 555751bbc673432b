"""Invoiced's error answers."""

from typing import Any


class ApiError(Exception):
    """A refusal: HTTP status and the members of its body (source: Invoiced API reference, Errors)."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param

    def body(self) -> dict[str, Any]:
        kind = "api" if self.status >= 500 else "invalid_request"
        body: dict[str, Any] = {"type": kind, "message": self.message}
        if self.param is not None:
            body["param"] = self.param
        return body


def bad_parameter(param: str, message: str) -> ApiError:
    return ApiError(400, message, param)


def not_found(kind: str, id: object) -> ApiError:
    """Return Invoiced's 404, as recorded: `Customer was not found: 198971`."""
    return ApiError(404, f"{kind.replace('_', ' ').capitalize()} was not found: {id}")
