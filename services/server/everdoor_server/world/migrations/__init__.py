"""Changes of the world database, one file per revision, run by alembic.

`upgrade` is what `everdoor db upgrade` calls. Revisions are numbered, so that a process can tell
an older database from a newer one without loading alembic, which takes a third of a second.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

HEAD = "0005"
"""The newest revision in `versions`."""

VERSION_TABLE = "world_version"
"""Not alembic's usual name: the accounts may live in the same database."""


def run_revisions(connection: Connection, upto: str = HEAD) -> None:
    """Run what is missing, up to a revision, in a transaction that is already open."""
    # Late: see the head of this module.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, upto)
