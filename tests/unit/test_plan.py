"""The decisions about a posted document, apart from carrying them out."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.plan import BadDebt, Create, Keep, Update, plan_bad_debt, plan_document
from shared.db.models import Link

MARKER = "Invoiced INV-1 #7"


def link(body: dict[str, Any] | None, note: str = MARKER) -> Link:
    return Link(body=body, standing={"PrivateNote": note})


def test_what_stands_as_it_is_meant_is_kept() -> None:
    assert plan_document(link({"TotalAmt": Decimal("10.0")}), {"TotalAmt": Decimal("10.00")}, MARKER) == Keep()


def test_what_is_not_there_is_created_with_its_marker() -> None:
    assert plan_document(None, {"a": 1}, MARKER) == Create({"a": 1}, MARKER)


@pytest.mark.parametrize("standing", [None, {"a": 2}, {"a": 1, "b": 1}])
def test_what_differs_or_was_adopted_is_written(standing: dict[str, Any] | None) -> None:
    assert plan_document(link(standing), {"a": 1}, MARKER) == Update({"a": 1}, None)


def test_a_marker_that_moved_on_takes_the_place_of_the_old_one() -> None:
    standing = link({"a": 1}, "Call them.\nInvoiced OLD-1 #7\nPaid late")
    assert plan_document(standing, {"a": 1}, MARKER) == Update({"a": 1}, f"Call them.\n{MARKER}\nPaid late")


@pytest.mark.parametrize(
    ("owed", "memo", "applied", "plan"),
    [
        ("0", None, None, BadDebt()),
        ("70", None, None, BadDebt(write_memo=True, apply=True)),
        ("70", "70", "70", BadDebt()),
        ("70", "70", None, BadDebt(apply=True)),
        ("70", "70", "0", BadDebt(apply=True)),
        ("90", "70", "70", BadDebt(unapply=True, write_memo=True, apply=True)),
        ("90", "70", "0", BadDebt(write_memo=True, apply=True)),
        ("0", "70", "70", BadDebt(unapply=True, delete_memo=True)),
        ("0", "70", None, BadDebt(delete_memo=True)),
    ],
)
def test_a_bad_debt_is_written_off_changed_and_taken_back(
    owed: str, memo: str | None, applied: str | None, plan: BadDebt
) -> None:
    def amount(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    assert plan_bad_debt(Decimal(owed), amount(memo), amount(applied)) == plan
