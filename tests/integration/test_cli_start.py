"""`make start`'s own command: the production form comes up, stays up, and ends as a whole."""

import os
import sys
from pathlib import Path

from tests.cli_commands import SECRETS
from tests.e2e.process import Process
from tests.ports import free_port
from tests.receiver_setup import REPOSITORY


def test_the_production_form_stays_up_until_it_is_asked_to_end(tmp_path: Path) -> None:
    port = free_port()
    started = Process(
        "start",
        (sys.executable, "-m", "invoiced_quickbooks", "start"),
        tmp_path,
        {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "DATA_DIR": str(tmp_path),
            "PORT": str(port),
            **SECRETS,
        },
    )
    try:
        # Said once the receiver answers; where it does not, everything is ended again.
        started.wait_for_line(f"The receiver listens on port {port}; 1 consumer(s) at work.", within_s=60)
        started.wait_for_line("consumer started", within_s=60)
        started.ask_to_end()
        assert started.wait_for_end(within_s=60) == 0
    finally:
        started.kill()
