"""What a worker does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = "import sys, everdoor.worker; {}; print('rich' in sys.modules)"


@pytest.mark.parametrize(("then", "is_there"), [("pass", "False"), ("import rich", "True")])
def test_worker_has_no_rich_unless_somebody_asks_for_it(then: str, is_there: str) -> None:
    command = [sys.executable, "-c", CODE.format(then)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{is_there}\n"
