"""Ports for servers that are started a moment later, or started again at the same place."""

import itertools
import os
import socket

# Below those that the system gives to whoever asks for any port, and to every outgoing connection: one of these could
# be taken between the choice and the start. Each process of tests begins at a place of its own.
_LOWEST, _HIGHEST = 10_000, 32_000
_NUMBER = _HIGHEST - _LOWEST
_places = itertools.count(os.getpid() * 97)


def free_port() -> int:
    """Return a port that nobody listens on, and that this process has not given out before."""
    ports = (_LOWEST + place % _NUMBER for place in _places)
    return next(port for port in ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
