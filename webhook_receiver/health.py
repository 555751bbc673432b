"""`GET /healthz`: may this process be sent webhooks?"""

from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from shared.db.models import Connection
from shared.db.session import Sessions
from shared.errors import BrokerUnavailableError


def make_health(sessions: Sessions, declare_queues: Callable[[], None]) -> Blueprint:
    """Return the check: 200 when the database has our tables and the queues are declared, else 503, why."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def check() -> Response:
        missing = [*_database(), *_queues()]
        response = jsonify({"status": "unavailable", "missing": missing} if missing else {"status": "ok"})
        response.status_code = 503 if missing else 200
        return response

    def _database() -> list[str]:
        try:
            with sessions() as session:
                session.execute(sa.select(Connection.id).limit(1))
        except SQLAlchemyError as error:
            return [f"database: {type(error).__name__}"]
        return []

    def _queues() -> list[str]:
        try:
            declare_queues()
        except BrokerUnavailableError as error:
            return [f"queues: {error.cause}"]
        return []

    return health
