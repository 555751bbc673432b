"""The simulator as a process: what survives a kill while several clients write."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import requests

from tests.patience import PATIENCE_S
from tests.simulators.simulator_drivers import StartProcess

_WRITERS = 4
_ANSWERS_BEFORE_THE_KILL = 60


class Client:
    """One company over HTTP, for one thread."""

    def __init__(self, url: str) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        known = self.control(url, "credentials")
        self.realm, refresh_token = (known["companies"][0][name] for name in ("realm_id", "refresh_token"))
        token = self._session.post(
            f"{url}/oauth2/v1/tokens/bearer",
            data={"grant_type": "refresh_token", "refresh_token": refresh_token},
            auth=(known["client_id"], known["client_secret"]),
        ).json()["access_token"]
        self._session.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        self._url = f"{url}/v3/company/{self.realm}"

    def control(self, url: str, path: str) -> Any:
        return self._session.get(f"{url}/_simulator/{path}").json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        reply = self._session.post(f"{self._url}/{path}", json=body, timeout=PATIENCE_S)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def query(self, statement: str) -> list[Any]:
        reply = self._session.get(f"{self._url}/query", params={"query": statement}, timeout=PATIENCE_S)
        found: dict[str, Any] = reply.json()["QueryResponse"]
        return next((rows for rows in found.values() if isinstance(rows, list)), [])


def test_a_kill_loses_nothing_that_was_answered_while_several_clients_wrote(
    start_process: StartProcess, tmp_path: Path
) -> None:
    process, url = start_process("quickbooks", "--empty", "--data-dir", str(tmp_path))
    first = Client(url)
    customer = first.post("customer", {"DisplayName": "Acme"})["Customer"]
    answered: dict[str, str] = {}
    seen: set[str] = set()
    enough = threading.Event()

    def write() -> None:
        client = Client(url)
        try:
            while True:
                body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 10}
                made = client.post("payment", body)["Payment"]
                answered[made["Id"]] = made["SyncToken"]
                changed = client.post("payment", {**made, "TotalAmt": 12})["Payment"]
                answered[made["Id"]] = changed["SyncToken"]
                if len(answered) >= _ANSWERS_BEFORE_THE_KILL:
                    enough.set()
        except requests.ConnectionError:
            return

    def read() -> None:
        client = Client(url)
        try:
            while True:
                seen.update(row["Id"] for row in client.query("SELECT * FROM Payment ORDERBY Id DESC MAXRESULTS 5"))
        except requests.ConnectionError:
            return

    threads = [threading.Thread(target=work) for work in (*[write] * _WRITERS, read)]
    for thread in threads:
        thread.start()
    assert enough.wait(2 * PATIENCE_S)
    os.kill(process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()

    _, url = start_process("quickbooks", "--data-dir", str(tmp_path))
    client = Client(url)
    kept = {row["Id"]: row for row in client.query("SELECT * FROM Payment MAXRESULTS 1000")}
    assert set(answered) | seen <= set(kept)
    assert all(int(kept[id]["SyncToken"]) >= int(version) for id, version in answered.items())
    books = client.control(url, f"companies/{client.realm}/books")
    assert books["agrees"] and len(books["payments"]) == len(kept)
    following = client.post("payment", {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 1})["Payment"]
    assert int(following["Id"]) > max(map(int, kept))
