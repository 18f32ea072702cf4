"""The Procfile: which processes `everdoor up` runs, as lines of `name: command`."""

from __future__ import annotations

from pathlib import Path

from honcho.environ import parse_procfile

from everdoor.errors import UserError

DEFAULT = """\
auth: everdoor auth run
server: everdoor server run
portal: everdoor portal run --workers 2
"""
"""What runs where there is no Procfile."""


def read_procfile(folder: Path) -> dict[str, str]:
    """Read the commands of the folder's Procfile by name, or those of DEFAULT without one.

    Raises:
        UserError: It cannot be read, has the same name twice, or no command at all.
    """
    path = folder / "Procfile"
    try:
        text = path.read_text() if path.exists() else DEFAULT
        commands: dict[str, str] = parse_procfile(text).processes
    except AssertionError as exc:
        raise UserError(f"{path}: {exc}") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise UserError(f"{path} cannot be read: {exc}") from exc
    if not commands:
        raise UserError(f"{path}: expected lines of `name: command`, found none")
    return commands
