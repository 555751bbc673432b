"""The product's own processes on each set-up, between the two simulators."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from playwright.sync_api import Browser

from tests.conftest import Database, if_there
from tests.e2e.browser import chromium
from tests.e2e.product import Product, SetUp
from tests.e2e.simulators import Company, Simulators, running
from tests.integration.test_receiver_outages import Switch

# Names of fixtures: the database, and the URL of the broker (None: the embedded one).
SET_UPS = {
    "embedded": ("sqlite_database", None),
    "servers": ("postgresql_database", "rabbitmq_url"),
    "servers behind a switch": ("postgresql_database", "switched_rabbitmq_url"),
}
both_set_ups = pytest.mark.parametrize("set_up", ["embedded", "servers"], indirect=True)
behind_a_switch = pytest.mark.parametrize("set_up", ["servers behind a switch"], indirect=True)


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    with running(tmp_path_factory.mktemp("simulators")) as simulators:
        yield simulators


@pytest.fixture
def switch(rabbitmq_url: str) -> Iterator[Switch]:
    """A relay to RabbitMQ that can be shut off; it is on."""
    parts = urlsplit(rabbitmq_url)
    switch = Switch(parts.hostname or "", parts.port or 5672)
    switch.on()
    yield switch
    switch.off()


@pytest.fixture
def switched_rabbitmq_url(rabbitmq_url: str, switch: Switch) -> str:
    """The amqp URL of the tests' virtual host by way of the switch."""
    parts = urlsplit(rabbitmq_url)
    user, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{switch.port}"))


@pytest.fixture
def set_up(request: pytest.FixtureRequest) -> SetUp:
    """The embedded one, unless the test is for both set-ups."""
    database_fixture, broker_fixture = SET_UPS[getattr(request, "param", "embedded")]
    database: Database = request.getfixturevalue(database_fixture)
    return SetUp(database, request.getfixturevalue(broker_fixture) if broker_fixture else "embedded://")


@pytest.fixture
def product(set_up: SetUp, simulators: Simulators, tmp_path: Path) -> Iterator[Product]:
    """The product, installed and not started yet."""
    product = Product(set_up, simulators, tmp_path)
    yield product
    product.end()


@pytest.fixture
def company(product: Product, simulators: Simulators) -> Iterator[Company]:
    """A company that is connected."""
    company = product.connect(simulators.company())
    yield company
    company.heal()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium; each test opens windows of its own in it."""
    with if_there(chromium()) as browser:
        yield browser
