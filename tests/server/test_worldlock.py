from __future__ import annotations

from pathlib import Path

import pytest

from everdoor.errors import StartupError
from everdoor_server.worldlock import world_lock


@pytest.mark.parametrize("kind", ["sqlite", "sqlite+pysqlite"])
def test_world_in_a_file_has_one_server_at_a_time(tmp_path: Path, kind: str) -> None:
    url = f"{kind}:///{tmp_path}/world.db"
    with world_lock(url, Path("/first")):
        with pytest.raises(StartupError, match=r"served by the server of /first \(pid \d+\)"):
            world_lock(f"{url}?timeout=1", Path("/second"))
    with world_lock(url, Path("/second")):
        pass


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:////nowhere/world.db", "postgresql:///world"]
)
def test_world_that_is_no_file_here_is_not_locked(url: str) -> None:
    with world_lock(url, Path("/first")), world_lock(url, Path("/second")):
        pass
