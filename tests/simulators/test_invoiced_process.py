"""The simulator as a process: sample company, determinism, restart, kill, end."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.clock import StoppedClock
from simulators.json_numbers import read_json
from tests.patience import PATIENCE_S
from tests.simulators.simulator_drivers import StartInvoiced, StartProcess


def everything(http: requests.Session, url: str) -> dict[str, Any]:
    key = http.get(f"{url}/_simulator/credentials").json()["api_key"]
    found: dict[str, Any] = {"key": key}
    for plural in ("customers", "invoices", "payments", "credit_notes", "items", "tax_rates", "coupons"):
        address: str | None = f"{url}/{plural}?include=applied_to"
        found[plural] = []
        while address:
            answer = http.get(address, auth=(key, ""))
            found[plural] += read_json(answer.content)
            address = answer.links.get("next", {}).get("url")
    return found


def test_the_sample_company_is_the_same_for_the_same_seed(
    start_invoiced: StartInvoiced, http: requests.Session
) -> None:
    noon = datetime(2026, 11, 22, 18, tzinfo=UTC)
    first, again, other = (
        everything(http, start_invoiced(empty=False, seed=seed, clock=StoppedClock(noon)).url) for seed in (1, 1, 2)
    )
    assert first == again
    assert first["invoices"] != other["invoices"] and first["key"] != other["key"]


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_the_sample_company_has_business_of_every_kind(
    start_invoiced: StartInvoiced, http: requests.Session, seed: int
) -> None:
    found = everything(http, start_invoiced(empty=False, seed=seed).url)
    invoices, payments = found["invoices"], found["payments"]
    assert (len(found["customers"]), len(invoices)) == (40, 150)
    states = {one["status"] for one in invoices}
    assert states == {"draft", "not_sent", "sent", "past_due", "paid", "voided", "bad_debt", "pending"}
    assert sum(one["currency"] == "usd" and one["status"] not in ("draft", "voided") for one in invoices) >= 130
    assert {one["currency"] for one in invoices} == {"usd", "eur"}
    names = [one["name"] for one in found["customers"]]
    assert len(set(names)) == 39 and any(":" in name for name in names) and any('"' in name for name in names)
    assert max(len(one["applied_to"]) for one in payments) > 1
    assert any(one["balance"] > 0 and not one["voided"] for one in payments)
    assert any(one["voided"] for one in payments)
    assert any(split["type"] == "credit_note" for one in payments for split in one["applied_to"])
    lines = [line for one in invoices for line in one["items"]]
    assert any(line["name"] is None for line in lines)
    assert any(Decimal(line["quantity"]) * line["unit_cost"] != line["amount"] for line in lines)
    taxes = [tax["tax_rate"] for one in invoices for tax in one["taxes"]]
    assert any(rate["inclusive"] for rate in taxes) and not all(rate["inclusive"] for rate in taxes)
    for one in invoices:
        adjustments = [one, *one["items"]]
        taken = sum(part["amount"] for owner in adjustments for part in owner["discounts"])
        added = sum(part["amount"] for owner in adjustments for part in owner["taxes"])
        assert one["subtotal"] - taken + added == one["total"]


def test_a_kill_loses_nothing_and_the_next_start_goes_on(
    start_process: StartProcess, http: requests.Session, tmp_path: Path
) -> None:
    process, url = start_process("invoiced", "--data-dir", str(tmp_path), "--seed", "3")
    key = http.get(f"{url}/_simulator/credentials").json()["api_key"]
    made = http.post(f"{url}/customers", json={"name": "Last words"}, auth=(key, "")).json()
    before = everything(http, url)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process, url = start_process("invoiced", "--data-dir", str(tmp_path), "--seed", "4", "--empty")
    assert everything(http, url) == before
    assert made["id"] == before["customers"][-1]["id"]
    following = http.post(f"{url}/customers", json={"name": "First words"}, auth=(key, "")).json()
    assert following["id"] == made["id"] + 1


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_though_a_connection_is_open(
    start_process: StartProcess, http: requests.Session, signum: signal.Signals
) -> None:
    process, url = start_process("invoiced", "--empty")
    http.get(f"{url}/_simulator/requests")
    process.send_signal(signum)
    assert process.wait(timeout=PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ("colour=red", "there is no switch 'colour'"),
        ("events_kept=many", "switch 'events_kept' is a number, not 'many'"),
        ("retry_speed=0", "retry_speed must be above 0"),
    ],
)
def test_a_wrong_switch_ends_the_start_with_a_clear_line(switch: str, words: str) -> None:
    command = [sys.executable, "-m", "simulators.invoiced", "--switch", switch]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=PATIENCE_S)
    assert done.returncode != 0 and words in done.stderr
