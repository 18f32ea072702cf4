"""Asks the supervisors of a system on this host, over their control sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from pathlib import Path

from everdoor.bus import Bus, RpcClient
from everdoor.cli.surroundings import endpoints_of
from everdoor.endpoints import Endpoints
from everdoor.errors import CallError, CallRefused, CallTimeout, UserError
from everdoor.messages.calls import ControlCall, Result, Status, StatusReport
from everdoor.settings import Settings

ANSWER_S = 1.5
"""How long a supervisor may take to answer; it gives its worker 0.5 s."""


def running(system: Endpoints) -> list[str]:
    """Names of the processes whose supervisors listen, in order."""
    sockets = sorted(system.folder.glob("control.*"))
    return [path.name.removeprefix("control.") for path in sockets if is_listening(path)]


def is_listening(path: Path) -> bool:
    """Whether a process listens on this unix socket; a killed one leaves its file behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def ask(system: Endpoints, processes: Iterable[str], call: ControlCall) -> dict[str, Result]:
    """Ask these supervisors the same, all at once.

    Returns:
        The answers by process; a process that gave none is not in it.
    """
    return asyncio.run(_ask(system, list(processes), call))


def command(settings: Settings, process: str, call: ControlCall, deadline_s: float) -> Result:
    """Have one supervisor do something.

    Raises:
        UserError: It does not run, refuses, or does not answer in time; the text says which.
    """
    system = endpoints_of(settings)
    if process not in running(system):
        raise UserError(
            f"{process} does not run in {settings.home}; start it with `everdoor up` or "
            f"`everdoor {process} run`"
        )
    try:
        return asyncio.run(_command(system, process, call, deadline_s))
    except CallTimeout:
        raise UserError(f"{process} gave no answer within {deadline_s:g} s; see its log") from None
    except CallRefused as exc:
        raise UserError(str(exc)) from None


async def _command(system: Endpoints, process: str, call: ControlCall, deadline_s: float) -> Result:
    bus = Bus(asyncio.get_running_loop())
    client = RpcClient(bus, system.control(process), "cli")
    try:
        return await client.call(call, deadline_s=deadline_s)
    finally:
        client.close()
        bus.close()


def reports(system: Endpoints) -> dict[str, StatusReport | None]:
    """What every supervisor that listens says of its process; None: it does not answer."""
    processes = running(system)
    answers = ask(system, processes, Status()) if processes else {}
    found = {process: answers.get(process) for process in processes}
    return {
        process: answer if isinstance(answer, StatusReport) else None
        for process, answer in found.items()
    }


async def _ask(system: Endpoints, processes: list[str], call: ControlCall) -> dict[str, Result]:
    bus = Bus(asyncio.get_running_loop())

    async def one(process: str) -> Result | None:
        client = RpcClient(bus, system.control(process), "cli")
        try:
            return await client.call(call, deadline_s=ANSWER_S)
        except CallError:
            return None
        finally:
            client.close()

    try:
        answers = await asyncio.gather(*[one(process) for process in processes])
    finally:
        bus.close()
    return {name: answer for name, answer in zip(processes, answers, strict=True) if answer}
