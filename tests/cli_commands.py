"""Calls the command line in this process, with an environment of the test's own."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import structlog
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from invoiced_quickbooks.cli import main

TOKEN_KEY = Fernet.generate_key().decode()
SECRETS = {
    "QUICKBOOKS_CLIENT_ID": "client",
    "QUICKBOOKS_CLIENT_SECRET": "client-secret-7",
    "QUICKBOOKS_VERIFIER_TOKEN": "verifier-7",
    "SECRET_KEY": "secret-7",
    "TOKEN_KEYS": TOKEN_KEY,
}
_NOT_INHERITED = (
    *SECRETS,
    "BROKER_URL",
    "CONSUMERS",
    "CONSUMER_THREADS",
    "DATABASE_URL",
    "DATA_DIR",
    "INVOICED_API_KEY",
    "INVOICED_API_URL",
    "INVOICED_PAGES",
    "INVOICED_SIMULATOR_PORT",
    "INVOICED_WEBHOOK_SECRET",
    "LOG_FORMAT",
    "PORT",
    "PUBLIC_URL",
    "QUICKBOOKS_API_URL",
    "QUICKBOOKS_CALLS_PER_MINUTE",
    "QUICKBOOKS_DISCOVERY_URL",
    "QUICKBOOKS_ENVIRONMENT",
    "QUICKBOOKS_PAGES",
    "QUICKBOOKS_REFRESH_TOKEN",
    "QUICKBOOKS_SIMULATOR_PORT",
)


class CommandLine:
    """`invoiced-quickbooks` with these variables and no others of ours."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)

    def call(self, *arguments: str, **variables: str) -> Result:
        """Call a command; `variables` come on top of its environment."""
        environment: dict[str, str | None] = dict.fromkeys(_NOT_INHERITED)
        try:
            return CliRunner().invoke(main, arguments, env=environment | self.variables | variables)
        finally:
            # The commands have log lines go to the runner's stderr, which is closed now.
            structlog.reset_defaults()

    def json(self, *arguments: str, **variables: str) -> Any:
        """Return what a command that succeeds prints with `--json`; numbers with a fraction as Decimals."""
        result = self.call(*arguments, "--json", **variables)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout, parse_float=Decimal)

    def failure(self, *arguments: str, **variables: str) -> list[str]:
        """Return the lines on stderr of a command that fails; stdout stays empty, and no traceback is shown."""
        result = self.call(*arguments, **variables)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr.splitlines()
