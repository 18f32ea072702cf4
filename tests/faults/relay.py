"""Stands between portals and the server, and does to their bytes what a bad network does.

The stream's socket file is moved aside and another takes its place, so that portals which connect
come here and are passed on. What goes wrong is what a TCP connection would make of it: bytes come
late or not at all, never damaged, lost or out of order within a connection.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UP, DOWN = "up", "down"

PACKET_BYTES = 1448
"""What a packet of TCP carries over Ethernet."""

RETRANSMIT_S = 0.2
"""First pause before a lost packet is sent again (Linux, TCP_RTO_MIN); doubled with each loss."""

MAX_RETRANSMIT_S = 3.0


class Relay:
    """Passes the stream on; its methods may be called from any thread.

    Attributes:
        latency_s: Extra time one way.
        loss: Share of packets that are lost and sent again.
    """

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.latency_s = 0.0
        self.loss = 0.0
        self._path = path
        self._aside = path.with_name(f"{path.name}-aside")
        self._chance = chance
        self._loop = asyncio.new_event_loop()
        self._open = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        for gate in self._open.values():
            gate.set()

    def cut(self, *ways: str) -> None:
        """Let nothing pass any more, up to the server or down to the portals."""
        self._call(lambda: [self._open[way].clear() for way in ways])

    def heal(self, breaks: bool) -> None:
        """Let all pass again.

        Args:
            breaks: Connections of before have ended meanwhile; else what they held is delivered.
        """
        self._call(lambda: self._heal(breaks))

    def _heal(self, breaks: bool) -> None:
        if breaks:
            for writer in list(self._writers):
                writer.transport.abort()
        for gate in self._open.values():
            gate.set()

    def _call(self, function: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(function)

    async def serve(self, ready: Callable[[], None]) -> None:
        os.rename(self._path, self._aside)
        server = await asyncio.start_unix_server(self._accept, self._path)
        ready()
        self._over = self._loop.create_future()
        try:
            await self._over
        finally:
            server.close()
            self._heal(breaks=True)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            os.replace(self._aside, self._path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection is made by a packet each way, which do not pass either.
        for gate in self._open.values():
            await gate.wait()
        try:
            there, to_there = await asyncio.open_unix_connection(self._aside)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, to_there)
        self._writers.update(both)
        self._spawn(self._pass_on(UP, reader, to_there, both))
        self._spawn(self._pass_on(DOWN, there, writer, both))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self,
        way: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        both: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        """Pass one direction on until either end has gone."""
        under_way: deque[tuple[float, bytes]] = deque()
        arrived = asyncio.Event()
        deliveries = self._loop.create_task(self._deliver(way, under_way, arrived, writer))
        due = 0.0
        try:
            while data := await reader.read(65536):
                due = max(due, self._loop.time() + self._delay(len(data)))
                under_way.append((due, data))
                arrived.set()
        except OSError:
            pass
        finally:
            deliveries.cancel()
            self._writers.difference_update(both)
            for one in both:
                one.transport.abort()

    async def _deliver(
        self,
        way: str,
        under_way: deque[tuple[float, bytes]],
        arrived: asyncio.Event,
        writer: asyncio.StreamWriter,
    ) -> None:
        try:
            while True:
                await arrived.wait()
                arrived.clear()
                while under_way:
                    due, data = under_way.popleft()
                    await asyncio.sleep(max(0.0, due - self._loop.time()))
                    await self._open[way].wait()
                    writer.write(data)
                    await writer.drain()
        except OSError:
            writer.transport.abort()

    def _delay(self, size: int) -> float:
        """How long the slowest of so many bytes' packets takes."""
        if not self.latency_s:
            return 0.0
        return max(self._delay_of_packet() for _ in range(0, size, PACKET_BYTES))

    def _delay_of_packet(self) -> float:
        delay, pause = self.latency_s, RETRANSMIT_S
        while self._chance.random() < self.loss:
            delay += pause
            pause = min(2 * pause, MAX_RETRANSMIT_S)
        return delay

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until `close`; in a thread of its own."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve(ready))
        self._loop.close()

    def close(self) -> None:
        """Go out of the way; connections end."""
        self._call(lambda: self._over.set_result(None))


@contextmanager
def relayed(path: Path, chance: random.Random) -> Iterator[Relay]:
    """Stand at a socket's place for the time of the block."""
    relay, ready = Relay(path, chance), threading.Event()
    thread = threading.Thread(target=relay.run, args=(ready.set,), name="relay")
    thread.start()
    ready.wait()
    try:
        yield relay
    finally:
        relay.close()
        thread.join()
