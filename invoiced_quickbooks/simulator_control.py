"""What the demo asks of a running simulator: its credentials, and to send its webhooks to us."""

from typing import Any

from shared.errors import TransientError
from shared.money import decode_json, encode_json
from shared.outbound import Outbound


class SimulatorControl:
    """Calls to `/_simulator/` of the simulator at `url`.

    Raised by all methods: TransientError, the simulator refused or did not answer.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self._outbound = Outbound(f"The {name} simulator")

    def credentials(self) -> Any:
        """Return what a client of this vendor is given."""
        return self._call("GET", "credentials")

    def send_webhooks(self, url: str, **options: Any) -> None:
        """Have events go to `url` from now on, what could not be delivered before included."""
        self._call("POST", "webhooks", {"url": url, **options})
        # A vendor tries again after an hour; 0 seconds: nobody waits here until all have arrived.
        self._call("POST", "webhooks/flush", {"timeout_seconds": 0})

    def close(self) -> None:
        """Close the connection."""
        self._outbound.close()

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._outbound.send(
            method,
            f"{self.url}/_simulator/{path}",
            headers={"Content-Type": "application/json"},
            body=None if body is None else encode_json(body).encode(),
        )
        if not 200 <= answer.status < 300:
            text = answer.body.decode(errors="replace")[:300]
            raise TransientError(f"The {self.name} simulator refuses {method} {path}: {answer.status} {text}")
        return decode_json(answer.body) if answer.body else None
