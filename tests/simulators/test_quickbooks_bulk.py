"""A company with many documents: filled at once, and answered by index exactly as by reading everything."""

import pytest

from simulators.quickbooks.founding.new_company import Plan
from tests.simulators.quickbooks_rig import Books, Object, running, version


def rows_of(books: Books, statement: str) -> list[Object]:
    """All rows of a statement, page by page."""
    rows: list[Object] = []
    while page := books.query(f"{statement} STARTPOSITION {len(rows) + 1} MAXRESULTS 7"):
        rows += page["Invoice"]
    return rows


@pytest.mark.parametrize("plan", [Plan(), Plan("GB", multicurrency=True)])
def test_filling_keeps_the_books(plan: Plan) -> None:
    with running(plans=[plan]) as (books,):
        for documents in (7, 60):
            books.control("POST", f"companies/{books.realm}/fill", {"documents": documents})
        found = books.control("GET", f"companies/{books.realm}/books")
        assert found["agrees"]
        assert (len(found["invoices"]), len(found["payments"])) == (34, 33)
        assert books.query("SELECT COUNT(*) FROM Invoice") == {"totalCount": 34}
        assert books.query("SELECT COUNT(*) FROM Invoice WHERE DocNumber = 'bulk-34'") == {"totalCount": 1}


@pytest.mark.parametrize("descending", [False, True])
def test_rows_by_time_or_id_come_as_if_all_were_read_and_sorted(descending: bool) -> None:
    with running() as (books,):
        for _ in range(3):
            books.control("POST", f"companies/{books.realm}/fill", {"documents": 16})
            books.control("POST", "clock", {"advance_seconds": 5})
        kept = books.control("GET", f"companies/{books.realm}/objects/Invoice")
        for invoice in kept[3:9:2]:
            books.write("Invoice", version(invoice, sparse=True, PrivateNote="later"))
        kept = books.control("GET", f"companies/{books.realm}/objects/Invoice")
        times = sorted({one["MetaData"]["LastUpdatedTime"] for one in kept})
        assert len(times) >= 4
        way = "DESC" if descending else ""

        def time(one: Object) -> str:
            return str(one["MetaData"]["LastUpdatedTime"])

        for low, high in ((times[0], times[-1]), (times[1], times[-2])):
            where = f"WHERE MetaData.LastUpdatedTime >= '{low}' AND MetaData.LastUpdatedTime <= '{high}'"
            wanted = [one for one in kept if low <= time(one) <= high]
            asked = f"SELECT * FROM Invoice {where}"
            assert rows_of(books, asked) == wanted
            in_order = sorted(wanted, key=time, reverse=descending)
            assert rows_of(books, f"{asked} ORDERBY MetaData.LastUpdatedTime {way}") == in_order
        by_id = sorted(kept, key=lambda one: int(one["Id"]), reverse=descending)
        assert rows_of(books, f"SELECT * FROM Invoice ORDERBY Id {way}") == by_id
