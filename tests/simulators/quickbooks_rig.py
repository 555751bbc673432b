"""A running simulator of QuickBooks Online, and short ways to talk to it; every object it returns is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.clock import Clock
from simulators.command_line import Options
from simulators.json_numbers import read_json, write_json
from simulators.quickbooks.app import Simulator, create_simulator
from simulators.quickbooks.forms.fields import ENTITIES, SCHEMA, fields_of, is_complex
from simulators.quickbooks.founding.new_company import Plan
from simulators.quickbooks.switches import Switches
from simulators.server import start_in_thread
from tests.patience import PATIENCE_S

Object = dict[str, Any]


def money(text: str) -> Decimal:
    return Decimal(text)


class RefusedError(Exception):
    """A reply that was no success: its status, and code and detail of its (first) fault."""

    def __init__(self, status: int, code: str, detail: str, message: str) -> None:
        super().__init__(f"{status} {code} {detail}")
        self.status, self.code, self.detail, self.message = status, code, detail, message


@dataclass
class Books:
    """One company of a running simulator, and a valid access token for it."""

    url: str
    simulator: Simulator
    realm: str
    client: tuple[str, str]
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    @property
    def base(self) -> str:
        return f"{self.url}/v3/company/{self.realm}"

    def sign_in(self) -> None:
        self.token = self.refresh(self.credentials()["refresh_token"]).json()["access_token"]

    def credentials(self) -> Object:
        found: Object = next(
            one for one in self.control("GET", "credentials")["companies"] if one["realm_id"] == self.realm
        )
        return found

    def refresh(self, refresh_token: str, **headers: str) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.session.post(
            f"{self.url}/oauth2/v1/tokens/bearer", data=form, auth=self.client, headers=headers, timeout=PATIENCE_S
        )

    def send(self, method: str, path: str, body: Any = None, /, **params: Any) -> requests.Response:
        """One call to the API with the company's token; `body` is JSON, or a statement as text."""
        kind = "application/text" if isinstance(body, str) else "application/json"
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": kind,
            "Accept": "application/json",
        }
        data = None if body is None else body.encode() if isinstance(body, str) else write_json(body)
        return self.session.request(
            method, f"{self.base}/{path}", data=data, params=params, headers=headers, timeout=PATIENCE_S
        )

    def call(self, method: str, path: str, body: Any = None, /, **params: Any) -> Any:
        """The parsed reply of a call.

        Raises:
            RefusedError: it was not a success.
        """
        reply = self.send(method, path, body, **params)
        parsed = read_json(reply.content)
        if "Fault" in parsed:
            error = parsed["Fault"]["Error"][0]
            raise RefusedError(reply.status_code, error["code"], error["Detail"], error["Message"])
        if "fault" in parsed:
            error = parsed["fault"]["error"][0]
            raise RefusedError(reply.status_code, error["code"], error["detail"], error["message"])
        check_objects(parsed)
        return parsed

    def write(self, entity: str, body: Object, /, **params: Any) -> Object:
        found: Object = self.call("POST", entity.lower(), body, **params)[entity]
        return found

    def read(self, entity: str, id: str) -> Object:
        found: Object = self.call("GET", f"{entity.lower()}/{id}")[entity]
        return found

    def query(self, statement: str) -> Object:
        found: Object = self.call("POST", "query", statement)["QueryResponse"]
        return found

    def batch(self, *items: Object, **params: Any) -> list[Object]:
        found: list[Object] = self.call("POST", "batch", {"BatchItemRequest": list(items)}, **params)[
            "BatchItemResponse"
        ]
        return found

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else write_json(body)
        reply = self.session.request(method, f"{self.url}/_simulator/{path}", data=data, timeout=PATIENCE_S)
        assert reply.status_code < 300, reply.text
        return read_json(reply.content) if reply.content else None

    def requests(self) -> list[Object]:
        found: list[Object] = self.control("GET", "requests")
        return found

    def change(self, **wanted: Any) -> None:
        self.control("PATCH", f"companies/{self.realm}", wanted)

    def prefer(self, group: str, **values: Any) -> None:
        self.change(preferences={group: values})

    def switch(self, **values: Any) -> None:
        self.control("PATCH", "switches", values)

    # Things that most tests need ------------------------------------------------------------------

    def account(self, account_type: str, sub_type: str) -> Object:
        rows = self.query(
            f"SELECT * FROM Account WHERE AccountSubType = '{sub_type}' AND AccountType = '{account_type}'"
        )
        return {"value": rows["Account"][0]["Id"]}

    def tax_code(self) -> str:
        found: str = self.query("SELECT * FROM TaxCode WHERE Name = 'California'")["TaxCode"][0]["Id"]
        return found

    def customer(self, name: str = "Acme", **more: Any) -> Object:
        return self.write("Customer", {"DisplayName": name, **more})

    def item(self, name: str = "Work", **more: Any) -> Object:
        income = self.account("Income", "SalesOfProductIncome")
        return self.write("Item", {"Name": name, "Type": "Service", "IncomeAccountRef": income, **more})

    def invoice(self, customer: Object, *amounts: str, item: Object, **more: Any) -> Object:
        lines = [line(item, amount) for amount in amounts]
        return self.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": lines, **more})

    def payment(self, customer: Object, amount: str, *links: tuple[str, Object, str], **more: Any) -> Object:
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": money(amount), "Line": applied(*links)}
        return self.write("Payment", {**body, **more})


def refused(code: int, call: Any, *arguments: Any, **named: Any) -> RefusedError:
    """The refusal that a call meets; fails the test unless it is a 400 of that code."""
    with pytest.raises(RefusedError) as caught:
        call(*arguments, **named)
    assert (caught.value.status, caught.value.code) == (400, str(code)), caught.value
    return caught.value


def line(item: Object, amount: str, code: str = "NON", **detail: Any) -> Object:
    inner = {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": code}, **detail}
    return {"DetailType": "SalesItemLineDetail", "Amount": money(amount), "SalesItemLineDetail": inner}


def discount(amount: str | None = None, percent: str | None = None) -> Object:
    detail = {"PercentBased": percent is not None, "DiscountPercent": money(percent) if percent else None}
    return {
        "DetailType": "DiscountLineDetail",
        "Amount": money(amount) if amount else None,
        "DiscountLineDetail": detail,
    }


def applied(*links: tuple[str, Object, str]) -> list[Object]:
    return [
        {"Amount": money(amount), "LinkedTxn": [{"TxnId": document["Id"], "TxnType": entity}]}
        for entity, document, amount in links
    ]


def version(item: Object, **more: Any) -> Object:
    return {"Id": item["Id"], "SyncToken": item["SyncToken"], **more}


@contextmanager
def running(
    data_dir: Path | None = None,
    *,
    seed: int = 1,
    empty: bool = True,
    companies: int = 1,
    limits: bool = False,
    plans: Sequence[Plan] = (Plan(),),
    **switches: Any,
) -> Iterator[list[Books]]:
    """A simulator on a free port, ended afterwards; yields its companies, signed in."""
    options = Options(0, data_dir, seed, empty, companies, limits)
    simulator = create_simulator(options, Switches(**switches), Clock(), plans)
    server = start_in_thread(simulator.app, on_stop=simulator.close)
    opened = []
    try:
        for realm in simulator.companies:
            app = simulator.tokens.app
            one = Books(server.url, simulator, realm, (app.client_id, app.client_secret))
            one.session.trust_env = False
            one.sign_in()
            opened.append(one)
        opened[0].control("DELETE", "requests")
        yield opened
    finally:
        for one in opened:
            one.session.close()
        server.stop()


# The form of what is returned ---------------------------------------------------------------------


def check_objects(reply: Any) -> None:
    """Every object in a reply has only fields, types and enumeration values that Intuit's schema knows."""
    if isinstance(reply, list):
        for inner in reply:
            check_objects(inner)
    elif isinstance(reply, dict):
        for name, inner in reply.items():
            if name in ENTITIES and isinstance(inner, dict | list):
                for one in inner if isinstance(inner, list) else [inner]:
                    assert list(problems(name, one, name)) == []
            else:
                check_objects(inner)


def problems(type_name: str, value: Any, path: str) -> Iterator[str]:
    if is_complex(type_name):
        known = fields_of(type_name)
        for name, inner in value.items():
            if name not in known:
                yield f"{path}.{name} is unknown"
                continue
            inner_type, is_list = known[name]
            if is_list != isinstance(inner, list):
                yield f"{path}.{name} is{'' if is_list else ' not'} a list"
                continue
            for one in inner if is_list else [inner]:
                yield from problems(inner_type, one, f"{path}.{name}")
        return
    if not _fits(type_name, value):
        yield f"{path} is no {type_name}: {value!r}"


def _fits(type_name: str, value: Any) -> bool:
    if type_name in SCHEMA["enums"]:
        return value in SCHEMA["enums"][type_name]
    match SCHEMA["simple"].get(type_name, type_name):
        case "decimal":
            return isinstance(value, Decimal | int) and not isinstance(value, bool)
        case "int" | "positiveInteger" | "long":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
        case "dateTime":
            return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", str(value)) is not None
    return isinstance(value, str)
