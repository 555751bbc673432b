"""The configuration of a process, read from the environment once, at its start."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import environs
from cryptography.fernet import Fernet

DEMO_ENVIRONMENT_FILE = "demo.env"
_SECRETS = (
    "QUICKBOOKS_CLIENT_ID",
    "QUICKBOOKS_CLIENT_SECRET",
    "QUICKBOOKS_VERIFIER_TOKEN",
    "SECRET_KEY",
    "TOKEN_KEYS",
)
_QUICKBOOKS_API_URLS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
_QUICKBOOKS_DISCOVERY_URLS = {
    "production": "https://developer.api.intuit.com/.well-known/openid_configuration",
    "sandbox": "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
}


class ConfigError(Exception):
    """The environment is incomplete or wrong; `problems` has one plain line for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Config:
    """Everything that the environment decides.

    `quickbooks_calls_per_minute` paces our calls to one company; `consumer_threads` is the number of records
    that one consumer process has in work at a time; `history_days` is how long the history of records is kept;
    `trusted_proxies` is how many proxies stand before the receiver, each of which adds whom it heard from.
    `quickbooks_pages` and `invoiced_pages` say where a person opens a record, for `shared.web_addresses`.
    """

    data_dir: Path
    database_url: str
    broker_url: str
    port: int
    public_url: str
    invoiced_api_url: str
    quickbooks_environment: str
    quickbooks_api_url: str
    quickbooks_discovery_url: str
    quickbooks_client_id: str
    quickbooks_client_secret: str
    quickbooks_verifier_token: str
    secret_key: str
    token_keys: tuple[str, ...]
    quickbooks_calls_per_minute: int
    consumer_threads: int
    sweep_every_minutes: int
    log_format: str
    history_days: int = 180
    trusted_proxies: int = 0
    quickbooks_pages: str = ""
    invoiced_pages: str = ""

    @classmethod
    def from_env(cls, *, beside_demo: bool = False) -> "Config":
        """Return the configuration of this process.

        With `beside_demo`, and without any secret in the environment, the settings that `make run` left in `DATA_DIR`
        are used: so the command line works beside the demo.

        Raises:
            ConfigError: a secret is missing or a value cannot be read.
        """
        env = environs.Env()
        problems: list[str] = []
        data_dir = _data_dir()
        # environs skips an empty variable's default, but a secret set to "" is as missing as an unset one.
        if beside_demo and not any(env.str(name, "") for name in (*_SECRETS, "DATABASE_URL", "BROKER_URL")):
            demo_environment = data_dir / DEMO_ENVIRONMENT_FILE
            if demo_environment.exists():
                env.read_env(str(demo_environment), recurse=False)

        def secret(name: str) -> str:
            value = env.str(name, "").strip()
            if not value:
                problems.append(f"{name} is missing: set it in the environment (see the README).")
            return value

        def number(name: str, default: int, lowest: int, highest: int) -> int:
            text = env.str(name, "") or str(default)
            if not text.isdecimal() or not lowest <= int(text) <= highest:
                problems.append(f"{name} must be a whole number from {lowest} to {highest}, not {text!r}.")
                return default
            return int(text)

        def url(name: str, default: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
            text = (env.str(name, "") or default).rstrip("/")
            if urlsplit(text).scheme not in schemes or not urlsplit(text).netloc:
                problems.append(f"{name} must be an address that begins with {schemes[-1]}://, not {text!r}.")
            return text

        environment = env.str("QUICKBOOKS_ENVIRONMENT", "") or "production"
        if environment not in _QUICKBOOKS_API_URLS:
            problems.append(f"QUICKBOOKS_ENVIRONMENT must be production or sandbox, not {environment!r}.")
            environment = "production"
        port = number("PORT", 8080, 1, 65535)
        token_keys = tuple(key.strip() for key in secret("TOKEN_KEYS").split(",") if key.strip())
        for position, key in enumerate(token_keys, 1):
            if not _is_fernet_key(key):
                problems.append(f"TOKEN_KEYS: key {position} is not a Fernet key (32 url-safe base64 bytes).")
        log_format = env.str("LOG_FORMAT", "") or "json"
        if log_format not in ("json", "console"):
            problems.append(f"LOG_FORMAT must be json or console, not {log_format!r}.")
        broker_url = env.str("BROKER_URL", "") or "embedded://"
        if urlsplit(broker_url).scheme not in ("embedded", "amqp", "amqps"):
            problems.append("BROKER_URL must begin with amqp:// or amqps://, or be left out for the embedded broker.")
        config = cls(
            data_dir=data_dir,
            database_url=_database_url(env),
            broker_url=broker_url,
            port=port,
            public_url=url("PUBLIC_URL", f"http://localhost:{port}"),
            invoiced_api_url=url("INVOICED_API_URL", "https://api.invoiced.com"),
            quickbooks_environment=environment,
            quickbooks_api_url=url("QUICKBOOKS_API_URL", _QUICKBOOKS_API_URLS[environment]),
            quickbooks_discovery_url=url("QUICKBOOKS_DISCOVERY_URL", _QUICKBOOKS_DISCOVERY_URLS[environment]),
            quickbooks_client_id=secret("QUICKBOOKS_CLIENT_ID"),
            quickbooks_client_secret=secret("QUICKBOOKS_CLIENT_SECRET"),
            quickbooks_verifier_token=secret("QUICKBOOKS_VERIFIER_TOKEN"),
            secret_key=secret("SECRET_KEY"),
            token_keys=token_keys,
            quickbooks_calls_per_minute=number("QUICKBOOKS_CALLS_PER_MINUTE", 450, 1, 1_000_000),
            consumer_threads=number("CONSUMER_THREADS", 4, 1, 64),
            sweep_every_minutes=number("SWEEP_EVERY_MINUTES", 15, 1, 1440),
            log_format=log_format,
            history_days=number("HISTORY_DAYS", 180, 1, 3650),
            trusted_proxies=number("TRUSTED_PROXIES", 0, 0, 10),
            quickbooks_pages=url("QUICKBOOKS_PAGES", "") if env.str("QUICKBOOKS_PAGES", "") else "",
            invoiced_pages=url("INVOICED_PAGES", "") if env.str("INVOICED_PAGES", "") else "",
        )
        if problems:
            raise ConfigError(problems)
        return config


def database_url_from_env() -> str:
    """Return the SQLAlchemy URL of the database: `DATABASE_URL`, or SQLite in `DATA_DIR`.

    A `postgres://` or `postgresql://` address names the psycopg driver, whatever the host's habit.
    """
    return _database_url(environs.Env())


def _database_url(env: environs.Env) -> str:
    url = env.str("DATABASE_URL", "")
    if not url:
        return f"sqlite:///{_data_dir().resolve() / 'invoiced-quickbooks.db'}"
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in ("postgres", "postgresql") else url


def _data_dir() -> Path:
    return Path(environs.Env().str("DATA_DIR", "") or "./var")


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
