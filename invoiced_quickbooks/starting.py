"""The production form: what the Procfile names, with the environment as it is given."""

import shlex
from pathlib import Path

import click
from honcho.environ import parse_procfile

from invoiced_quickbooks.ports import Wanted, check_ports
from invoiced_quickbooks.supervisor import BrokenError, Program, StoppedError, Supervisor, own_environment
from invoiced_quickbooks.web_address import answers
from shared.config import Config

PROCFILE = Path(__file__).parent.parent / "Procfile"
# The consumer gives the records in hand 25 seconds to come to their end.
_GRACE_S = 28.0
_READY_WITHIN_S = 60.0


def start(consumers: int) -> None:
    """Migrate to the newest schema, then run `web` and so many of `consumer` until a signal comes.

    Raises:
        ConfigError: the environment is incomplete or wrong, or the port is taken.
        BrokenError: a process could not start, or ended by itself.
    """
    config = Config.from_env()
    check_ports([Wanted(config.port, "PORT", "the receiver", host="0.0.0.0")])
    commands = _commands()
    with Supervisor() as supervisor:
        try:
            supervisor.run_to_its_end(_program("release", commands["release"]))
            supervisor.start(_program("web", commands["web"]))
            for number in range(1, consumers + 1):
                supervisor.start(_program(f"consumer {number}", commands["consumer"]))
            # The page leads to its log-in. Whether the broker is there is the business of whoever asks /healthz.
            url = f"http://127.0.0.1:{config.port}/"
            supervisor.wait_until(lambda: answers(url), "The receiver", _READY_WITHIN_S)
            click.echo(f"The receiver listens on port {config.port}; {consumers} consumer(s) at work.", err=True)
            supervisor.watch(every_s=1.0)
        except StoppedError:
            click.echo("Ending.", err=True)


def _commands() -> dict[str, str]:
    try:
        processes: dict[str, str] = parse_procfile(PROCFILE.read_text()).processes
    except OSError as error:
        raise BrokenError(f"The Procfile cannot be read: {error}") from error
    missing = {"web", "consumer", "release"} - processes.keys()
    if missing:
        raise BrokenError(f"{PROCFILE} does not say how to run {', '.join(sorted(missing))}.")
    return processes


def _program(name: str, command: str) -> Program:
    # No shell between: signals reach the program itself. And each reads PORT as it is: honcho's own runner
    # would give every process another.
    return Program(name, shlex.split(command), own_environment(), grace_s=_GRACE_S)
