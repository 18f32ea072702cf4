"""The SSH host key: made once, looked at when it has changed, refused when it is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from everdoor.errors import StartupError
from everdoor_portal.gateways import hostkey
from everdoor_portal.gateways.hostkey import ensure_host_key, host_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "ssh").mkdir(mode=0o700)
    return tmp_path / "ssh" / "host_key"


def test_host_key_is_made_once_and_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_host_key(path)
    made = path.read_bytes()
    assert made.startswith(b"-----BEGIN") and path.stat().st_mode & 0o077 == 0
    # A second look at the same key costs no program.
    monkeypatch.setattr(hostkey.subprocess, "run", pytest.fail)
    ensure_host_key(path)
    assert path.read_bytes() == made


def test_another_key_is_looked_at_again(path: Path, tmp_path: Path) -> None:
    ensure_host_key(path)
    new = tmp_path / "new"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(new)]
    subprocess.run(command, check=True)
    path.write_bytes(new.read_bytes())
    ensure_host_key(path)
    assert path.read_bytes() == new.read_bytes()


def test_damaged_key_is_refused_in_one_line_until_it_is_mended(path: Path) -> None:
    ensure_host_key(path)
    good = path.read_bytes()
    path.write_bytes(good[:100])
    for _ in range(2):
        with pytest.raises(StartupError, match=r"host_key: cannot be used.*put the old one back"):
            ensure_host_key(path)
    assert path.read_bytes() == good[:100]
    path.write_bytes(good)
    ensure_host_key(path)


def test_folder_of_the_key_that_others_may_enter_is_refused(path: Path) -> None:
    ensure_host_key(path)
    path.parent.chmod(0o755)
    with pytest.raises(StartupError, match="mode 700"):
        ensure_host_key(path)


def test_key_that_is_not_there_is_told_in_one_line(path: Path) -> None:
    with pytest.raises(StartupError, match="host_key: No such file"):
        host_key(path)
