"""docs/limits.md and the settings say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from everdoor.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z_]+)` \| (\S+)", PAGE, re.MULTILINE))

PORTS = {"metrics_port", "ssh_port", "telnet_port", "tls_port", "web_port"}
NO_LIMITS = {*PORTS, "telnet_keepalive_s", "multisession_mode"}
"""Settings for which 0 means something else than that a limit is off."""

TIMEOUTS_OF_LIMITS = {"login_throttle_timeout", "creation_throttle_timeout"}


def test_every_setting_that_0_turns_off_is_on_the_page() -> None:
    settings = Settings.model_fields.items()
    limits = {name for name, field in settings if " 0: " in (field.description or "")}
    assert set(ROWS) == (limits - NO_LIMITS) | TIMEOUTS_OF_LIMITS


@pytest.mark.parametrize("name", ROWS)
def test_default_on_the_page_is_that_of_the_setting(name: str) -> None:
    assert float(ROWS[name]) == Settings.model_fields[name].default
