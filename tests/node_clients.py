"""Node.js and what npm installs for tests: the same check and the same sentence wherever they are missing."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import MissingServerError

SCRIPTS = Path(__file__).parent / "simulators" / "node"
# In the virtual environment, like everything else that is installed.
_FOLDER = Path(sys.prefix) / "node-clients"
_LOCK = "package-lock.json"
_INSTALLS_WITHIN_S, _RUNS_WITHIN_S = 300, 120


@contextmanager
def node_clients() -> Iterator[Path]:
    """Yield the folder with the packages that the lock file names; they are installed on first use.

    Raises:
        MissingServerError: there is no Node.js or npm, or the packages cannot be installed.
    """
    if not all(shutil.which(tool) for tool in ("node", "npm")):
        raise MissingServerError("Node.js with npm (on Debian and Ubuntu: apt-get install nodejs npm)")
    _FOLDER.mkdir(exist_ok=True)
    # Parallel workers install once.
    with (_FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = _FOLDER / "node_modules" / ".installed"
        wanted = (SCRIPTS / _LOCK).read_text()
        if not installed.exists() or installed.read_text() != wanted:
            for name in ("package.json", _LOCK, ".npmrc"):
                shutil.copyfile(SCRIPTS / name, _FOLDER / name)
            done = subprocess.run(
                ["npm", "ci", "--ignore-scripts"],
                cwd=_FOLDER,
                capture_output=True,
                text=True,
                timeout=_INSTALLS_WITHIN_S,
                check=False,
            )
            if done.returncode:
                raise MissingServerError("the packages of tests/simulators/node (npm ci needs a registry of npm)")
            installed.write_text(wanted)
    yield _FOLDER


def run_node(script: str, modules: Path, argument: dict[str, Any]) -> dict[str, Any]:
    """Run one of the scripts with a JSON argument; return what it told, by step. Fails unless it ends well."""
    done = subprocess.run(
        ["node", str(SCRIPTS / script), json.dumps({**argument, "modules": str(modules)})],
        capture_output=True,
        text=True,
        timeout=_RUNS_WITHIN_S,
        env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"},
        check=False,
    )
    assert done.returncode == 0, f"{script}: {done.stdout}\n{done.stderr}"
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["step"]: one.get("value") for one in told}
