"""The command-line options that both simulators share."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Concatenate, TypeVar

import click


@dataclass(frozen=True)
class Options:
    """How a simulator is to start. Without `data_dir` its state ends with the process."""

    port: int
    data_dir: Path | None = None
    seed: int = 1
    empty: bool = False
    companies: int = 1
    limits: bool = False
    switches: dict[str, str] = field(default_factory=dict)


def command(
    vendor: str, port_variable: str, default_port: int
) -> Callable[[Callable[Concatenate[Options, ...], None]], click.Command]:
    """Return a decorator that makes `run(options)` the command of one simulator.

    Options of its own, added to `run` by click's decorators, reach it by name.
    """

    def decorate(run: Callable[Concatenate[Options, ...], None]) -> click.Command:
        own_parameters = getattr(run, "__click_params__", [])

        @click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=default_port,
            envvar=port_variable,
            show_default=True,
            show_envvar=True,
            help="Port on 127.0.0.1; 0 takes any free one.",
        )
        @click.option(
            "--data-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help="Where state is kept; without it, it ends with the process.",
        )
        @click.option(
            "--seed",
            type=int,
            default=1,
            show_default=True,
            help="Sample data: the same for the same number.",
        )
        @click.option("--empty", is_flag=True, help="Start without sample customers and documents.")
        @click.option(
            "--companies",
            type=click.IntRange(1, 1000),
            default=1,
            show_default=True,
            help="How many separate companies.",
        )
        @click.option("--limits", is_flag=True, help="Apply the vendor's throttles.")
        @click.option(
            "--switch",
            "switches",
            multiple=True,
            metavar="NAME=VALUE",
            help="Set a named switch (see the docs); may be repeated.",
        )
        @click.command(help=f"Simulate {vendor} on 127.0.0.1.")
        def start(switches: tuple[str, ...], **options: Any) -> None:
            own = {parameter.name: options.pop(parameter.name) for parameter in own_parameters}
            run(Options(switches=_pairs(switches), **options), **own)

        start.params.extend(reversed(own_parameters))
        return start

    return decorate


def _pairs(switches: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in switches:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--switch")
        pairs[name.strip()] = value.strip()
    return pairs


Switches = TypeVar("Switches")


def set_switches(defaults: Switches, given: dict[str, str]) -> Switches:
    """Return the dataclass `defaults` with the switches that were given as text.

    Raises:
        click.BadParameter: no such switch, or not a value that it can have.
    """
    known = {one.name: getattr(defaults, one.name) for one in fields(defaults)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            raise click.BadParameter(f"there is no switch '{name}'; there are {', '.join(sorted(known))}")
        values[name] = _parse(name, text, known[name])
    try:
        return replace(defaults, **values)  # type: ignore[type-var]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _parse(name: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise click.BadParameter(f"switch '{name}' is true or false, not '{text}'")
        return text.lower() == "true"
    if isinstance(default, (int, float)):
        try:
            return type(default)(text)
        except ValueError:
            raise click.BadParameter(f"switch '{name}' is a number, not '{text}'") from None
    return text
