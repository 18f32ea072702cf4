"""The import contracts: each of them notices the breach that it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parents[2]
ROOTS = ("shared", "services/portal", "services/server", "services/auth")
PYPROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())
CONTRACTS = {
    contract["id"]: contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
}


class Breach(NamedTuple):
    """A line that breaks a contract when it stands in this file."""

    contract: str
    file: str
    line: str


PORTAL = "services/portal/everdoor_portal"
SERVER = "services/server/everdoor_server"
TYPES_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "

BREACHES = [
    Breach("services", f"{PORTAL}/session.py", "import everdoor_auth.throttle"),
    Breach("services", "services/auth/everdoor_auth/throttle.py", "import everdoor_server.locks"),
    Breach("shared", "shared/everdoor/codec.py", "import everdoor_server.locks"),
    Breach("shared", "shared/everdoor/cli/up.py", "import everdoor_portal.session"),
    Breach("roots", f"{SERVER}/turn.py", "import everdoor_server"),
    Breach("roots", "shared/everdoor/state/models.py", "import everdoor"),
    Breach("zmq", "shared/everdoor/supervisor/process.py", "import zmq"),
    Breach("zmq", f"{SERVER}/app.py", "import zmq.asyncio"),
    *[
        Breach("cores", f"{SERVER}/session.py", f"import {module}")
        for module in ("asyncio", "random", "socket", "sqlalchemy", "sqlmodel", "time")
    ],
    Breach("cores", "shared/everdoor/stream.py", "import everdoor.bus.sockets"),
    Breach("cores", f"{PORTAL}/telnet/parser.py", "from time import time"),
    Breach("cores", "services/auth/everdoor_auth/throttle.py", "import everdoor_auth.store"),
    Breach("server-layers", f"{SERVER}/session.py", "import everdoor_server.sessionhandler"),
    Breach("server-layers", f"{SERVER}/turn.py", "import everdoor_server.engine"),
    Breach("server-layers", f"{SERVER}/engine.py", "import everdoor_server.app"),
    Breach("server-layers", f"{SERVER}/locks.py", f"{TYPES_ONLY}import everdoor_server.objects"),
    Breach("server-layers", f"{SERVER}/unplaced.py", ""),
    Breach("turn", f"{SERVER}/commands/handler.py", "import everdoor_server.turn"),
    Breach("commands", f"{SERVER}/commands/handler.py", "import everdoor_server.commands.default"),
    Breach("portal-layers", f"{PORTAL}/session.py", "import everdoor_portal.app"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all packages, to break and mend again."""
    top = tmp_path_factory.mktemp("copy")
    shutil.copy(TOP / "pyproject.toml", top)
    for root in ROOTS:
        shutil.copytree(TOP / root, top / root, ignore=shutil.ignore_patterns("__pycache__"))
    return top


def lint(top: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Check one contract for the packages below `top`."""
    paths = os.pathsep.join(str(top / root) for root in ROOTS)
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--contract", contract, "--no-cache"],
        cwd=top,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: f"{breach.contract}-{breach.line}")
def test_contract_notices_a_breach(copy: Path, breach: Breach) -> None:
    file = copy / breach.file
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{breach.line}\n")
    try:
        outcome = lint(copy, breach.contract)
    finally:
        file.unlink() if before is None else file.write_text(before)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert f"{CONTRACTS[breach.contract]} BROKEN" in outcome.stdout


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract_is_kept_without_a_breach(copy: Path, contract: str) -> None:
    outcome = lint(copy, contract)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_contract_has_a_breach() -> None:
    assert {breach.contract for breach in BREACHES} == set(CONTRACTS)
