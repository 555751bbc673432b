"""Whatever is done, balances agree and versions move; and all of it survives a restart."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.quickbooks_rig import Books, Object, RefusedError, applied, line, running, version

CENTS = st.integers(min_value=0, max_value=20_000).map(lambda cents: Decimal(cents) / 100)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("invoice", "memo", "pay", "settle", "edit", "repay", "void", "unpay", "delete", "drop")),
        CENTS,
        st.integers(min_value=0, max_value=50),
        st.integers(min_value=0, max_value=50),
    ),
    min_size=4,
    max_size=14,
)


class Clerk:
    """Carries out steps on one customer's documents; what the books refuse changes nothing."""

    def __init__(self, books: Books, customer: Object, item: Object) -> None:
        self.books, self.item = books, item
        self.customer = {"value": customer["Id"]}

    def documents(self, entity: str) -> list[Object]:
        found: list[Object] = self.books.control("GET", f"companies/{self.books.realm}/objects/{entity}")
        return [one for one in found if one["CustomerRef"]["value"] == self.customer["value"]]

    def do(self, step: str, amount: Decimal, first: int, second: int) -> None:
        entity = {
            "invoice": "Invoice",
            "memo": "CreditMemo",
            "pay": "Payment",
            "settle": "Payment",
            "edit": "Invoice",
            "repay": "Payment",
            "void": "Invoice",
            "unpay": "Payment",
            "delete": "Payment",
            "drop": "CreditMemo",
        }
        known = self.documents(entity[step])
        chosen = known[first % len(known)] if known else None
        sale = {"CustomerRef": self.customer, "Line": [line(self.item, str(amount))]}
        invoices, memos = self.documents("Invoice"), self.documents("CreditMemo")
        invoice: Object = invoices[first % len(invoices)] if invoices else {"Id": "0", "Balance": 0}
        memo: Object = memos[second % len(memos)] if memos else {"Id": "0", "Balance": 0}
        part = min(amount, Decimal(invoice["Balance"]))
        write, token = self.books.write, version(chosen) if chosen else {"Id": "999999", "SyncToken": "0"}
        match step:
            case "invoice" | "memo":
                write(entity[step], sale)
            case "pay":
                write(
                    "Payment",
                    {
                        "CustomerRef": self.customer,
                        "TotalAmt": amount,
                        "Line": applied(("Invoice", invoice, str(part))),
                    },
                )
            case "settle":
                credit = str(min(part, Decimal(memo["Balance"])))
                write(
                    "Payment",
                    {
                        "CustomerRef": self.customer,
                        "TotalAmt": 0,
                        "Line": applied(("Invoice", invoice, credit), ("CreditMemo", memo, credit)),
                    },
                )
            case "edit":
                write("Invoice", {**token, "sparse": True, "Line": sale["Line"]})
            case "repay":
                lines = applied(("Invoice", invoice, str(part)))
                write("Payment", {**token, "sparse": True, "TotalAmt": amount, "Line": lines})
            case "void":
                write("Invoice", token, operation="void")
            case "unpay":
                write("Payment", {**token, "sparse": True}, operation="update", include="void")
            case _:
                write(entity[step], token, operation="delete")


def everything(books: Books) -> dict[tuple[str, str], Object]:
    return {
        (entity, one["Id"]): one
        for entity in ("Invoice", "CreditMemo", "Payment")
        for one in books.control("GET", f"companies/{books.realm}/objects/{entity}")
    }


def check_balances(books: Books) -> None:
    """Balances as the payments' lines say they are, computed here from nothing else."""
    found = everything(books)
    settled: dict[tuple[str, str], Decimal] = {}
    for (entity, _), one in found.items():
        if entity == "Payment":
            sums = {"Invoice": Decimal(0), "CreditMemo": Decimal(0)}
            for row in one["Line"]:
                target = (row["LinkedTxn"][0]["TxnType"], row["LinkedTxn"][0]["TxnId"])
                settled[target] = settled.get(target, Decimal(0)) + row["Amount"]
                sums[target[0]] += row["Amount"]
            assert one["UnappliedAmt"] == one["TotalAmt"] - sums["Invoice"] + sums["CreditMemo"] >= 0
    owed: dict[str, Decimal] = {}
    for (entity, id), one in found.items():
        customer = one["CustomerRef"]["value"]
        if entity != "Payment":
            assert one["Balance"] == one["TotalAmt"] - settled.get((entity, id), Decimal(0)) >= 0
        left = one["UnappliedAmt"] if entity == "Payment" else one["Balance"]
        owed[customer] = owed.get(customer, Decimal(0)) + (left if entity == "Invoice" else -left)
    for customer in books.control("GET", f"companies/{books.realm}/objects/Customer"):
        assert customer["Balance"] == owed.get(customer["Id"], 0)
    assert books.control("GET", f"companies/{books.realm}/books")["agrees"] is True


def check_versions(before: dict[tuple[str, str], Object], after: dict[tuple[str, str], Object]) -> None:
    for key, one in after.items():
        old = before.get(key)
        if old is not None:
            moved = int(one["SyncToken"]) - int(old["SyncToken"])
            assert (moved >= 1) if old != one else (moved == 0), key


def test_any_sequence_of_documents_keeps_balances_and_moves_versions() -> None:
    with running() as (books,):
        item, number = books.item(), iter(range(10_000))

        @given(STEPS, st.booleans(), st.booleans())
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def work(steps: list[tuple[str, Decimal, int, int]], automatic: bool, linked: bool) -> None:
            books.prefer("SalesFormsPrefs", AutoApplyCredit=automatic)
            books.switch(void_linked=linked)
            clerk = Clerk(books, books.customer(f"Customer {next(number)}"), item)
            for step in steps:
                before = everything(books)
                try:
                    clerk.do(*step)
                except RefusedError:
                    assert everything(books) == before
                    continue
                check_versions(before, everything(books))
            check_balances(books)

        work()


def state(books: Books) -> Any:
    found = everything(books)
    return found, books.control("GET", f"companies/{books.realm}/books"), books.credentials()


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, empty=False) as (books,):
        first = books.write("Customer", {"DisplayName": "Once"}, requestid="r1")
        payment = books.payment(first, "5")
        books.control("POST", f"companies/{books.realm}/deposit", {"payments": [payment["Id"]]})
        kept, token = state(books), books.token
    with running(tmp_path, empty=False) as (books,):
        assert state(books) == kept
        books.token = token
        assert books.write("Customer", {"DisplayName": "Once"}, requestid="r1") == first
        held = books.read("Payment", payment["Id"])
        with pytest.raises(RefusedError) as caught:
            books.write("Payment", version(held, sparse=True, TotalAmt=6))
        assert caught.value.code == "6540"
        assert int(books.customer("Next")["Id"]) == int(first["Id"]) + 1
        check_balances(books)


def test_the_sample_is_the_same_for_the_same_seed() -> None:
    found = []
    for seed in (7, 7, 8):
        with running(seed=seed, empty=False, companies=2) as companies:
            books = [one.control("GET", f"companies/{one.realm}/books") for one in companies]
            check_balances(companies[0])
            found.append((books, companies[0].client, [one.realm for one in companies]))
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert len(found[0][0][0]["invoices"]) == 30
    assert found[0][0][0]["invoices"] != found[0][0][1]["invoices"]


def test_the_empty_company_is_set_up_for_the_demo() -> None:
    with running() as (books,):
        preferences = books.call("GET", "preferences")["Preferences"]
        sales = preferences["SalesFormsPrefs"]
        assert (sales["AllowDiscount"], sales["CustomTxnNumbers"], sales["AutoApplyCredit"]) == (
            True,
            True,
            False,
        )
        assert (preferences["TaxPrefs"], preferences["CurrencyPrefs"]) == (
            {"UsingSalesTax": True},
            {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        )
        names = {one["Name"] for one in books.query("SELECT * FROM Account MAXRESULTS 1000")["Account"]}
        assert names >= {
            "Sales of Product Income",
            "Services",
            "Discounts given",
            "Undeposited Funds",
            "Accounts Receivable (A/R)",
            "Checking",
        }
        for entity in ("Customer", "Item", "Invoice", "Payment", "CreditMemo"):
            assert books.query(f"SELECT * FROM {entity}") == {}
