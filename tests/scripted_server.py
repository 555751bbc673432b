"""A small HTTP server on a real socket that answers as a test says: slowly, in part, or not at all."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it arrived; `query` has one value for each name."""

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Reply:
    """One answer. `fate`: `cut` closes the connection unanswered, `reset` does so with a TCP reset, `truncate`
    promises the whole body and sends half of it."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    fate: Literal["whole", "cut", "reset", "truncate"] = "whole"
    delay_s: float = 0.0

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


Script = Callable[[Request], Reply]


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request with what `script` returns; `requests` is what arrived, in order."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for a host name, which can take seconds.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, self.headers, body)
            self.server.requests.append(request)
            self._send(self.server.script(request))
        except ConnectionError:
            # The client gave up waiting, which is what some tests are about.
            self.close_connection = True

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay_s)
        if reply.fate in ("cut", "reset"):
            self.close_connection = True
            if reply.fate == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # The stream objects keep the socket open; it resets when the last of them is closed.
                self.connection.close()
            return
        content = reply.content
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if reply.fate == "truncate":
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)


@contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    """Serve until the block ends."""
    with ScriptedServer(script) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def in_turn(*replies: Reply) -> Script:
    """Answer with these replies in order, and with the last one from then on."""
    left = list(replies)
    lock = threading.Lock()

    def script(_request: Request) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return script
