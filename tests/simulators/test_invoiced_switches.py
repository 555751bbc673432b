"""Switches: each is in the docs with its default, and those of the transport do what they say."""

import base64
import hashlib
import hmac
import re
from dataclasses import fields
from pathlib import Path

import pytest

from simulators.invoiced.switches import Switches
from simulators.json_numbers import read_json
from tests.simulators.simulator_drivers import Inbox, StartInvoiced

DOCS = Path(__file__).parents[2] / "docs" / "simulators" / "invoiced.md"


def test_the_docs_name_every_switch_with_its_default() -> None:
    section = DOCS.read_text().partition("\n## Switches\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (\S+) \|", section, re.MULTILINE)
    assert sorted(listed) == sorted((one.name, str(one.default).lower()) for one in fields(Switches))


def test_events_can_have_the_shape_of_the_reference_and_another_signature(
    start_invoiced: StartInvoiced, inbox: Inbox
) -> None:
    account = start_invoiced(Switches(previous_beside_data=True, base64_signature=True))
    account.control("POST", "webhooks", 201, json={"url": inbox.url, "secret": "hush"})
    customer = account.client.Customer.create(name="Acme")
    customer.name = "Acme Inc"
    customer.save()
    created, updated = (read_json(body) for body in inbox.wait_for(2))
    assert "previous" not in created
    assert (updated["previous"]["name"], list(updated["data"])) == ("Acme", ["object"])
    digest = hmac.new(b"hush", inbox.bodies[1], hashlib.sha256).digest()
    assert inbox.headers[1]["X-Invoiced-Signature"] == base64.b64encode(digest).decode()


@pytest.mark.parametrize(("seconds", "header"), [(0, None), (60, "60")])
def test_a_throttled_call_may_be_told_when_to_come_back(
    start_invoiced: StartInvoiced, seconds: int, header: str | None
) -> None:
    account = start_invoiced(Switches(retry_after_s=seconds))
    account.control("POST", "faults", 201, json={"what": "throttle", "count": 1})
    answers = [account.http.get(f"{account.url}/customers", auth=(account.key, "")) for _ in range(2)]
    assert [one.status_code for one in answers] == [429, 200]
    assert [one.headers.get("Retry-After") for one in answers] == [header, None]


def test_pages_can_be_smaller_by_default(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(page_size=2))
    for name in ("A", "B", "C"):
        account.client.Customer.create(name=name)
    for asked, shown, pages in (({}, 2, 2), ({"per_page": 3}, 3, 1)):
        found, meta = account.client.Customer.list(**asked)
        assert (len(found), meta.total_count, "next" in meta.links) == (shown, 3, pages == 2)


def test_a_page_may_be_refused_to_whoever_did_not_read_the_one_before(start_invoiced: StartInvoiced) -> None:
    account = start_invoiced(Switches(pages_in_order=True, page_size=1))
    for name in ("A", "B", "C"):
        account.client.Customer.create(name=name)
    assert account.call("GET", "/customers?page=2", 400)["param"] == "page"
    for page in (1, 2, 1, 2, 3, 2):
        assert len(account.call("GET", f"/customers?sort=name&page={page}", 200)) == 1
    assert account.call("GET", "/customers?page=3", 400)["param"] == "page", "another list than the one by name"
