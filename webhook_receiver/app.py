"""The web application: wiring, and what every answer has in common."""

import atexit

import structlog
from flask import Flask, Response, jsonify, request
from flask_wtf.csrf import CSRFError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import BadRequest, Conflict, HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from shared import queues
from shared.clients import Clients
from shared.config import Config
from shared.db.session import make_engine
from shared.errors import BrokerUnavailableError, SyncError, TransientError
from shared.vault import Vault
from webhook_receiver.arrivals import Arrivals
from webhook_receiver.connections_cache import ConnectionsCache
from webhook_receiver.health import make_health
from webhook_receiver.queue_declaration import declare_queues
from webhook_receiver.refusals import Refusal
from webhook_receiver.sync_page import errors, register
from webhook_receiver.sync_page.services import Services
from webhook_receiver.webhooks import make_webhooks

# When a sender that keeps to it may come back; both vendors have rhythms of their own.
_RETRY_AFTER_S = 10
_FOR_SENDERS = ("/webhooks", "/healthz")

_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = structlog.get_logger()


def create_app(
    config: Config | None = None, engine: Engine | None = None, publisher: queues.Publisher | None = None
) -> Flask:
    """Return the application of one process; call it after the server has forked.

    It starts while the broker or the database is out of reach, and answers 503 until they are back.

    Raises:
        ConfigError: no `config` is given and the environment holds none.
    """
    config = config or Config.from_env()
    engine = engine or make_engine(config.database_url)
    clients = Clients(config, engine)
    if publisher is None:
        publisher = queues.Publisher(config.broker_url, engine)
        atexit.register(publisher.close)
    connections = ConnectionsCache(clients.sessions, Vault(config.token_keys))
    arrivals = Arrivals(clients.sessions, clients.now)

    app = Flask(__name__)
    if config.trusted_proxies:
        # The address that log-ins are limited by: with none to trust, anybody could send the header.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    webhooks = make_webhooks(connections, config.quickbooks_verifier_token, publisher.publish, arrivals.note)
    app.register_blueprint(webhooks)
    app.register_blueprint(make_health(clients.sessions, lambda: declare_queues(config.broker_url, engine)))
    protection = register(
        app,
        Services(
            config=config,
            clients=clients,
            sessions=clients.sessions,
            depth=lambda: queues.depth(config.broker_url, engine),
            now=clients.now,
        ),
    )
    # A sender signs what it sends; it has no form of ours.
    protection.exempt(webhooks)
    _show_errors(app)
    _protect_answers(app, config.public_url.startswith("https://"))
    try:
        declare_queues(config.broker_url, engine)
    except BrokerUnavailableError as error:
        # The publisher declares them too, with its first message after the broker is back.
        log.warning("queues not declared yet", cause=error.cause, remedy=error.remedy)
    return app


def _show_errors(app: Flask) -> None:
    """Answer each error once: a person with a page, a sender in JSON, with what it can act on and no more."""

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return refusal.answer()

    @app.errorhandler(BrokerUnavailableError)
    @app.errorhandler(TransientError)
    def unavailable(error: BrokerUnavailableError | TransientError) -> Response:
        log.error("delivery not taken", path=request.path, cause=error.cause, remedy=error.remedy)
        return _come_back()

    @app.errorhandler(SyncError)
    def not_possible(error: SyncError) -> Response:
        log.warning("request not carried out", path=request.path, cause=error.cause, remedy=error.remedy)
        return _come_back() if _is_from_sender() else errors.show(Conflict(f"{error.cause} {error.remedy}".strip()))

    @app.errorhandler(SQLAlchemyError)
    def database_unavailable(error: SQLAlchemyError) -> Response:
        log.error("database does not answer", path=request.path, error=str(error))
        return _come_back()

    @app.errorhandler(DataError)
    @app.errorhandler(OverflowError)
    def not_to_be_looked_up(error: DataError | OverflowError) -> Response:
        # A number larger than any id, or a NUL in a text.
        log.warning("request not understood", path=request.path, error=str(error))
        return _come_back() if _is_from_sender() else errors.show(BadRequest())

    @app.errorhandler(CSRFError)
    def form_expired(error: CSRFError) -> AnyResponse:
        return errors.send_again()

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if not _is_from_sender():
            return errors.show(error)
        # The answer keeps its own headers (Allow, Location); only the body is put in our form.
        response = Response(headers=error.get_response().headers, status=error.code)
        response.data = jsonify({"error": error.description or error.name}).data
        response.mimetype = "application/json"
        return response


def _is_from_sender() -> bool:
    return request.path.startswith(_FOR_SENDERS)


def _come_back() -> Response:
    if not _is_from_sender():
        return errors.show_unavailable()
    refusal = Refusal(
        503,
        "the delivery could not be queued",
        remedy="Send it again; nothing of it was taken.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
    )
    return refusal.answer()


def _protect_answers(app: Flask, over_https: bool) -> None:
    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(_SECURITY_HEADERS)
        if over_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
