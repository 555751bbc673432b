"""What a person is shown where a page cannot be: a log-in that ended meanwhile, a wrong address, a database that is
away."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from shared.db.models import Base
from shared.db.session import make_sessions
from shared.db.users import Role
from tests.conftest import Database
from tests.integration.page_visit import Visit, text_of, visit
from tests.receiver_setup import connect

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def company_id(sqlite_database: Database) -> str:
    return connect(sqlite_database.engine, secret="s", realm_id="9341453908059321")


def test_a_part_that_refreshes_itself_leads_to_the_log_in(
    sqlite_database: Database, tmp_path: Path, company_id: str
) -> None:
    stranger = visit(sqlite_database, tmp_path, role=None)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost/companies/{company_id}/attention"}
    answer = stranger.client.get(f"/companies/{company_id}/attention", headers=headers)
    assert answer.headers["HX-Redirect"] == f"/login?next=/companies/{company_id}/attention"
    assert (answer.status_code, answer.data) == (401, b"")
    # Whoever only asks whether somebody is there is led the same way as a person.
    assert stranger.client.head("/").status_code == 302


@pytest.mark.parametrize("logs_in", [True, False])
def test_what_was_typed_before_a_log_in_ended_can_be_sent_again(
    sqlite_database: Database, tmp_path: Path, company_id: str, logs_in: bool
) -> None:
    admin = visit(sqlite_database, tmp_path)
    page = f"/companies/{company_id}/"
    typed = {"action": "ignore", "record": ["invoice:1", "invoice:2"], "csrf_token": token_on(admin, page)}
    admin.send(page, "/logout")
    if logs_in:
        admin.log_in("admin@example.com")

    answer = admin.client.post(f"/companies/{company_id}/records/act", data=typed, headers=FROM_HERE)

    assert (answer.status_code, "Not done yet" in text_of(answer)) == (400 if logs_in else 401, True)
    kept = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', answer.text.partition("<main")[2])
    assert kept[1:] == [("action", "ignore"), ("record", "invoice:1"), ("record", "invoice:2")]
    if not logs_in:
        # In another tab, as the page says: its token is good afterwards.
        admin.log_in("admin@example.com")
    again = {"action": "ignore", "record": ["invoice:1", "invoice:2"], **dict(kept[:1])}
    assert admin.client.post(f"/companies/{company_id}/records/act", data=again).status_code == 302


def test_what_another_site_sends_is_not_kept(sqlite_database: Database, tmp_path: Path, company_id: str) -> None:
    admin = visit(sqlite_database, tmp_path)
    answer = admin.client.post(
        f"/companies/{company_id}/records/act", data={"action": "ignore"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 400
    assert "ignore" not in answer.text


def test_a_wrong_address_and_a_view_for_admins_say_so_plainly(
    sqlite_database: Database, tmp_path: Path, company_id: str
) -> None:
    viewer = visit(sqlite_database, tmp_path, role=Role.VIEWER)
    assert "There is nothing here" in text_of(viewer.get("/nonsense"))
    assert "Nobody has heard of this record yet." in text_of(viewer.get(f"/companies/{company_id}/records/invoice/7"))
    assert "That is for an admin" in text_of(viewer.get(f"/companies/{company_id}/set-up"))
    assert viewer.get(f"/companies/{company_id}/synchronize").status_code == 405


def test_a_page_says_so_while_the_database_is_away(sqlite_database: Database, tmp_path: Path, company_id: str) -> None:
    admin = visit(sqlite_database, tmp_path)
    with make_sessions(sqlite_database.engine).begin() as session:
        drop_everything(session)
    answer = admin.get(f"/companies/{company_id}/")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Not available at the moment" in text_of(answer)


def token_on(visitor: Visit, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get(path).text)
    assert found is not None
    return found[1]


def drop_everything(session: Session) -> None:
    Base.metadata.drop_all(session.connection())
