"""What a fresh clone installs: the locks and the steps of the Makefile before anything runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)==(\S+)", (TOP / lock).read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (TOP / lock).read_text()

    assert len(re.findall(r"==\S+ \\\n    --hash=sha256:", text)) == len(pins(lock))
    assert "://" not in text and "--index-url" not in text and "--find-links" not in text


def test_developers_run_what_users_run() -> None:
    runtime, dev = (pins(lock) for lock in LOCKS)

    assert runtime.items() <= dev.items()
    assert "pytest" in dev and "pytest" not in runtime


def test_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\ntest "$1" = -V && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)

    outcome = subprocess.run(
        [
            "make",
            "-C",
            TOP,
            f"PYTHON={old}",
            f"VENV={tmp_path}/venv",
            f"{tmp_path}/venv/bin/python",
        ],
        env={**os.environ, "MAKEFLAGS": "--no-print-directory"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines()[0] == (
        f"Everdoor needs Python 3.11 or newer; {old} is Python 3.9.2. Install one and run: "
        "make PYTHON=/path/to/python3.11"
    )
