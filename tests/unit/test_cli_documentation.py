"""docs/command-line.md, against the commands as they are."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from invoiced_quickbooks.cli import main

DOCUMENT = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
# What these print, their processes say.
RUNNING = ("start", "demo")


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves(main))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in RUNNING])
def test_every_command_prints_json_on_demand_and_its_shape_is_told(name: str) -> None:
    assert "--json" in options_of(name)
    group, _, last = name.rpartition(" ")
    rows = [line.split("|")[1] for line in DOCUMENT.splitlines() if line.startswith("| `")]
    told = [row for row in rows if re.search(rf"`({group} )?{last}\b", row) and f"`{group or last}" in row]
    assert told, f"docs/command-line.md does not tell what `{name} --json` prints"


def test_every_option_that_the_document_names_exists() -> None:
    given = {option for name in COMMANDS for option in options_of(name)}
    assert set(re.findall(r"--[a-z][a-z-]+", DOCUMENT)) - given - {"--help"} == set()


def options_of(name: str) -> set[str]:
    return {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
