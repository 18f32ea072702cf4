"""Settings: where they come from, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from everdoor.errors import SettingsError
from everdoor.settings import Settings, describe, load_settings, without_password


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "everdoor.toml").write_text(text)


def shown(settings: Settings, name: str) -> tuple[str, str]:
    info = next(info for info in describe(settings) if info.name == name)
    return info.value, info.source


def test_settings_have_defaults_below_the_working_directory(folder: Path) -> None:
    settings = load_settings()
    assert settings.home == folder / "var"
    assert settings.world_database_url.get_secret_value() == f"sqlite:///{folder}/var/world.db"


def test_settings_environment_wins_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "multisession_mode = 2\ntelnet_port = 4100")
    monkeypatch.setenv("EVERDOOR_MULTISESSION_MODE", "3")
    settings = load_settings()
    assert (settings.multisession_mode, settings.telnet_port) == (3, 4100)
    assert shown(settings, "multisession_mode") == ("3", "environment")
    assert shown(settings, "telnet_port") == ("4100", "everdoor.toml")
    assert shown(settings, "max_hold_s") == ("300.0", "default")


def test_settings_databases_follow_the_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERDOOR_HOME", "elsewhere")
    settings = load_settings()
    assert shown(settings, "auth_database_url")[0] == f"sqlite:///{folder}/elsewhere/auth.db"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("telnet_port = 'x'", "everdoor.toml: telnet_port: expected a port, 0 to 65535, got 'x'"),
        ("telnet_port = 65536", "expected a port, 0 to 65535, got 65536"),
        ("multisession_mode = 4", "expected 0, 1, 2 or 3, got 4"),
        ("max_hold_s = -1", "expected seconds, 0 or more, got -1"),
        ("max_hold_s = nan", "expected seconds, 0 or more, got nan"),
        ("home = 3", "everdoor.toml: home: expected a folder, got 3"),
        ("sqlite_synchronous = 'OFF'", "expected NORMAL or FULL, got 'OFF'"),
        ("proxy_protocol_from = '10.0.0.1, lo'", "separated by commas, or nothing, got '10.0"),
        ("telnet_prt = 1", "telnet_prt is no setting; did you mean telnet_port?"),
        ("zzz = 1", "zzz is no setting; `everdoor settings` lists them all"),
        ("telnet_port", "everdoor.toml cannot be read"),
    ],
)
def test_settings_wrong_line_is_told_in_one_line(folder: Path, line: str, told: str) -> None:
    write(folder, line)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERDOOR_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="^EVERDOOR_LOG_LEVEL: expected .*, got 'loud'$"):
        load_settings()


def test_settings_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERDOOR_TELNETPORT", "1")
    with pytest.raises(SettingsError, match="did you mean EVERDOOR_TELNET_PORT"):
        load_settings()
    assert load_settings(["EVERDOOR_TELNETPORT"]) == load_settings(None)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://anna:hidden@db/world", "postgresql://anna:***@db/world"),
        ("postgresql://anna@db/world?password=hidden", "postgresql://anna@db/world?password=***"),
        (
            "postgresql://anna:hidden@db/world?sslmode=require&sslPassword=hidden&connect_timeout=3",
            "postgresql://anna:***@db/world?sslmode=require&sslPassword=***&connect_timeout=3",
        ),
        ("postgresql://anna:hi#dden/h?idden[@db/world", "postgresql://anna:***@db/world"),
        ("postgresql:///world?%70assword=hidden#hidden", "postgresql:///world?%70assword=***"),
    ],
)
def test_settings_never_show_a_password(folder: Path, url: str, told: str) -> None:
    write(folder, f"world_database_url = '{url}'")
    settings = load_settings()
    assert "hidden" not in repr(settings) + repr(describe(settings))
    assert shown(settings, "world_database_url")[0] == told


def test_settings_wrong_database_url_is_not_repeated(folder: Path) -> None:
    write(folder, "world_database_url = ['postgresql://anna:hidden@db/world']")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hidden" not in str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load_settings().telnet_port = 1  # type: ignore[misc]


def test_settings_all_have_help() -> None:
    assert all(len(info.help) > 20 for info in describe(load_settings()))


@pytest.mark.parametrize(
    "url",
    ["sqlite:///a/b.db", "postgresql://anna@db/world", "postgresql://anna@db/world?passfile=/a/b"],
)
def test_without_password_leaves_other_urls_alone(url: str) -> None:
    assert without_password(url) == url


@pytest.mark.parametrize("door", ["tls", "ssh", "web"])
def test_door_has_a_port_or_is_off(monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    name = f"EVERDOOR_{door.upper()}_PORT"
    for text, value in (("0", 0), ("4100", 4100), ("off", "off")):
        monkeypatch.setenv(name, text)
        assert getattr(load_settings(), f"{door}_port") == value
    monkeypatch.setenv(name, "shut")
    with pytest.raises(SettingsError, match="expected a port, 0 to 65535, or off, got 'shut'"):
        load_settings()
