"""The store: transactions, indexes, order, and what survives a restart."""

import random
import sqlite3
import threading
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from simulators.store import Store
from tests.patience import PATIENCE_S

INDEXES = {"thing": {"name": lambda one: one["name"], "age": lambda one: one.get("age")}}


def thing(id: str, **more: object) -> dict[str, object]:
    return {"id": id, "name": f"thing {id}"} | more


def test_objects_sequences_and_settings_survive_a_restart_with_exact_amounts(tmp_path: Path) -> None:
    store = Store(tmp_path, "test", INDEXES)
    company = store.company("a")
    for id in ("9", "10", "8"):
        company.put("thing", id, thing(id, price=Decimal("0.10")))
    company.put("thing", "9", thing("9", price=Decimal("1234567890.123456789012345678")))
    company.delete("thing", "10")
    assert [company.next_number("number") for _ in range(3)] == [1, 2, 3]
    store.set_setting("colour", "red")
    store.close()

    store = Store(tmp_path, "test", INDEXES)
    company = store.company("a")
    assert [one["id"] for one in company.all("thing")] == ["9", "8"]
    assert company.get("thing", "9") == thing("9", price=Decimal("1234567890.123456789012345678"))
    assert [one["id"] for one in company.find("thing", "name", "thing 8")] == ["8"]
    assert (company.next_number("number"), store.setting("colour"), store.companies()) == (4, "red", ["a"])
    store.close()


def test_a_transaction_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    store = Store(tmp_path, "test", INDEXES)
    company = store.company("a")
    for id in ("1", "2", "3"):
        company.put("thing", id, thing(id, age=int(id)))
    called: list[str] = []
    with pytest.raises(ZeroDivisionError), company.transaction():
        company.put("thing", "4", thing("4"))
        company.put("thing", "2", {"id": "2", "name": "changed"})
        company.delete("thing", "1")
        company.next_number("number")
        company.after_commit(lambda: called.append("told"))
        raise ZeroDivisionError
    with company.transaction():
        company.after_commit(lambda: called.append("committed"))
        assert called == []
    for _ in range(2):
        assert [one["name"] for one in company.all("thing")] == ["thing 1", "thing 2", "thing 3"]
        assert [one["id"] for one in company.find_after("thing", "age", 1)] == ["2", "3"]
        assert [one["id"] for one in company.find_until("thing", "age", 2)] == ["1", "2"]
        assert company.find("thing", "name", "changed") == []
        store.close()
        store = Store(tmp_path, "test", INDEXES)
        company = store.company("a")
    assert company.next_number("number") == 1
    assert called == ["committed"]
    store.close()


def test_an_object_that_was_read_is_the_readers_own(tmp_path: Path) -> None:
    company = Store(None, "test").company("a")
    company.put("thing", "1", {"lines": [{"amount": 1}]})
    found = company.get("thing", "1")
    assert found is not None
    found["lines"][0]["amount"] = 2
    assert company.get("thing", "1") == {"lines": [{"amount": 1}]}


def test_indexes_follow_changes_and_leave_out_what_has_no_key() -> None:
    company = Store(None, "test", INDEXES).company("a")
    company.put("thing", "1", thing("1", age=5))
    company.put("thing", "2", thing("2"))
    company.put("thing", "1", thing("1", age=7))
    assert company.find("thing", "age", 5) == []
    assert [one["id"] for one in company.find_after("thing", "age", 5)] == ["1"]
    company.delete("thing", "1")
    assert company.find_after("thing", "age", 0) == []


def test_a_list_kept_in_order_follows_every_change() -> None:
    chance = random.Random(1)
    company = Store(None, "test", INDEXES).company("a")

    def change() -> None:
        id = str(chance.randrange(40))
        if company.has("thing", id) and chance.random() < 0.3:
            company.delete("thing", id)
        else:
            company.put(
                "thing", id, {"id": id, "name": f"{chance.randrange(9)}", "age": chance.choice([None, 1, 2, 3])}
            )

    for _ in range(400):
        with suppress(ZeroDivisionError), company.transaction():
            change()
            if chance.random() < 0.2:
                change()
                raise ZeroDivisionError
        least, first = chance.randrange(1, 4), chance.randrange(10)
        read = [one for one in company.all("thing") if one["age"] is not None and one["age"] >= least]
        ids = [one["id"] for one in sorted(read, key=lambda one: one["name"])]
        # More of them than are kept, so that they are made anew now and then.
        for by, expected in (("name", ids), ("age", [one["id"] for one in sorted(read, key=lambda one: one["age"])])):
            page = company.page_from("thing", "age", least, by=by, first=first, end=first + 5)
            assert page == (len(read), expected[first : first + 5])


def test_who_waits_for_the_disk_keeps_nobody_out_and_all_are_written_together(tmp_path: Path) -> None:
    store = Store(tmp_path, "test", INDEXES)
    company = store.company("a")
    company.put("thing", "1", thing("1"))
    other = sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    written: list[str] = []

    def write(id: str) -> None:
        company.put("thing", id, thing(id))
        written.append(id)

    threads = [threading.Thread(target=write, args=(id,)) for id in ("2", "3", "4")]
    for thread in threads:
        thread.start()
        while not company.has("thing", str(threads.index(thread) + 2)):
            thread.join(0.001)
    assert written == []
    other.execute("COMMIT")
    for thread in threads:
        thread.join()
    assert sorted(written) == ["2", "3", "4"]
    assert other.execute("SELECT count(*) FROM objects").fetchone() == (4,)
    other.close()
    store.close()


def test_what_could_not_be_written_is_told_and_written_with_the_next_change(tmp_path: Path) -> None:
    store = Store(tmp_path, "test", INDEXES)
    company = store.company("a")
    called: list[str] = []
    other = sqlite3.connect(tmp_path / "test.sqlite", isolation_level=None)
    other.execute("ALTER TABLE objects RENAME TO elsewhere")
    with pytest.raises(sqlite3.OperationalError), company.transaction():
        company.put("thing", "1", thing("1"))
        company.after_commit(lambda: called.append("told"))
    assert called == []
    other.execute("ALTER TABLE elsewhere RENAME TO objects")
    company.put("thing", "2", thing("2"))
    assert called == ["told"]
    assert other.execute("SELECT id FROM objects ORDER BY id").fetchall() == [("1",), ("2",)]
    other.close()
    store.close()


def test_nobody_goes_on_before_what_follows_a_commit_has_been_done() -> None:
    company = Store(None, "test", INDEXES).company("a")
    began, may_end = threading.Event(), threading.Event()

    def follow() -> None:
        began.set()
        may_end.wait(PATIENCE_S)

    def write() -> None:
        with company.transaction():
            company.put("thing", "1", thing("1"))
            company.after_commit(follow)

    def look() -> None:
        with company.hold():
            assert company.has("thing", "1")

    writer, reader = threading.Thread(target=write), threading.Thread(target=look)
    writer.start()
    assert began.wait(PATIENCE_S)
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    may_end.set()
    for thread in (writer, reader):
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
