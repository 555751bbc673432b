"""Fixtures for the tests of both simulators."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.invoiced.app import create_simulator
from simulators.invoiced.switches import Switches
from simulators.server import start_in_thread
from tests.simulators.simulator_drivers import Account, Inbox, StartInvoiced, StartProcess


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    app = Flask("inbox")
    box = Inbox()

    @app.post("/hook")
    def hook() -> Response:
        return Response(status=box.take(request.get_data(), dict(request.headers)))

    server = start_in_thread(app)
    box.url = f"{server.url}/hook"
    yield box
    server.stop()


@pytest.fixture
def start_invoiced(http: requests.Session) -> Iterator[StartInvoiced]:
    """Start Invoiced simulators with `start_invoiced(switches=…, clock=…, **options)`, empty by default."""
    running = []

    def start(switches: Switches | None = None, clock: Clock | None = None, **options: Any) -> Account:
        clock = clock or Clock()
        simulator = create_simulator(Options(**{"port": 0, "empty": True} | options), switches or Switches(), clock)
        server = start_in_thread(simulator.app, on_stop=simulator.close)
        running.append(server)
        key = http.get(f"{server.url}/_simulator/credentials").json()["api_key"]
        return Account(server.url, key, simulator, clock, http)

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def account(start_invoiced: StartInvoiced) -> Account:
    return start_invoiced()


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """Start `python -m simulators.<vendor>` with options; gives the process and its URL."""
    processes = []

    def start(vendor: str, *options: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", f"simulators.{vendor}", "--port", "0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "simulator listens on http://127.0.0.1:" in line, line
        return process, line.split()[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
