"""The key by which SSH clients know a game again: made once, and looked at when it has changed.

What reads keys is asyncssh, which costs a program a third of a second and 13 MiB. So it is run in
one of its own: `python -m everdoor_portal.gateways.hostkey PATH` makes the key that is not there,
and says what is wrong with the one that is.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from everdoor.errors import StartupError
from everdoor.listeners import private_folder
from everdoor_portal.gateways.homefiles import made_once, write_private


def ensure_host_key(path: Path) -> None:
    """Have a key at this path that can be used.

    Raises:
        StartupError: It cannot be read, made or used.
    """
    private_folder(path.parent)
    if _is_known(path):
        return
    command = [sys.executable, "-P", "-m", __name__, str(path)]
    looked = subprocess.run(command, capture_output=True, text=True, check=False)
    if looked.returncode:
        told = looked.stderr.strip().rpartition("\n")[2]
        raise StartupError(told or f"{path}: looking at the key ended with {looked.returncode}")
    # Else it is looked at again the next time.
    with suppress(OSError):
        write_private(_seen(path), _digest(path))


def host_key(path: Path) -> bytes:
    """Read the key.

    Raises:
        StartupError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        raise StartupError(f"{path}: {exc.strerror or exc}; mend its folder's rights") from exc


def _is_known(path: Path) -> bool:
    """Whether the key is the one that was found good."""
    try:
        return _seen(path).read_bytes() == _digest(path)
    except OSError:
        return False


def _seen(path: Path) -> Path:
    return path.with_name(f"{path.name}.seen")


def _digest(path: Path) -> bytes:
    return sha256(path.read_bytes()).hexdigest().encode() + b"\n"


def _make() -> bytes:
    import asyncssh

    return asyncssh.generate_private_key("ssh-ed25519").export_private_key()


def _look(path: Path) -> str:
    """Make the key, or read it; what is wrong with it, if anything."""
    import asyncssh

    try:
        asyncssh.import_private_key(made_once(path, _make))
    except StartupError as exc:
        return str(exc)
    except asyncssh.KeyImportError as exc:
        return (
            f"{path}: cannot be used as host key: {exc}; put the old one back, or remove it to "
            "have another one made, of which clients will warn their players"
        )
    return ""


if __name__ == "__main__":
    sys.exit(_look(Path(sys.argv[1])) or 0)
