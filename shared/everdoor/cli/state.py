"""The state of a whole system, made of what each supervisor reports of its process.

Asking them is `everdoor.cli.control`'s, showing it `everdoor.cli.status`'.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from socket import gethostname
from typing import Any

from msgspec import Struct

from everdoor.errors import UserError
from everdoor.incarnation import portal_id
from everdoor.messages.calls import StatusReport, WorkerReport
from everdoor.settings import Settings

DOWN = "down"
ELSEWHERE = "elsewhere"
SERVICES = ("auth", "server")
"""Processes that are no portals."""


class ServiceState(Struct, frozen=True):
    """One process: `state` is up, hanging, starting, restarting, down, or elsewhere (another host
    runs it for this home), that of a portal also draining; `pid` is the supervisor's, None when
    there is none; `worker_pid` None while there is no worker."""

    state: str
    pid: int | None
    worker_pid: int | None


class ServerState(ServiceState, frozen=True):
    """The game server; `generation` and `sessions` are None while its worker cannot say."""

    generation: int | None
    sessions: int | None


class PortalState(Struct, frozen=True):
    """One portal, which is one worker; `incarnation` is its number."""

    id: str
    incarnation: int | None
    state: str
    pid: int
    worker_pid: int | None
    sessions: int | None


class Seat(Struct, frozen=True):
    """The place of one portal: its process, which of that one's workers it is, and which life of
    it (None: it could not say)."""

    process: str
    index: int
    incarnation: int | None

    def is_left(self, reports: Mapping[str, StatusReport | None]) -> bool:
        """Whether it has left, by the reports of all processes."""
        if self.process not in reports:
            return True
        report = reports[self.process]
        if report is None:
            return False  # It is there, but did not answer.
        worker = report.workers[self.index]
        now = _count(worker.info, "incarnation")
        is_another = None not in (now, self.incarnation) and now != self.incarnation
        return worker.state == DOWN or is_another


class SystemState(Struct, frozen=True):
    """A system as `everdoor status --json` prints it."""

    auth: ServiceState
    server: ServerState
    portals: list[PortalState]


def services_elsewhere(settings: Settings) -> dict[str, str]:
    """The services that another host runs for this home, and where."""
    ends = zip(SERVICES, (settings.auth_endpoint, settings.server_endpoint), strict=True)
    return {service: endpoint for service, endpoint in ends if endpoint}


def system_state(reports: Iterable[StatusReport], elsewhere: Collection[str] = ()) -> SystemState:
    """Put the reports of all supervisors of a system together.

    Args:
        elsewhere: Services that are not to be here, see `services_elsewhere`.
    """
    known = {report.process: report for report in reports}
    auth, server = known.pop("auth", None), known.pop("server", None)
    info = _worker(server).info if server else {}
    return SystemState(
        auth=ServiceState(*_service(auth, "auth" in elsewhere)),
        server=ServerState(
            *_service(server, "server" in elsewhere),
            _count(info, "generation"),
            _count(info, "sessions"),
        ),
        portals=[
            _portal(known[process], worker)
            for process in sorted(known)
            for worker in known[process].workers
        ],
    )


def draining(reports: Mapping[str, StatusReport | None]) -> set[str]:
    """Ids of the portals that are being drained, by the reports of all processes."""
    known = system_state(report for report in reports.values() if report)
    return {portal.id for portal in known.portals if portal.state == "draining"}


def find_portal(portal: str, reports: Mapping[str, StatusReport | None]) -> Seat:
    """Where a portal is, by the reports of all processes.

    Raises:
        UserError: There is no such portal.
    """
    known = {
        _portal_id(report, worker): Seat(process, worker.index, _count(worker.info, "incarnation"))
        for process, report in reports.items()
        if report is not None and process not in SERVICES
        for worker in report.workers
    }
    if portal not in known:
        there = ", ".join(sorted(known)) or "none"
        raise UserError(f"portal {portal!r} does not run on this host; those that do: {there}")
    return known[portal]


def metrics_urls(reports: Iterable[StatusReport]) -> dict[str, str]:
    """Where each process tells what it measures, by its name."""
    told = {report.process: _worker(report).info.get("metrics") for report in reports}
    return {process: url for process, url in sorted(told.items()) if isinstance(url, str)}


def notes(report: StatusReport) -> list[str]:
    """What a person should know of a process besides: its port, workers that keep dying, portals
    that the server will not have, and what a worker waits for or could not do."""
    told = [f"{door} port {port}" for door, port in _ports(report)]
    for worker in report.workers:
        if worker.failures:
            times = "once" if worker.failures == 1 else f"{worker.failures} times in a row"
            pause = f", starts again in {worker.retry_in_s:.1f} s" if worker.retry_in_s else ""
            told.append(f"worker {worker.index} died {times}{pause}")
        if refusal := worker.info.get("refusal"):
            told.append(f"worker {worker.index} is refused by the server: {refusal}")
        if trouble := worker.info.get("trouble"):
            told.append(str(trouble))
    return told


def _ports(report: StatusReport) -> list[tuple[str, int]]:
    """The doors of a portal and their ports, in the order in which they were opened."""
    infos = [worker.info for worker in report.workers]
    found = [(name, info[name]) for info in infos for name in info if name.endswith("_port")]
    return list(dict.fromkeys((name.removesuffix("_port"), port) for name, port in found))


def _service(report: StatusReport | None, is_elsewhere: bool) -> tuple[str, int | None, int | None]:
    if report is None:
        return ELSEWHERE if is_elsewhere else DOWN, None, None
    return report.state, report.pid, _worker(report).pid or None


def _worker(report: StatusReport) -> WorkerReport:
    """The one that does the work; a supervisor without any yet has an empty one."""
    nothing = WorkerReport(0, report.state, 0, 0, 0.0, {})
    return report.workers[0] if report.workers else nothing


def _portal(report: StatusReport, worker: WorkerReport) -> PortalState:
    return PortalState(
        id=_portal_id(report, worker),
        incarnation=_count(worker.info, "incarnation"),
        state=worker.state,
        pid=report.pid,
        worker_pid=worker.pid or None,
        sessions=_count(worker.info, "sessions"),
    )


def _portal_id(report: StatusReport, worker: WorkerReport) -> str:
    """As it says itself; one that cannot has the id that its place has on this host."""
    return str(worker.info.get("id") or portal_id(gethostname(), report.process, worker.index))


def _count(info: dict[str, Any], name: str) -> int | None:
    value = info.get(name)
    return value if isinstance(value, int) else None
