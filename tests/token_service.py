"""A token service that rotates as strictly as Intuit may: each refresh token is good for one refresh."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qs

from shared.quickbooks.oauth import QuickBooksOAuth
from tests.scripted_server import Reply, Request, ScriptedServer, serving


class TokenService:
    """Refresh token `R0` gives `A1` and `R1`, and so on; `failures` are answered first, in their order."""

    def __init__(self, server: ScriptedServer, *, delay_s: float = 0.0) -> None:
        self.server = server
        self.delay_s = delay_s
        self.refreshes = 0
        self.asked: list[str] = []
        self.failures: list[Reply] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        server.script = self.answer

    @property
    def discovery_url(self) -> str:
        return f"{self.server.url}/.well-known/openid"

    def oauth(self, clock: Callable[[], datetime]) -> QuickBooksOAuth:
        return QuickBooksOAuth(self.discovery_url, "id", "secret", clock=clock)

    def answer(self, request: Request) -> Reply:
        url = self.server.url
        if "well-known" in request.path:
            names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint")
            return Reply(200, {name: f"{url}/{name}" for name in names})
        token = parse_qs(request.body.decode())["refresh_token"][0]
        with self._lock:
            self.asked.append(token)
            if self.failures:
                return self.failures.pop(0)
            if token != f"R{self.refreshes}":
                return Reply(400, {"error": "invalid_grant"})
            self.refreshes += 1
            number = self.refreshes
        self.before_answer()
        tokens = {"access_token": f"A{number}", "refresh_token": f"R{number}", "expires_in": 3600}
        return Reply(200, tokens | {"token_type": "bearer"}, delay_s=self.delay_s)


@contextmanager
def token_service(*, delay_s: float = 0.0) -> Iterator[TokenService]:
    """Serve tokens until the block ends."""
    with serving(lambda _: Reply(500)) as server:
        yield TokenService(server, delay_s=delay_s)
