"""What the log says of an error: where it was, and no value that was in hand there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from shared.db.session import make_engine
from shared.log import configure_logging

SECRET = "AB11-refresh-token"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_values(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    def handle(refresh_token: str) -> None:
        raise ValueError(f"{len(refresh_token)} characters")

    configure_logging(log_format)
    try:
        handle(SECRET)
    except ValueError:
        structlog.get_logger().exception("a handler broke")

    shown = capsys.readouterr().err
    assert "18 characters" in shown
    assert SECRET not in shown


def test_an_error_of_the_database_names_no_values(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(sa.exc.SQLAlchemyError) as refused, engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:token)"), {"token": SECRET})
    engine.dispose()
    assert SECRET not in str(refused.value)
