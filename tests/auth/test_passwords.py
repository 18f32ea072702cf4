"""Hashes: right and wrong passwords, renewal, and the queue before the threads."""

import asyncio
import os
import threading

import pytest

from auth_lives import CHEAP
from everdoor.errors import CallRefused
from everdoor_auth.passwords import NICENESS, Argon2, HashingThreads, Verdict


def test_argon2_tells_right_from_wrong() -> None:
    stored = CHEAP.hash("tall grey lighthouse")
    assert CHEAP.check(stored, "tall grey lighthouse") == Verdict(True)
    assert CHEAP.check(stored, "tall grey lighthousf") == Verdict(False)


def test_argon2_salts_every_hash() -> None:
    assert CHEAP.hash("tall grey lighthouse") != CHEAP.hash("tall grey lighthouse")


def test_argon2_uses_no_less_than_is_recommended() -> None:
    assert Argon2().hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_argon2_renews_a_hash_of_other_parameters_only_for_the_right_password() -> None:
    stored = CHEAP.hash("tall grey lighthouse")
    today = Argon2(time_cost=2, memory_kib=16)
    assert today.check(stored, "wrong") == Verdict(False)
    right, renewed = today.check(stored, "tall grey lighthouse")
    assert right
    assert renewed is not None
    assert today.check(renewed, "tall grey lighthouse") == Verdict(True)


@pytest.mark.parametrize("damaged", ["", "!", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$eA$eA"])
def test_argon2_finds_no_password_right_for_a_damaged_hash(damaged: str) -> None:
    assert CHEAP.check(damaged, "") == Verdict(False)


class Gated:
    """Hashes once the gate is open, and tells how many were at work together."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.niceness: set[int] = set()
        self.at_work = self.most_at_work = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        return password

    def check(self, stored: str, password: str) -> Verdict:
        with self._lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        self.gate.wait()
        self.niceness.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        with self._lock:
            self.at_work -= 1
        return Verdict(stored == password)


def test_hashing_threads_refuse_what_the_queue_cannot_hold() -> None:
    async def scenario() -> None:
        gated = Gated()
        threads = HashingThreads(gated, threads=2, max_waiting=3)
        under_way = [asyncio.create_task(threads.check("a", "a")) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(CallRefused) as refused:
            await threads.check("a", "a")
        assert refused.value.code == "busy"
        gated.gate.set()
        assert await asyncio.gather(*under_way) == [Verdict(True)] * 5
        assert await threads.check("a", "b") == Verdict(False)
        assert gated.most_at_work <= 2
        threads.close()

    asyncio.run(scenario())


def test_hashing_threads_yield_to_everybody_else() -> None:
    async def scenario() -> None:
        gated = Gated()
        gated.gate.set()
        threads = HashingThreads(gated, threads=1)
        before = os.getpriority(os.PRIO_PROCESS, 0)
        await threads.check("a", "a")
        assert min(gated.niceness) >= max(before, NICENESS)
        assert os.getpriority(os.PRIO_PROCESS, 0) == before
        threads.close()

    asyncio.run(scenario())
