"""Runs a test's coroutine on the loop that the processes use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

LIMIT_S = 20.0


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a new uvloop; it fails after 20 s."""

    async def limited() -> T:
        async with asyncio.timeout(LIMIT_S):
            return await main

    return uvloop.run(limited())


async def until(condition: Callable[[], object]) -> None:
    """Let the loop go on until the condition holds; the limit of `run` applies."""
    while not condition():  # noqa: ASYNC110 - any condition, not only one that tells
        await asyncio.sleep(0.001)
