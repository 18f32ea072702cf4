"""`everdoor settings`."""

from __future__ import annotations

import json

from everdoor.settings import Settings
from everdoor_program import Shell


def test_settings_prints_every_setting_with_its_source(shell: Shell) -> None:
    (shell.folder / "everdoor.toml").write_text("multisession_mode = 2\n")

    document = json.loads(shell.run("settings", "--json").stdout)

    found = {info["name"]: info for info in document["settings"]}
    assert set(found) == set(Settings.model_fields)
    assert found["multisession_mode"] | {"help": ""} == {
        "name": "multisession_mode",
        "env": "EVERDOOR_MULTISESSION_MODE",
        "value": "2",
        "default": "0",
        "source": "everdoor.toml",
        "help": "",
    }
    assert found["telnet_port"]["source"] == "environment"


def test_settings_for_people_tells_what_differs_from_the_default(shell: Shell) -> None:
    shown = shell.run("settings").stdout

    assert "telnet_port = 0  (from environment; default: 4000)\n" in shown
    assert "max_hold_s = 300.0\n" in shown


def test_settings_hides_passwords(shell: Shell) -> None:
    shell.environment["EVERDOOR_WORLD_DATABASE_URL"] = "postgresql://door:s3cret@db/world"

    shown = shell.run("settings").stdout + shell.run("settings", "--json").stdout

    assert "postgresql://door:***@db/world" in shown
    assert "s3cret" not in shown


def test_settings_accepts_the_variable_of_an_option(shell: Shell) -> None:
    shell.environment["EVERDOOR_SETTINGS_JSON"] = "1"

    assert json.loads(shell.run("settings").stdout)["settings"]


def test_settings_refuses_an_unknown_variable(shell: Shell) -> None:
    shell.environment["EVERDOOR_HOEM"] = "x"

    outcome = shell.run("settings")

    assert outcome.returncode == 1
    assert outcome.stderr == "everdoor: EVERDOOR_HOEM is no setting; did you mean EVERDOOR_HOME?\n"
