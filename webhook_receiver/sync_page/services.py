"""What every view of the page is given to work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.clients import Clients
from shared.config import Config
from shared.db.session import Sessions


@dataclass(frozen=True)
class Services:
    """`depth` gives the number of messages by queue, and raises BrokerUnavailableError; `now` gives aware UTC
    instants."""

    config: Config
    clients: Clients
    sessions: Sessions
    depth: Callable[[], Mapping[str, int]]
    now: Callable[[], datetime]
