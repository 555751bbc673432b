"""One refresh for all processes and threads, and one pace, on a real database."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet

from shared.clients import utc_now
from shared.db import connections
from shared.db.migrate import migrate
from shared.db.pacing import RealmPace
from shared.db.session import make_engine, make_sessions
from shared.errors import RateLimitedError
from shared.quickbooks.oauth import QuickBooksOAuth
from shared.tokens import AccessTokens
from shared.vault import Vault
from tests.patience import PATIENCE_S
from tests.token_service import token_service

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROCESSES, THREADS = 2, 4


def fetch_tokens(database_url: str, key: str, connection_id: str, discovery_url: str, start: Any, got: Any) -> None:
    """Ask for a token in each of several threads at once; runs in a process of its own."""
    engine = make_engine(database_url)
    oauth = QuickBooksOAuth(discovery_url, "id", "secret", clock=lambda: NOW)
    tokens = AccessTokens(make_sessions(engine), Vault([key]), oauth, "process", lambda: NOW)
    start.wait(PATIENCE_S)
    with ThreadPoolExecutor(THREADS) as pool:
        got.put(list(pool.map(lambda _: tokens.valid(connection_id), range(THREADS))))
    oauth.close()
    engine.dispose()


def book_calls(database_url: str, start: Any, got: Any) -> None:
    """Book calls until the pace refuses, at an instant that stands still; runs in a process of its own."""
    engine = make_engine(database_url)
    pace = RealmPace(make_sessions(engine), "123", 600, clock=lambda: NOW, sleep=lambda _: None)
    lock, booked = threading.Lock(), 0

    def book(_: int) -> None:
        nonlocal booked
        for _ in range(10):
            try:
                pace.before_call()
            except RateLimitedError:
                return
            with lock:
                booked += 1

    start.wait(PATIENCE_S)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(book, range(THREADS)))
    got.put(booked)
    engine.dispose()


def in_processes(work: Any, *args: Any) -> list[Any]:
    """Run `work` in several processes that begin together; return what each put into its queue."""
    context = multiprocessing.get_context("spawn")
    start, got = context.Barrier(PROCESSES), context.Queue()
    processes = [context.Process(target=work, args=(*args, start, got)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    try:
        return [got.get(timeout=2 * PATIENCE_S) for _ in processes]
    finally:
        for process in processes:
            process.join(PATIENCE_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        got.close()
        got.join_thread()


def test_all_processes_and_threads_share_one_refresh(database_url: str) -> None:
    key = Fernet.generate_key().decode()
    engine = make_engine(database_url)
    migrate(engine)
    with make_sessions(engine).begin() as session:
        connection_id = connections.add(
            session, Vault([key]), name="Acme", invoiced_api_key="k", invoiced_webhook_secret="s", realm_id="123",
            refresh_token="R0", time_zone="UTC", start_date=None, now=NOW,
        ).id  # fmt: skip
    engine.dispose()
    with token_service(delay_s=0.3) as service:
        got = in_processes(fetch_tokens, database_url, key, connection_id, service.discovery_url)
        assert got == [["A1"] * THREADS] * PROCESSES
        assert service.asked == ["R0"]


def test_all_processes_and_threads_share_one_pace(database_url: str) -> None:
    engine = make_engine(database_url)
    migrate(engine)
    engine.dispose()
    # 600 a minute, at one instant: what may go at once, and what may wait two seconds for its turn.
    assert sum(in_processes(book_calls, database_url)) == 3 + 2 * 10


def test_bulk_work_lets_the_calls_of_webhooks_go_first(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=THREADS * 3)
    migrate(engine)
    sessions, ended = make_sessions(engine), threading.Event()

    def work_in_bulk(_: int) -> int:
        pace, done = RealmPace(sessions, "123", 450, bulk=True, clock=utc_now), 0
        while not ended.is_set():
            with suppress(RateLimitedError):
                pace.before_call()
                done += 1
        return done

    waits: list[float] = []
    webhooks = RealmPace(sessions, "123", 450, clock=utc_now, sleep=waits.append)
    with ThreadPoolExecutor(THREADS * 2) as pool:
        bulk = pool.map(work_in_bulk, range(THREADS * 2))
        for _ in range(10):
            time.sleep(0.3)
            webhooks.before_call()
        ended.set()
    engine.dispose()
    # Eight threads are in want of each turn, and leave a webhook's call its own.
    assert waits == []
    assert sum(bulk) > 0
