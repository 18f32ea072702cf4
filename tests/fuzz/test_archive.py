"""A short run of the fuzz target for archives."""

from __future__ import annotations

from fuzz import archive


def test_archive_of_any_bytes_is_restored_or_refused() -> None:
    accepted = [archive.run(seed) for seed in range(600)]
    assert any(accepted) and not all(accepted)
