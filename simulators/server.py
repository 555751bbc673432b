"""A threaded HTTP/1.1 server with keep-alive for a Flask app, on 127.0.0.1 only.

Werkzeug's own server closes every connection and waits 10 ms before it does; load tests would measure that.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from sys import stderr
from types import FrameType
from typing import IO, Any, cast
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from werkzeug.serving import DechunkedInput

HOST = "127.0.0.1"
WIRE = "simulators.wire"
MAX_BODY_BYTES = 128 * 1024 * 1024

log = logging.getLogger("simulators")


@dataclass
class Wire:
    """What becomes of the answer to the call in hand; found in the WSGI environment under `WIRE`.

    `cut` closes the connection without an answer; `truncate` promises the whole body and sends half of it.
    """

    cut: bool = False
    truncate: bool = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    server: "SimulatorServer"

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or len(self.raw_requestline) > 65536:
                self.close_connection = True
            elif self.parse_request():
                self._answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            self.send_error(413)
            self.close_connection = True
            return
        environ = self._environ(body)
        status, headers, content = _run(self.server.app, environ)
        wire: Wire = environ[WIRE]
        if wire.cut:
            self.close_connection = True
            return
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "date" not in names:
            lines.append(f"Date: {self.date_time_string()}")
        if "content-length" not in names and status[:3] not in ("204", "304"):
            lines.append(f"Content-Length: {len(content)}")
        if wire.truncate:
            content = content[: len(content) // 2]
            self.close_connection = True
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        # One write per answer: a head and a body in two packets invite a delayed acknowledgement.
        self.wfile.write(head if self.command == "HEAD" else head + content)

    def _read_body(self) -> bytes | None:
        """Return the body, or None if it is larger than anything a vendor takes."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = DechunkedInput(cast(IO[bytes], self.rfile)).read(MAX_BODY_BYTES + 1)
            return body if len(body) <= MAX_BODY_BYTES else None
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return None
        return self.rfile.read(int(length))

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "RAW_URI": self.path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_LENGTH": str(len(body)),
            WIRE: Wire(),
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key == "CONTENT_TYPE":
                environ[key] = value
            elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
                environ[f"HTTP_{key}"] = value
        return environ

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


def _run(app: Flask, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status line, headers and body of the app's answer."""
    answer: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
        answer[:] = [(status, headers)]
        return written.append

    start: StartResponse = start_response
    chunks: Iterable[bytes] = app.wsgi_app(environ, start)
    try:
        written.extend(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = answer[0]
    return status, headers, b"".join(written)


class SimulatorServer(ThreadingHTTPServer):
    """Serves one app; knows its open connections so that it can end at once."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: Flask, port: int) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for a host name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._open_lock:
                self._open.discard(request)

    def end(self) -> None:
        """Stop listening and close every connection; called once `serve_forever` has returned."""
        self.server_close()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            with self._open_lock:
                for connection in self._open:
                    _shut_down(connection)
                if not self._open:
                    return
            time.sleep(0.005)


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("a connection was closed by the other side first")


@dataclass
class RunningServer:
    """A server in a thread of this process: `url` to talk to it, `stop()` when done."""

    url: str
    _server: SimulatorServer
    _thread: threading.Thread
    _on_stop: Callable[[], None]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.end()
        self._on_stop()


def _nothing() -> None:
    return None


def start_in_thread(app: Flask, port: int = 0, on_stop: Callable[[], None] = _nothing) -> RunningServer:
    """Serve `app` from a thread (port 0: any free one); `stop()` ends it and then calls `on_stop`."""
    server = SimulatorServer(app, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name=f"server {server.url}", daemon=True)
    thread.start()
    return RunningServer(server.url, server, thread, on_stop)


def serve(app: Flask, port: int, name: str, on_stop: Callable[[], None] = _nothing) -> None:
    """Serve `app` until SIGINT or SIGTERM, then end every connection and call `on_stop`.

    Raises:
        OSError: the port is taken.
    """
    server = SimulatorServer(app, port)

    def stop(signum: int, frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever, which runs in this very thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    print(f"{name} listens on {server.url}", flush=True)
    try:
        server.serve_forever(0.05)
    finally:
        server.end()
        on_stop()
