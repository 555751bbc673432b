"""Queries, batches, change data capture, replays, faults, limits and the request log."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from simulators.quickbooks.api import throttles
from simulators.quickbooks.refusals import GatewayRefusal
from simulators.quickbooks.switches import Switches
from tests.patience import PATIENCE_S
from tests.simulators.quickbooks_rig import Books, Object, RefusedError, line, money, refused, running, version


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def numbers(books: Books, clause: str, entity: str = "Customer") -> list[str]:
    return [row["Id"] for row in books.query(f"SELECT * FROM {entity} {clause}").get(entity, [])]


# Queries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ("WHERE DisplayName = 'o\\'neil'", ["2"]),
        ("where displayname like '%e%' and Taxable = true", ["1", "2"]),
        ("WHERE DisplayName LIKE 'a_me'", []),
        ("WHERE Id IN ('1', '3')", ["1", "3"]),
        ("WHERE Balance > '4.5'", ["1"]),
        ("WHERE Balance <= 4.5", ["2", "3"]),
        ("WHERE Active = false", ["4"]),
        ("WHERE Active IN (true, false) ORDERBY DisplayName DESC", ["4", "3", "2", "1"]),
        ("WHERE CompanyName = ' '", ["1", "3"]),
        ("ORDER BY Id DESC STARTPOSITION 2 MAXRESULTS 1", ["2"]),
        ("WHERE MetaData.CreateTime >= '2020-01-01T00:00:00Z' STARTPOSITION 3", ["3"]),
        ("WHERE MetaData.LastUpdatedTime > '2100-01-01'", []),
        ("WHERE PrimaryEmailAddr.Address = 'A@B.co'", ["1"]),
        ("WHERE PrimaryEmailAddr = 'a@b.co'", ["1"]),
    ],
)
def test_queries_find(books: Books, clause: str, found: list[str]) -> None:
    item = books.item()
    acme = books.customer("Acme", PrimaryEmailAddr={"Address": "a@b.co"})
    books.customer("O'Neil", CompanyName="Neil")
    books.customer("Zoo")
    books.write("Customer", version(books.customer("Zulu"), sparse=True, Active=False))
    books.invoice(acme, "4.51", item=item)
    assert numbers(books, clause) == found


def test_pages_count_from_one_and_hold_up_to_a_thousand(books: Books) -> None:
    books.batch(*[{"bId": str(n), "operation": "create", "Vendor": {"DisplayName": f"V{n}"}} for n in range(30)])
    page = books.query("SELECT * FROM Vendor STARTPOSITION 11 MAXRESULTS 5")
    assert (page["startPosition"], page["maxResults"], len(page["Vendor"])) == (11, 5, 5)
    assert books.query("SELECT COUNT(*) FROM Vendor WHERE DisplayName LIKE 'v1%'") == {"totalCount": 11}
    assert books.query("SELECT * FROM Vendor STARTPOSITION 31") == {}
    by_get = books.call("GET", "query", None, query="SELECT * FROM Vendor MAXRESULTS 1")["QueryResponse"]
    assert by_get["Vendor"][0]["DisplayName"] == "V0"


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("4000", "SELECT FROM Customer"),
        ("4000", "SELECT * FROM Customer WHERE Id = '1' OR Id = '2'"),
        ("4000", "SELECT * FROM Gadget"),
        ("4000", "DELETE FROM Customer"),
        ("4000", "SELECT * FROM Customer WHERE DisplayName = 'unclosed"),
        ("4001", "SELECT * FROM Customer STARTPOSITION 0"),
        ("4001", "SELECT * FROM Customer MAXRESULTS 1001"),
        ("4001", "SELECT * FROM Customer WHERE Colour = 'red'"),
        ("4001", "SELECT * FROM Invoice WHERE Line = 'x'"),
        ("4001", "SELECT * FROM Customer WHERE Id > '1'"),
        ("4001", "SELECT * FROM Customer WHERE MetaData.CreateTime > 'soon'"),
        ("4001", "SELECT * FROM Invoice WHERE TxnDate = 'soon'"),
        ("4001", "SELECT Id, Colour FROM Customer"),
    ],
)
def test_bad_statements_are_refused(books: Books, code: str, statement: str) -> None:
    with pytest.raises(RefusedError) as caught:
        books.query(statement)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_a_list_of_fields_gives_all_of_them_unless_it_is_refused(books: Books) -> None:
    books.customer("Acme", Notes="all")
    assert books.query("SELECT Id, DisplayName FROM Customer")["Customer"][0]["Notes"] == "all"
    books.switch(select_lists=False)
    refused(4000, books.query, "SELECT Id, DisplayName FROM Customer")


# Batches ------------------------------------------------------------------------------------------


def test_a_batch_goes_on_past_a_fault_and_sees_no_object_of_its_own(books: Books) -> None:
    answers = books.batch(
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Acme"}},
        {"bId": "2", "operation": "create", "Customer": {"DisplayName": "acme"}},
        {"bId": "3", "operation": "create", "Payment": {"CustomerRef": {"value": "1"}, "TotalAmt": 1}},
        {
            "bId": "4",
            "operation": "update",
            "Customer": {"Id": "1", "SyncToken": "0", "sparse": True, "Notes": "x"},
        },
        {"bId": "5", "Query": "SELECT COUNT(*) FROM Customer"},
        {"bId": "6", "operation": "explode", "Customer": {}},
    )
    assert [one["bId"] for one in answers] == list("123456")
    assert answers[0]["Customer"]["Id"] == "1"
    assert answers[1]["Fault"]["Error"][0]["code"] == "6240"
    assert answers[2]["Fault"]["Error"][0]["code"] == "2500"
    assert answers[3]["Customer"]["Notes"] == "x"
    assert answers[4]["QueryResponse"] == {"totalCount": 1}
    assert answers[5]["Fault"]["Error"][0]["code"] == "500"
    assert books.payment({"Id": "1"}, "1")["UnappliedAmt"] == 1


def test_batch_items_take_options_and_void(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "5", item=item, DocNumber="1")
    payment = books.payment(customer, "5")
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "5")], "DocNumber": "1"}
    answers = books.batch(
        {"bId": "a", "operation": "create", "Invoice": body},
        {"bId": "b", "operation": "create", "Invoice": body, "optionsData": "include=allowduplicatedocnum"},
        {
            "bId": "c",
            "operation": "update",
            "Payment": version(payment, sparse=True),
            "optionsData": "include=void",
        },
        {"bId": "d", "operation": "delete", "Invoice": version(invoice)},
    )
    assert answers[0]["Fault"]["Error"][0]["code"] == "6140"
    assert answers[1]["Invoice"]["DocNumber"] == "1"
    assert answers[2]["Payment"]["PrivateNote"] == "Voided"
    assert answers[3]["Invoice"]["status"] == "Deleted"


def test_more_than_thirty_items_are_too_many(books: Books) -> None:
    with pytest.raises(RefusedError) as caught:
        books.batch(*[{"bId": str(n), "Query": "SELECT * FROM Term"} for n in range(31)])
    assert caught.value.code == "1040"


# Replays ------------------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_answer_and_writes_nothing(books: Books) -> None:
    first = books.call("POST", "customer", {"DisplayName": "Once"}, requestid="r1")
    again = books.call("POST", "customer", {"DisplayName": "Something else"}, requestid="r1")
    assert again == first
    assert len(numbers(books, "")) == 1
    changed = version(first["Customer"], sparse=True, Notes="x")
    assert books.write("Customer", changed, requestid="r2") == books.write("Customer", changed, requestid="r2")
    assert books.read("Customer", "1")["SyncToken"] == "1"


def test_a_repeated_batch_and_tax_code_get_the_first_answer(books: Books) -> None:
    item = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Once"}}
    assert books.batch(item, requestid="b1") == books.batch(item, requestid="b1")
    agency = books.write("TaxAgency", {"DisplayName": "City"})
    body = {
        "TaxCode": "C",
        "TaxRateDetails": [{"TaxRateName": "C", "RateValue": 1, "TaxAgencyId": agency["Id"]}],
    }
    first = books.call("POST", "taxservice/taxcode", body, requestid="t1")
    assert books.call("POST", "taxservice/taxcode", body, requestid="t1") == first
    assert len(numbers(books, "")) == 1


def test_a_request_id_comes_again_with_another_body(books: Books) -> None:
    books.switch(requestid_of_one_body=True)
    first = books.write("Customer", {"DisplayName": "Once"}, requestid="r1")
    assert books.write("Customer", {"DisplayName": "Once"}, requestid="r1") == first
    refused(600, books.write, "Customer", {"DisplayName": "Another"}, requestid="r1")
    refused(600, books.write, "Vendor", {"DisplayName": "Once"}, requestid="r1")
    assert len(numbers(books, "")) == 1


def test_refusals_are_replayed_by_switch_alone(books: Books) -> None:
    for switched, outcome in ((False, "Acme"), (True, "6240")):
        books.switch(replay_refusals=switched)
        taken = books.customer("Acme")
        with pytest.raises(RefusedError):
            books.write("Customer", {"DisplayName": "Acme"}, requestid=f"r{switched}")
        books.write("Customer", version(taken, sparse=True, DisplayName=f"Free {switched}"))
        try:
            found = books.write("Customer", {"DisplayName": "Acme"}, requestid=f"r{switched}")
            books.write("Customer", version(found, sparse=True, DisplayName="Moved on"))
            assert found["DisplayName"] == outcome
        except RefusedError as error:
            assert error.code == outcome


def test_request_ids_have_a_length_and_a_life(books: Books) -> None:
    item = {"bId": "x" * 11, "operation": "create", "Customer": {"DisplayName": "A"}}
    for path, body, id in (
        ("customer", {"DisplayName": "A"}, "x" * 51),
        ("batch", {"BatchItemRequest": [item]}, "b1"),
        ("batch", {"BatchItemRequest": [{**item, "bId": "1"}]}, "x" * 37),
    ):
        with pytest.raises(RefusedError) as caught:
            books.call("POST", path, body, requestid=id)
        assert caught.value.code == "2130"
    books.switch(requestid_hours=1)
    books.write("Customer", {"DisplayName": "A"}, requestid="r1")
    books.control("POST", "clock", {"advance_seconds": 3500})
    assert books.write("Customer", {"DisplayName": "A"}, requestid="r1")["Id"] == "1"
    books.control("POST", "clock", {"advance_seconds": 200})
    books.sign_in()
    with pytest.raises(RefusedError):
        books.write("Customer", {"DisplayName": "A"}, requestid="r1")


# Change data capture ------------------------------------------------------------------------------


def test_changes_are_told_by_entity_with_stubs_of_what_is_gone(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "5", item=item)
    books.control("POST", "clock", {"advance_seconds": 60})
    since = books.simulator.clock.now().isoformat()
    books.payment(customer, "5", ("Invoice", invoice, "5"))
    gone = books.write("Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [line(item, "1")]})
    books.call("POST", "invoice", version(gone), operation="delete")
    reply = books.call("GET", "cdc", None, entities="Invoice,Customer", changedSince=since)
    invoices, customers = reply["CDCResponse"][0]["QueryResponse"]
    assert [(one["Id"], one.get("status")) for one in invoices["Invoice"]] == [
        (invoice["Id"], None),
        (gone["Id"], "Deleted"),
    ]
    assert customers == {}
    for entities, moment in (("TaxCode", since), ("Customer", "then")):
        with pytest.raises(RefusedError):
            books.call("GET", "cdc", None, entities=entities, changedSince=moment)
    long_ago = (books.simulator.clock.now() - timedelta(days=31)).isoformat()
    with pytest.raises(RefusedError):
        books.call("GET", "cdc", None, entities="Customer", changedSince=long_ago)
    books.control("POST", "clock", {"advance_seconds": 31 * 86_400})
    books.sign_in()
    vendor = books.write("Vendor", {"DisplayName": "New"})
    books.switch(cdc_cuts_to_30_days=True)
    reply = books.call("GET", "cdc", None, entities="Customer,Vendor", changedSince=long_ago)
    assert reply["CDCResponse"][0]["QueryResponse"][0] == {}
    assert [one["Id"] for one in reply["CDCResponse"][0]["QueryResponse"][1]["Vendor"]] == [vendor["Id"]]


# The record of calls ------------------------------------------------------------------------------


def test_the_request_log_names_entity_and_operation(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "5", item=item)
    payment = books.payment(customer, "5")
    agency = books.write("TaxAgency", {"DisplayName": "City"})
    books.control("DELETE", "requests")
    rate = {"TaxRateName": "C", "RateValue": 1, "TaxAgencyId": agency["Id"]}
    books.call("POST", "taxservice/taxcode", {"TaxCode": "C", "TaxRateDetails": [rate]})
    books.write("Invoice", version(invoice, sparse=True, PrivateNote="x"), minorversion=75)
    books.send("POST", "invoice", version(invoice), operation="void")
    books.write("Payment", version(payment, sparse=True), operation="update", include="void")
    books.write("Customer", version(customer, DisplayName="B"))
    books.write("Customer", version(customer, SyncToken="1", sparse=True, Active=False))
    books.call("POST", "invoice", version(invoice, SyncToken="1"), operation="delete")
    books.read("Customer", customer["Id"])
    books.call("GET", "preferences")
    books.query("SELECT COUNT(*) FROM Customer")
    books.batch({"bId": "1", "operation": "create", "CreditMemo": {}}, {"bId": "2", "Query": "SELECT * FROM Term"})
    books.sign_in()
    rows = books.requests()
    assert [(row["entity"], row["operation"], row["status"]) for row in rows] == [
        ("TaxService", "create", 200),
        ("Invoice", "sparse", 200),
        ("Invoice", "void", 400),
        ("Payment", "void", 200),
        ("Customer", "update", 200),
        ("Customer", "deactivate", 200),
        ("Invoice", "delete", 200),
        ("Customer", "read", 200),
        ("Preferences", "read", 200),
        (None, "query", 200),
        (None, "batch", 200),
        ("CreditMemo", "create", 400),
        (None, "query", 200),
        (None, "token", 200),
    ]
    assert rows[1]["path"] == f"/v3/company/{books.realm}/invoice"
    assert rows[1]["body"]["PrivateNote"] == "x"
    assert rows[9]["body"] == "SELECT COUNT(*) FROM Customer"
    assert [row.get("batch") for row in rows[10:13]] == [None, True, True]


# Faults and limits --------------------------------------------------------------------------------


def code_of(
    books: Books, method: str = "GET", path: str = "companyinfo/1", body: Object | None = None
) -> tuple[int, str]:
    try:
        books.call(method, path, body)
    except RefusedError as error:
        return error.status, error.code
    return 200, ""


def test_faults_speak_the_vendors_words(books: Books) -> None:
    customer = books.customer()
    for what, status, code in (
        ("throttle", 429, "3001"),
        ("expired_token", 401, "3200"),
        ("revoked_token", 401, "3200"),
    ):
        books.control("POST", "faults", {"what": what, "count": 1})
        assert code_of(books) == (status, code)
    for status, code in (
        (500, "10000"),
        (503, "10000"),
        (401, "3200"),
        (403, "3100"),
        (429, "3001"),
        (400, "6000"),
    ):
        books.control("POST", "faults", {"what": "status", "status": status, "count": 1})
        assert code_of(books) == (status, code)
    books.control("POST", "faults", {"what": "stale_token", "entity": "Customer", "count": 1})
    assert code_of(books) == (200, "")
    assert code_of(books, "POST", "customer", version(customer, sparse=True, Notes="x")) == (400, "5010")
    assert code_of(books, "POST", "customer", version(customer, sparse=True, Notes="x")) == (200, "")
    books.control("POST", "faults", {"what": "closed_period", "count": 1})
    payment = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 1}
    assert code_of(books, "POST", "payment", payment) == (400, "6200")
    books.control("POST", "faults", {"what": "revoked_token", "operation": "token", "count": 1})
    token = books.credentials()["refresh_token"]
    assert books.refresh(token).json() == {"error": "invalid_grant"}
    assert books.refresh(token).status_code == 200


def test_a_throttled_reply_may_say_how_long_and_come_in_xml(books: Books) -> None:
    books.control("POST", "faults", {"what": "throttle"})
    assert "Retry-After" not in books.send("GET", "companyinfo/1").headers
    books.switch(retry_after_s=60, throttle_in_xml=True)
    reply = books.send("GET", "companyinfo/1")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "60")
    assert reply.headers["Content-Type"].startswith("application/xml") and b"003001" in reply.content


def test_faults_on_one_entity_reach_into_batches(books: Books) -> None:
    rule = {"what": "status", "entity": "Item", "operation": "create", "status": 500, "count": 1}
    books.control("POST", "faults", rule)
    income = books.account("Income", "SalesOfProductIncome")
    answers = books.batch(
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "A"}},
        {
            "bId": "2",
            "operation": "create",
            "Item": {"Name": "A", "Type": "Service", "IncomeAccountRef": income},
        },
        {
            "bId": "3",
            "operation": "create",
            "Item": {"Name": "A", "Type": "Service", "IncomeAccountRef": income},
        },
    )
    assert answers[1]["Fault"]["Error"][0]["code"] == "10000"
    assert [sorted(set(one) - {"bId"}) for one in answers] == [["Customer"], ["Fault"], ["Item"]]


def test_a_connection_cut_after_the_work_is_healed_by_the_request_id(books: Books) -> None:
    books.control("POST", "faults", {"what": "cut_after", "entity": "Customer", "count": 1})
    with pytest.raises(requests.ConnectionError):
        books.write("Customer", {"DisplayName": "Acme"}, requestid="r1")
    assert books.write("Customer", {"DisplayName": "Acme"}, requestid="r1")["Id"] == "1"
    assert [row["status"] for row in books.requests() if row["entity"] == "Customer"] == [None, 200]


def test_a_skewed_clock_shows_in_times(books: Books) -> None:
    books.control("POST", "faults", {"what": "clock_skew", "seconds": -86_400, "count": 1})
    books.control("POST", "faults", {"what": "clock_skew", "seconds": -86_400, "entity": "Vendor", "count": 1})
    early = books.write("Vendor", {"DisplayName": "Early"})
    late = books.write("Vendor", {"DisplayName": "Late"})
    assert early["MetaData"]["CreateTime"][:10] < late["MetaData"]["CreateTime"][:10]


def test_every_reply_carries_a_trace_id_and_requests_are_checked_for_form(books: Books) -> None:
    assert books.send("GET", "companyinfo/1").headers["intuit_tid"]
    headers = {
        "Authorization": f"Bearer {books.token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    for body, kind, code in (
        (b'{"DisplayName": "\xff"}', None, "500"),
        (b"{", None, "2010"),
        (b"<a/>", "text/html", "1050"),
    ):
        sent = {**headers, **({"Content-Type": kind} if kind else {})}
        reply = books.session.post(f"{books.base}/customer", data=body, headers=sent, timeout=PATIENCE_S)
        assert (reply.status_code, reply.json()["Fault"]["Error"][0]["code"]) == (400, code)
    assert code_of(books, "GET", "Customer/1") == (400, "500")
    assert code_of(books, "GET", "customer/one") == (400, "2030")
    assert code_of(books, "POST", "timeactivity", {}) == (400, "500")


def test_limits_by_second_and_by_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(throttles, "time", SimpleNamespace(monotonic=lambda: now_s))
    with running(limits=True) as (books,):
        statuses = [books.send("GET", "companyinfo/1").status_code for _ in range(12)]
        assert statuses == [200] * 10 + [429] * 2
        now_s += 1
        assert books.send("GET", "companyinfo/1").status_code == 200
    window = throttles.Throttles()
    for _ in range(50):
        now_s += 1
        for _ in range(10):
            window.pass_or_refuse("1", batch=False)
    now_s += 1
    with pytest.raises(GatewayRefusal):
        window.pass_or_refuse("1", batch=False)
    now_s += 10
    window.pass_or_refuse("1", batch=False)


def test_the_monthly_quota_ends_with_the_month(books: Books) -> None:
    books.switch(monthly_reads=2)
    books.query("SELECT * FROM Customer")
    books.call("GET", "companyinfo/1")
    refused_read = books.send("GET", "companyinfo/1")
    assert (refused_read.status_code, refused_read.json()["fault"]["error"][0]["code"]) == (429, "3001")
    books.customer("Writes go on")
    books.control("POST", "clock", {"advance_seconds": 31 * 86_400})
    books.sign_in()
    books.call("GET", "companyinfo/1")


def test_times_carry_the_companys_offset_and_amounts_their_cents(books: Books) -> None:
    customer, item = books.customer(), books.item()
    reply = books.send("GET", f"invoice/{books.invoice(customer, '12.30', item=item)['Id']}")
    assert '"TotalAmt":12.30' in reply.text
    assert reply.json()["time"][-6:] in ("-07:00", "-08:00")
    assert money("12.30") == books.read("Customer", customer["Id"])["Balance"]


def test_the_docs_name_every_switch_with_its_default() -> None:
    page = Path(__file__).parents[2] / "docs" / "simulators" / "quickbooks.md"
    section = page.read_text(encoding="utf-8").partition("\n## Switches\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (\S+) \|", section, re.MULTILINE)
    assert sorted(listed) == sorted((one.name, str(one.default).lower()) for one in fields(Switches))
