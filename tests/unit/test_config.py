"""The environment of a process: complete, or refused with one line a fault."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from shared.config import DEMO_ENVIRONMENT_FILE, Config, ConfigError, database_url_from_env

KEY = Fernet.generate_key().decode()
SECRETS = {
    "QUICKBOOKS_CLIENT_ID": "id",
    "QUICKBOOKS_CLIENT_SECRET": "secret",
    "QUICKBOOKS_VERIFIER_TOKEN": "token",
    "SECRET_KEY": "key",
    "TOKEN_KEYS": f"{KEY}, {Fernet.generate_key().decode()}",
}
OTHERS = (
    "DATABASE_URL",
    "BROKER_URL",
    "PORT",
    "PUBLIC_URL",
    "INVOICED_API_URL",
    "QUICKBOOKS_ENVIRONMENT",
    "QUICKBOOKS_API_URL",
    "QUICKBOOKS_DISCOVERY_URL",
    "LOG_FORMAT",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*SECRETS, *OTHERS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def test_each_missing_secret_is_one_line_and_none_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env()
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "TOKEN_KEYS",
        "QUICKBOOKS_CLIENT_ID",
        "QUICKBOOKS_CLIENT_SECRET",
        "QUICKBOOKS_VERIFIER_TOKEN",
        "SECRET_KEY",
    ]
    for name in SECRETS:
        monkeypatch.setenv(name, " ")
    with pytest.raises(ConfigError) as caught:
        Config.from_env()
    assert len(caught.value.problems) == 5


def test_addresses_follow_the_environment_unless_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    config = Config.from_env()
    assert config.quickbooks_api_url == "https://quickbooks.api.intuit.com"
    assert config.broker_url == "embedded://"
    assert config.database_url == f"sqlite:///{tmp_path.resolve() / 'invoiced-quickbooks.db'}"
    assert (config.port, config.public_url) == (8080, "http://localhost:8080")
    assert config.token_keys[0] == KEY and len(config.token_keys) == 2

    monkeypatch.setenv("QUICKBOOKS_ENVIRONMENT", "sandbox")
    monkeypatch.setenv("QUICKBOOKS_API_URL", "http://127.0.0.1:8081/")
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/db")
    config = Config.from_env()
    assert config.quickbooks_api_url == "http://127.0.0.1:8081"
    assert config.quickbooks_discovery_url.endswith("/openid_sandbox_configuration")
    assert config.public_url == "http://localhost:9000"
    assert config.database_url == database_url_from_env() == "postgresql+psycopg://u@h/db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PUBLIC_URL", "example.com"),
        ("BROKER_URL", "redis://localhost"),
        ("QUICKBOOKS_ENVIRONMENT", "staging"),
        ("TOKEN_KEYS", "too short"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for secret, content in SECRETS.items():
        monkeypatch.setenv(secret, content)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        Config.from_env()
    assert len(caught.value.problems) == 1 and name in caught.value.problems[0]


def test_the_demos_settings_serve_only_where_nothing_else_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    demo = "\n".join(
        f"{name}={value}" for name, value in (SECRETS | {"PORT": "8123", "DATABASE_URL": "sqlite:///demo.db"}).items()
    )
    (tmp_path / DEMO_ENVIRONMENT_FILE).write_text(demo)
    with monkeypatch.context() as patch:
        patch.setenv("SECRET_KEY", "mine")
        with pytest.raises(ConfigError):
            Config.from_env(beside_demo=True)
    with monkeypatch.context() as patch:
        for name in (*SECRETS, "PORT"):
            patch.setenv(name, "")
            patch.delenv(name)
        assert Config.from_env(beside_demo=True).port == 8123
        assert Config.from_env(beside_demo=True).database_url == "sqlite:///demo.db"
        with pytest.raises(ConfigError):
            Config.from_env()
