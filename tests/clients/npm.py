"""Packages of npm that the tests use, installed once and kept in `tests-output`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

LIMIT_S = 240.0
PACKAGES = (
    "ws@8.23.0",
    # What the page of Evennia's web client wants from elsewhere, in the versions that it names.
    "bootstrap@4.0.0-beta",
    "favico.js@0.3.10",
    "golden-layout@1.5.9",
    "jquery@3.2.1",
    "popper.js@1.11.0",
)

_FOLDER = Path(__file__).parents[2] / "tests-output" / "npm"


def node_modules() -> Path:
    """The folder of the packages, which are installed if they are not there.

    Raises:
        AssertionError: There is no npm, or it could not install them.
    """
    assert shutil.which("npm"), "npm is needed: install Debian's packages npm and nodejs"
    _FOLDER.mkdir(parents=True, exist_ok=True)
    stamp, wanted = _FOLDER / "installed", "\n".join(PACKAGES)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install()
            stamp.write_text(wanted)
    return _FOLDER / "node_modules"


def _install() -> None:
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--no-save", "--ignore-scripts"]
    done = subprocess.run(
        ["npm", "install", *quiet, "--prefix", str(_FOLDER), *PACKAGES],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"npm could not install:\n{done.stdout}\n{done.stderr}"
