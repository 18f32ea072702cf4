"""Changes of the accounts database, one file per revision, run by alembic.

`upgrade` is what `everdoor db upgrade` calls. Revisions are numbered, so that a process can tell
an older database from a newer one without loading alembic, which takes a third of a second.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from everdoor_auth.store import Store, be_alone

HEAD = "0002"
"""The newest revision in `versions`."""

VERSION_TABLE = "auth_version"
"""Not alembic's usual name: the world may live in the same database."""


def upgrade(url: str) -> None:
    """Bring the accounts database to the newest revision, making what is not there.

    Idempotent. All revisions run in one transaction where the database can (SQLite, PostgreSQL).

    Args:
        url: As the setting auth_database_url.

    Raises:
        StartupError: The database cannot be opened, or is newer than this program.
    """
    store = Store(url)
    try:
        store.refuse_newer()
        with store.writing() as db:
            be_alone(db.connection())
            run_revisions(db.connection())
    finally:
        store.close()


def run_revisions(connection: Connection) -> None:
    """Run what is missing in a transaction that is already open."""
    # Late: see the head of this module.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
