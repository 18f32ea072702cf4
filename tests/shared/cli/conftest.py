"""A shell in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from everdoor_program import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, telnet_port="0", web_port="0", listen_address="127.0.0.1")
