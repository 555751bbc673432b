"""The queues are there before the first answer; and are they still?"""

from sqlalchemy import Engine

from shared.broker_connection import BROKER_ERRORS, unavailable
from shared.queues import declare, open_connection

# For each step of it: somebody waits for the answer to a health check.
_PATIENCE_S = 2.0


def declare_queues(broker_url: str, engine: Engine) -> None:
    """Make the queues that do not exist yet; where all of them stand, nothing changes.

    Raises:
        BrokerUnavailableError: the broker cannot be reached, or has another kind of queue of such a name.
    """
    with open_connection(broker_url, engine, timeout_s=_PATIENCE_S) as connection:
        try:
            declare(connection)
        except BROKER_ERRORS as error:
            raise unavailable(error) from error
