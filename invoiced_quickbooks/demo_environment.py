"""The environment of the demo: ports, secrets made once, and the file that lets commands work beside it."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from invoiced_quickbooks.ports import Wanted
from shared.config import DEMO_ENVIRONMENT_FILE, ConfigError

# Given, they are the demo's as well; any other setting of the product is the demo's own.
_TAKEN_OVER = ("DATABASE_URL", "BROKER_URL")
_MADE_ONCE = ("SECRET_KEY", "TOKEN_KEYS", "INVOICED_WEBHOOK_SECRET", "DEMO_PASSWORD")


@dataclass(frozen=True)
class Ports:
    """Where the demo listens."""

    receiver: int
    quickbooks: int
    invoiced: int

    @classmethod
    def from_env(cls) -> "Ports":
        """Return the ports that the environment chooses.

        Raises:
            ConfigError: one is not a port.
        """
        problems: list[str] = []

        def port(name: str, default: int) -> int:
            text = os.environ.get(name) or str(default)
            if not (text.isdecimal() and 1 <= int(text) <= 65535):
                problems.append(f"{name} must be a whole number from 1 to 65535, not {text!r}.")
                return default
            return int(text)

        found = cls(port("PORT", 8080), port("QUICKBOOKS_SIMULATOR_PORT", 8081), port("INVOICED_SIMULATOR_PORT", 8082))
        if problems:
            raise ConfigError(problems)
        return found

    def wanted(self) -> list[Wanted]:
        """Return the ports with what they are for."""
        return [
            Wanted(self.receiver, "PORT", "the receiver", host="0.0.0.0"),
            Wanted(self.quickbooks, "QUICKBOOKS_SIMULATOR_PORT", "the QuickBooks simulator"),
            Wanted(self.invoiced, "INVOICED_SIMULATOR_PORT", "the Invoiced simulator"),
        ]

    @property
    def receiver_url(self) -> str:
        return f"http://localhost:{self.receiver}"

    @property
    def quickbooks_url(self) -> str:
        return f"http://127.0.0.1:{self.quickbooks}"

    @property
    def invoiced_url(self) -> str:
        return f"http://127.0.0.1:{self.invoiced}"


def demo_variables(data_dir: Path, ports: Ports, app: Mapping[str, str]) -> dict[str, str]:
    """Return the product's settings for the demo; `app` has the credentials of the simulated Intuit app.

    Secrets of our own are those that the last run left in `data_dir`, or new ones.
    """
    kept = _read(data_dir / DEMO_ENVIRONMENT_FILE)
    made = {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "TOKEN_KEYS": Fernet.generate_key().decode(),
        "INVOICED_WEBHOOK_SECRET": secrets.token_urlsafe(32),
        "DEMO_PASSWORD": secrets.token_urlsafe(9),
    }
    given = {name: os.environ[name] for name in _TAKEN_OVER if os.environ.get(name)}
    return {
        **{name: kept.get(name) or made[name] for name in _MADE_ONCE},
        **given,
        "PORT": str(ports.receiver),
        "PUBLIC_URL": ports.receiver_url,
        "INVOICED_API_URL": ports.invoiced_url,
        "INVOICED_PAGES": f"{ports.invoiced_url}/_simulator/pages/account-1/{{kind}}/{{id}}",
        "QUICKBOOKS_ENVIRONMENT": "sandbox",
        "QUICKBOOKS_API_URL": ports.quickbooks_url,
        "QUICKBOOKS_PAGES": f"{ports.quickbooks_url}/_simulator/pages/{{realm_id}}/{{entity}}/{{id}}",
        "QUICKBOOKS_DISCOVERY_URL": f"{ports.quickbooks_url}/.well-known/openid_sandbox_configuration",
        "QUICKBOOKS_CLIENT_ID": app["client_id"],
        "QUICKBOOKS_CLIENT_SECRET": app["client_secret"],
        "QUICKBOOKS_VERIFIER_TOKEN": app["verifier_token"],
    }


def write_demo_environment(data_dir: Path, variables: Mapping[str, str]) -> None:
    """Leave the settings for commands that are called beside the demo; nobody else can read the file."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / DEMO_ENVIRONMENT_FILE
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={_quoted(value)}\n" for name, value in variables.items())
    fresh.replace(path)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _read(path: Path) -> dict[str, str]:
    """Return what was written; secrets made once have no character that would be escaped."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name: value.strip("'") for name, value in pairs}
