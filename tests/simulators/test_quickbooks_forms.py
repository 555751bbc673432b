"""Fields, versions and names: what every write must satisfy, by example, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from simulators.quickbooks.forms.fields import fields_of
from tests.simulators.quickbooks_cases import CASES, Case, make_refs
from tests.simulators.quickbooks_rig import Books, Object, line, refused, running, version

_ODD: tuple[Any, ...] = ("x", -1, {"value": 1}, [{"a": {"b": 1}}])


@pytest.fixture
def books() -> Iterator[Books]:
    with running() as companies:
        yield companies[0]


def _group(item: str) -> Object:
    return {"DetailType": "GroupLineDetail", "GroupLineDetail": {"GroupItemRef": {"value": item}, "Line": []}}


@pytest.mark.parametrize(
    ("code", "entity", "body"),
    [
        (2010, "Customer", {"DisplayName": "A", "Colour": "red"}),
        (2010, "Customer", {"DisplayName": "A", "BillAddr": {"Town": "B"}}),
        (2040, "Customer", {"DisplayName": "Tab\there"}),
        (2040, "Customer", {"DisplayName": "Parent:Child"}),
        (2050, "Customer", {"DisplayName": "x" * 501}),
        (2050, "Customer", {"DisplayName": "A", "Notes": "x" * 2001}),
        (2050, "Customer", {"DisplayName": "A", "BillAddr": {f"Line{n}": "x" * 401 for n in range(1, 6)}}),
        (2210, "Customer", {"DisplayName": "A", "PrimaryEmailAddr": {"Address": "nobody"}}),
        (2170, "Customer", {"DisplayName": "A", "PreferredDeliveryMethod": "Pigeon"}),
        (2500, "Customer", {"DisplayName": "A", "SalesTermRef": {"value": "999"}}),
        (2500, "Customer", {"DisplayName": "A", "DefaultTaxCodeRef": {"value": "999"}}),
        (2500, "Item", {"Name": "A", "Type": "Category", "PrefVendorRef": {"value": "999"}}),
        (2500, "Invoice", {"CustomerRef": {"value": "1"}, "Line": [_group("999")]}),
        (6080, "Customer", {"CompanyName": "A", "DisplayName": ""}),
        (2050, "Employee", {"FamilyName": "A", "SSN": "x" * 101}),
        (2050, "Vendor", {"DisplayName": "A", "TaxIdentifier": "x" * 21}),
        (2050, "SalesReceipt", {"PaymentRefNum": "x" * 22}),
        (2020, "Item", {"Name": "A", "Type": "Service"}),
        (2020, "Item", {"Type": "Service"}),
        (2020, "Item", {"Name": "A"}),
        (2170, "Item", {"Name": "A", "Type": "Gadget"}),
        (6010, "Account", {"Name": "A"}),
        (2040, "Account", {"Name": 'A "quoted" one', "AccountType": "Income"}),
        (2170, "Account", {"Name": "A", "AccountType": "Pocket"}),
        (6430, "Account", {"Name": "A", "AccountType": "Income", "AccountSubType": "BadDebts"}),
        (2020, "Invoice", {"Line": []}),
        (2020, "Invoice", {"CustomerRef": {"value": "1"}, "Line": []}),
        (2500, "Invoice", {"CustomerRef": {"value": "999"}, "Line": []}),
        (2060, "Invoice", {"CustomerRef": {"value": "1"}, "TxnDate": "31.12.2026"}),
        (2090, "Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": "ten"}),
        (2020, "Payment", {"CustomerRef": {"value": "1"}}),
        (2050, "Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1, "PaymentRefNum": "x" * 22}),
        (500, "TaxCode", {"Name": "A"}),
    ],
)
def test_refuses_what_is_malformed(books: Books, code: int, entity: str, body: Object) -> None:
    books.customer()
    refused(code, books.write, entity, body)


def test_a_length_is_told_with_its_limit(books: Books) -> None:
    error = refused(2050, books.write, "Item", {"Name": "x" * 101, "Type": "Service"})
    assert error.detail.endswith("Min:0 Max:100 supported. Supplied length:101")


def test_takes_the_loose_forms_that_clients_send(books: Books) -> None:
    customer = books.customer()
    item = books.item()
    lines = [{**line(item, "100", Qty=0, UnitPrice=0, ServiceDate="", TaxInclusiveAmt=0), "LineNum": 0}]
    invoice = books.write(
        "Invoice",
        {
            "Id": 0,
            "SyncToken": 0,
            "sparse": False,
            "domain": "QBO",
            "TotalAmt": "",
            "TxnDate": "",
            "Balance": 0,
            "CustomerRef": {"value": customer["Id"], "name": "", "type": ""},
            "CurrencyRef": {"value": "", "name": ""},
            "GlobalTaxCalculation": "TaxExcluded",
            "Line": lines,
            "DocNumber": None,
            "PrivateNote": "",
            "InvoiceEx": {"any": [{"name": "NameValue", "value": {"Name": "TxnId", "Value": "1"}}]},
        },
    )
    assert invoice["TotalAmt"] == 100
    assert "PrivateNote" not in invoice
    assert invoice["SyncToken"] == "0"


@pytest.mark.parametrize(
    "entity", ["Attachable", "Estimate", "JournalEntry", "Payment", "Purchase", "RefundReceipt", "SalesReceipt"]
)
def test_what_replies_carry_for_intuit_alone_may_come_back(books: Books, entity: str) -> None:
    case = next(one for one in CASES if one.entity == entity)
    internal = {"any": [{"name": "NameValue", "value": {"Name": "TxnType", "Value": "54"}}]}
    assert f"{entity}Ex" not in books.write(entity, {**case.body(make_refs(books)), f"{entity}Ex": internal})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_whatever_a_field_holds_is_taken_or_refused(books: Books, case: Case) -> None:
    body = case.body(make_refs(books))
    bodies = [{**body, name: odd} for name in fields_of(case.entity) for odd in _ODD]
    for line_of in body.get("Line", [])[:1]:
        kind = line_of["DetailType"]
        details = [{**line_of[kind], name: odd} for name in fields_of(kind) for odd in _ODD]
        odd_lines = [{**line_of, name: odd} for name in fields_of("Line") for odd in _ODD]
        odd_lines += [{**line_of, kind: detail} for detail in details]
        bodies += [{**body, "Line": [one, *body["Line"][1:]]} for one in odd_lines]
    broken = [one for one in bodies if books.send("POST", case.entity.lower(), one).status_code >= 500]
    assert broken == []
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"]


def test_full_update_nulls_what_is_left_out_and_sparse_update_keeps_it(books: Books) -> None:
    customer = books.customer(Notes="keep", GivenName="Ann", PrimaryPhone={"FreeFormNumber": "1"})
    sparse = books.write("Customer", version(customer, sparse=True, GivenName="", FamilyName="Lee"))
    assert (sparse["SyncToken"], sparse["Notes"], sparse["FamilyName"]) == ("1", "keep", "Lee")
    assert "GivenName" not in sparse
    full = books.write("Customer", version(sparse, DisplayName="Acme 2"))
    assert (full["SyncToken"], full["DisplayName"], full["Active"]) == ("2", "Acme 2", True)
    assert not {"Notes", "FamilyName", "PrimaryPhone"} & set(full)
    assert full["CurrencyRef"]["value"] == "USD"
    named = books.write("Customer", version(full, sparse=True, DisplayName="", GivenName="Ann"))
    assert (named["DisplayName"], named["GivenName"]) == ("Acme 2", "Ann")


def test_updates_name_the_current_version(books: Books) -> None:
    customer = books.customer()
    stale = refused(5010, books.write, "Customer", {"Id": customer["Id"], "SyncToken": "7", "sparse": True})
    assert stale.message == "Stale Object Error"
    assert "were working on this at the same time" in stale.detail
    refused(2020, books.write, "Customer", {"Id": customer["Id"], "sparse": True, "Notes": "x"})
    refused(610, books.write, "Customer", {"Id": "999", "SyncToken": "0", "sparse": True})
    assert books.write("Customer", version(customer, SyncToken=0, sparse=True, Notes="x"))["SyncToken"] == "1"


def test_a_refused_write_leaves_nothing_behind(books: Books) -> None:
    customer, item = books.customer(), books.item()
    invoice = books.invoice(customer, "10", item=item)
    links = [("Invoice", invoice, "10"), ("Invoice", {"Id": "999"}, "1")]
    refused(2500, books.payment, customer, "11", *links)
    assert books.read("Invoice", invoice["Id"]) == invoice
    assert "Payment" not in books.query("SELECT * FROM Payment")


def test_display_names_are_unique_over_customers_vendors_and_employees(books: Books) -> None:
    vendor = books.write("Vendor", {"DisplayName": "Acme"})
    error = refused(6240, books.customer, "ACME ")
    assert error.detail == f"The name supplied already exists. : Id={vendor['Id']}"
    employee = books.write("Employee", {"GivenName": "Ann", "FamilyName": "Lee"})
    assert employee["DisplayName"] == "Ann Lee"
    refused(6240, books.customer, "ann lee")


def test_deactivating_frees_the_name_and_closes_the_reference(books: Books) -> None:
    customer, item = books.customer(), books.item()
    gone = books.write("Customer", version(customer, sparse=True, Active=False))
    assert (gone["DisplayName"], gone["FullyQualifiedName"]) == ("Acme (deleted)", "Acme (deleted)")
    error = refused(610, books.invoice, customer, "10", item=item)
    assert "has been made inactive" in error.detail
    other = books.customer("Acme")
    refused(6240, books.write, "Customer", version(gone, sparse=True, Active=True))
    books.write("Customer", version(other, sparse=True, DisplayName="Other"))
    assert books.write("Customer", version(gone, sparse=True, Active=True))["DisplayName"] == "Acme"


@pytest.mark.parametrize(
    ("entity", "field", "masked"),
    [
        ("Customer", "PrimaryTaxIdentifier", "XXXXXX56789"),
        ("Customer", "SecondaryTaxIdentifier", "XXXXXX56789"),
        ("Vendor", "TaxIdentifier", "XXXXXXX6789"),
        ("Employee", "SSN", "XXX-XX-XXXX"),
    ],
)
def test_tax_ids_are_read_masked_and_an_echo_keeps_them(books: Books, entity: str, field: str, masked: str) -> None:
    def kept() -> Object:
        found: Object = next(iter(books.simulator.companies.values())).get(entity, made["Id"])
        return found

    made = books.write(entity, {"DisplayName": "Ann", "GivenName": "Ann", field: "123-45-6789"})
    assert made[field] == books.read(entity, made["Id"])[field] == masked
    echoed = books.write(entity, made)
    assert (echoed[field], kept()[field]) == (masked, "123-45-6789")
    assert field not in books.write(entity, version(echoed, sparse=True, **{field: ""}))


def test_a_customer_with_a_reason_for_exemption_is_not_taxable(books: Books) -> None:
    customer = books.customer(TaxExemptionReasonId="9")
    assert (customer["TaxExemptionReasonId"], customer["Taxable"]) == ("9", False)
    assert books.write("Customer", version(customer, sparse=True, Taxable=True))["Taxable"] is True


def test_items_accounts_and_lists_have_unique_names(books: Books) -> None:
    item = books.item("Work")
    assert f"Id={item['Id']}" in refused(6240, books.item, "work").detail
    refused(6240, books.write, "Account", {"Name": "checking", "AccountType": "Bank"})
    refused(6240, books.write, "Term", {"Name": "NET 30", "DueDays": 30})
    refused(6240, books.write, "PaymentMethod", {"Name": "Cash"})
    assert books.write("Item", version(item, sparse=True, Active=False))["Name"] == "Work (deleted)"
    books.item("Work")


def test_subcustomers_carry_their_parents_name_and_balance(books: Books) -> None:
    parent, item = books.customer(), books.item()
    child = books.customer("Site", Job=True, ParentRef={"value": parent["Id"]})
    assert (child["FullyQualifiedName"], child["Job"], child["Level"]) == ("Acme:Site", True, 1)
    books.invoice(child, "10", item=item)
    assert [books.read("Customer", parent["Id"])[name] for name in ("Balance", "BalanceWithJobs")] == [0, 10]


@pytest.mark.parametrize(
    ("entity", "name", "more"),
    [
        ("Customer", "DisplayName", {}),
        ("Account", "Name", {"AccountType": "Expense"}),
        ("Item", "Name", {"Type": "Category"}),
        ("Class", "Name", {}),
        ("Department", "Name", {}),
    ],
)
def test_entries_carry_the_names_above_them_and_hang_below_no_entry_of_theirs(
    books: Books, entity: str, name: str, more: Object
) -> None:
    def make(text: str, parent: Object | None = None) -> Object:
        below = {} if parent is None else {"ParentRef": {"value": parent["Id"]}}
        return books.write(entity, {name: text, **more, **below})

    def change(entry: Object, **values: Any) -> Object:
        return books.write(entity, version(books.read(entity, entry["Id"]), sparse=True, **values))

    entries = [make("A")]
    for text in "BCDE":
        entries.append(make(text, entries[-1]))
    refused(6180, make, "F", entries[-1])
    top, second, lowest = entries[0], entries[1], entries[-1]
    change(top, **{name: "Top"})
    assert books.read(entity, lowest["Id"])["FullyQualifiedName"] == "Top:B:C:D:E"
    assert books.read(entity, lowest["Id"])["SyncToken"] == "0"
    for below in (top, second, lowest):
        refused(900, change, top, ParentRef={"value": below["Id"]})
    other = make("Other")
    refused(6180, change, top, ParentRef={"value": other["Id"]})
    change(entries[2], ParentRef={"value": top["Id"]})
    assert books.read(entity, lowest["Id"])["FullyQualifiedName"] == "Top:C:D:E"
    if entity in ("Customer", "Item"):
        assert [books.read(entity, one["Id"]).get("Level") for one in (top, lowest)] == [None, 3]


def test_an_expense_account_may_be_an_items_income_account(books: Books) -> None:
    account = books.write("Account", {"Name": "Bad debts", "AccountSubType": "BadDebts"})
    assert (account["AccountType"], account["Classification"]) == ("Expense", "Expense")
    body = {"Name": "Bad debt", "Type": "NonInventory", "IncomeAccountRef": {"value": account["Id"]}}
    books.write("Item", body)
    books.switch(expense_account_for_items=False)
    refused(6430, books.write, "Item", {**body, "Name": "Another"})
