"""Whether the ports that are to be listened on are free; asked before anything is started."""

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from shared.config import ConfigError


@dataclass(frozen=True)
class Wanted:
    """A port that `what` is to listen on; `variable` is what chooses another."""

    port: int
    variable: str
    what: str
    host: str = "127.0.0.1"


def check_ports(wanted: Sequence[Wanted]) -> None:
    """Return if every port can be had.

    Raises:
        ConfigError: names each that is taken, or wanted twice, and the variable that changes it.
    """
    problems: list[str] = []
    with ExitStack() as held:
        for one in wanted:
            taken = held.enter_context(socket.socket())
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind((one.host, one.port))
                taken.listen()
            except OSError as error:
                why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
                problems.append(f"Port {one.port} for {one.what} {why}: set {one.variable} to another.")
    if problems:
        raise ConfigError(problems)
