"""The server, the request log and the faults that both simulators share, on a real socket."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPConnection

import pytest
import requests
from flask import Flask, Response, request

from simulators.calls import Call
from simulators.clock import Clock
from simulators.control import install_control, json_answer
from simulators.fault_hooks import entry_in_hand, fault_in_hand, install_fault_hooks
from simulators.faults import FaultRules
from simulators.json_numbers import read_json
from simulators.request_log import RequestLog
from simulators.server import RunningServer, start_in_thread
from simulators.store import Store
from simulators.webhook_sender import Schedule, WebhookSender
from tests.patience import PATIENCE_S


@dataclass
class Shop:
    """A vendor with one entity, Thing, that counts the work it does."""

    server: RunningServer
    works: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture
def shop() -> Iterator[Shop]:
    app = Flask("shop")
    rules, log, clock = FaultRules(), RequestLog(), Clock()
    sender = WebhookSender(Store(None, "shop"), clock, Schedule((1,)), lambda target, body: {})
    operations = {"POST": "create", "GET": "read", "DELETE": "delete"}

    def describe() -> Call:
        if request.path == "/batch":
            return Call(None, "batch", has_items=True)
        return Call("Thing", operations.get(request.method))  # type: ignore[arg-type]

    install_fault_hooks(app, rules, log, clock, describe, lambda status: json_answer({"sorry": status}, status))
    install_control(app, rules, log, clock, sender)

    @app.route("/things/<id>", methods=["GET", "POST", "DELETE"])
    def thing(id: str) -> Response:
        if fault_in_hand("throttle"):
            return json_answer({"slow": "down"}, 429)
        works.append(f"{request.method} {id}")
        return json_answer({"id": id, "seen_at": clock.timestamp(), "padding": "x" * 1000})

    @app.post("/batch")
    def batch() -> Response:
        statuses = []
        for item in read_json(request.get_data()):
            call = Call("Thing", "update", request.method, request.path)
            entry = entry_in_hand().add_item(call, item)
            entry.status = 400 if rules.fire(call, {"stale_token"}) else 200
            statuses.append(entry.status)
        return json_answer(statuses)

    running = start_in_thread(app, on_stop=sender.stop)
    held = Shop(running)
    works = held.works
    yield held
    running.stop()


def fault(http: requests.Session, shop: Shop, **rule: object) -> None:
    assert http.post(f"{shop.url}/_simulator/faults", json=rule).status_code == 201


def logged(http: requests.Session, shop: Shop) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = read_json(http.get(f"{shop.url}/_simulator/requests").content)
    return rows


def test_one_connection_carries_many_calls(shop: Shop) -> None:
    connection = HTTPConnection(shop.url.removeprefix("http://"))
    connection.connect()
    socket = connection.sock
    for number in range(20):
        connection.request("POST", f"/things/{number}", b"{}", {"Expect": "100-continue"} if number == 5 else {})
        answer = connection.getresponse()
        assert (answer.status, read_json(answer.read())["id"]) == (200, str(number))
        assert connection.sock is socket
    connection.close()


def test_a_chunked_body_is_read_and_an_endless_one_refused(shop: Shop, http: requests.Session) -> None:
    http.post(f"{shop.url}/things/1", data=iter([b'{"a":', b"1}"]))
    assert logged(http, shop)[0]["body"] == {"a": 1}
    answer = http.post(f"{shop.url}/things/1", headers={"Content-Length": "99999999999"})
    assert answer.status_code == 413
    assert http.get(f"{shop.url}/things/2").status_code == 200


def test_the_log_tells_every_call_in_order_with_exact_amounts(shop: Shop, http: requests.Session) -> None:
    http.post(
        f"{shop.url}/things/1?minorversion=75",
        data=b'{"Amount": 0.10000000000000000555}',
        headers={"Content-Type": "application/json"},
    )
    http.post(f"{shop.url}/things/2", data={"grant_type": "refresh_token"})
    http.post(f"{shop.url}/things/3", data=b"select * from Thing", headers={"Content-Type": "application/text"})
    http.delete(f"{shop.url}/things/4")
    http.post(f"{shop.url}/batch", json=[{"Id": "5"}, {"Id": "6"}])
    rows = logged(http, shop)
    assert rows[0] == {
        "method": "POST",
        "path": "/things/1",
        "entity": "Thing",
        "operation": "create",
        "status": 200,
        "body": {"Amount": Decimal("0.10000000000000000555")},
    }
    assert [row["body"] for row in rows[1:4]] == [
        {"grant_type": "refresh_token"},
        "select * from Thing",
        None,
    ]
    assert [(row["entity"], row["operation"], row["body"], row.get("batch")) for row in rows[4:]] == [
        (None, "batch", [{"Id": "5"}, {"Id": "6"}], None),
        ("Thing", "update", {"Id": "5"}, True),
        ("Thing", "update", {"Id": "6"}, True),
    ]
    assert http.delete(f"{shop.url}/_simulator/requests").status_code == 204
    assert logged(http, shop) == []


def test_a_status_fault_hits_the_next_calls_that_match(shop: Shop, http: requests.Session) -> None:
    fault(http, shop, what="status", status=503, count=2, operation="create", path="/things/*")
    statuses = [http.get(f"{shop.url}/things/1").status_code]
    statuses += [http.post(f"{shop.url}/things/1").status_code for _ in range(3)]
    assert statuses == [200, 503, 503, 200]
    assert shop.works == ["GET 1", "POST 1"]


def test_a_connection_is_cut_before_or_after_the_work(shop: Shop, http: requests.Session) -> None:
    for what, done in (("cut_before", []), ("cut_after", ["DELETE 7"])):
        fault(http, shop, what=what, count=1)
        # A DELETE, because urllib3 would send a GET on a used connection once more by itself.
        with pytest.raises(requests.ConnectionError):
            http.delete(f"{shop.url}/things/7")
        assert shop.works == done
    assert [row["status"] for row in logged(http, shop)] == [None, None]


def test_a_truncated_answer_breaks_off_and_html_is_a_503(shop: Shop, http: requests.Session) -> None:
    fault(http, shop, what="truncate", count=1)
    fault(http, shop, what="html", count=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        http.post(f"{shop.url}/things/1")
    answer = http.post(f"{shop.url}/things/2")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert shop.works == ["POST 1"]


def test_a_share_of_calls_is_drawn_the_same_under_the_same_seed(shop: Shop, http: requests.Session) -> None:
    def draw(seed: int) -> list[int]:
        http.delete(f"{shop.url}/_simulator/faults")
        fault(http, shop, what="status", share=0.5, seed=seed, status=500)
        return [http.post(f"{shop.url}/things/1").status_code for _ in range(30)]

    first = draw(7)
    assert first == draw(7) != draw(8)
    assert 5 <= first.count(500) <= 25


def test_delay_and_clock_skew_go_with_another_fault(shop: Shop, http: requests.Session) -> None:
    now = read_json(http.post(f"{shop.url}/things/1").content)["seen_at"]
    fault(http, shop, what="clock_skew", seconds=-3600, count=1)
    fault(http, shop, what="delay", seconds=0.2, count=1)
    answer = http.post(f"{shop.url}/things/1")
    assert answer.elapsed.total_seconds() >= 0.2
    assert 3600 - PATIENCE_S <= now - read_json(answer.content)["seen_at"] <= 3600
    assert 0 <= read_json(http.post(f"{shop.url}/things/1").content)["seen_at"] - now < PATIENCE_S


def test_the_vendors_own_faults_are_left_to_the_app_and_to_batch_items(shop: Shop, http: requests.Session) -> None:
    fault(http, shop, what="throttle", count=1)
    assert http.get(f"{shop.url}/things/1").status_code == 429
    fault(http, shop, what="stale_token", count=1)
    assert http.post(f"{shop.url}/batch", json=[{}, {}]).json() == [400, 200]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ([], "not a JSON object"),
        ({"what": "explode"}, "what is one of"),
        ({"what": "status", "colour": 1}, "unknown key colour"),
        ({"what": "status", "count": 1, "share": 0.5}, "not both"),
        ({"what": "status", "share": 1.5}, "share is a number from 0 to 1"),
        ({"what": "status", "count": 1.5}, "count is a whole number"),
        ({"what": "status", "operation": "destroy"}, "operation is one of"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    shop: Shop, http: requests.Session, rule: object, complaint: str
) -> None:
    answer = http.post(f"{shop.url}/_simulator/faults", json=rule)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert http.get(f"{shop.url}/_simulator/faults").json() == []
