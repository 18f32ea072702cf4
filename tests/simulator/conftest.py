"""Keeps the cores quiet: in here every fault is meant, and there are thousands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from simulator.schedules import silence


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    silence()
    yield
    structlog.reset_defaults()
