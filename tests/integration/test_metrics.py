"""What is measured: told by every process, moving under load, and read by a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from everdoor.measures import METRICS
from integration.crowded import crowd_of
from integration.system import HOST, PASSWORD, System, free_port, kill, until
from players.telnet import Player

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "everdoor.json"
PLAYERS = 6

RARE = {
    "everdoor_refusals_total",
    "everdoor_slow_clients_total",
    "everdoor_lines_skipped_total",
    "everdoor_rows_resent_total",
}
"""What only moves when somebody is kept out, a line kills the server, or a row was under way."""


@pytest.mark.timeout(180)
def test_figures_move_under_load_and_prometheus_answers_the_dashboard(folder: Path) -> None:
    with System(folder, login_throttle_limit=0) as system:
        system.up()
        with prometheus(folder, urls(system)) as ask:
            before = figures(system)
            after = asyncio.run(_play(system, ask))
            moved = {key[0] for key, value in after.items() if value > before.get(key, 0)}
            assert moved >= {each.name for each in METRICS if each.kind != "gauge"} - RARE
            until(partial(_has_counted_one_death, ask), "Prometheus has counted the death")


@pytest.mark.timeout(120)
def test_health_is_told_and_so_is_a_process_that_does_not_serve(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        url = urls(system)["server"].removesuffix("/metrics")
        assert fetch(f"{url}/healthz") == (200, "ok\n")
        assert fetch(f"{url}/readyz") == (200, "ready\n")
        assert fetch(f"{url}/else")[0] == 404
        system.run("server", "stop")
        assert fetch(f"{url}/readyz") == (503, "not ready\n")
        assert fetch(f"{url}/healthz") == (200, "ok\n")


@pytest.mark.timeout(120)
def test_port_that_is_taken_costs_the_figures_only(folder: Path) -> None:
    with System(folder / "a") as first:
        first.up()
        [port] = re.findall(r":(\d+)/", urls(first)["auth"])
        with System(folder / "b", metrics_port=port) as second:
            second.up()
            assert "auth" not in urls(second)
            assert "metrics cannot be served" in second.output()


async def _play(system: System, ask: Any) -> dict[tuple[str, str], float]:
    """A reload, a death and a wrong password while all type; the figures after it, when
    Prometheus has answered the dashboard."""
    stranger = await Player.connect("Stranger", system.port)
    await stranger.sees_screen()
    crowd = crowd_of(system, PLAYERS, "Guest")
    stranger.type(f"connect Guesta {PASSWORD} no")
    async with crowd:
        crowd.start()
        await crowd.serves()
        await asyncio.to_thread(system.run, "server", "reload")
        await crowd.serves()
        kill(worker := await asyncio.to_thread(system.worker))
        await asyncio.to_thread(system.until_replaced, worker)
        await crowd.serves()
        after = await asyncio.to_thread(until, partial(_all_figures, system), "all say theirs")
        for expression in expressions():
            told = f"Prometheus answers {expression}"
            await asyncio.to_thread(until, partial(ask, expression), told)
        await crowd.finish()
    await stranger.leave()
    return after


def _has_counted_one_death(ask: Any) -> bool:
    """A target that could not be read within its half second has no figures until the next."""
    found = ask("sum(everdoor_worker_deaths_total)") or []
    return [one["value"][1] for one in found] == ["1"]


def _all_figures(system: System) -> dict[tuple[str, str], float] | None:
    """A worker that is busy for half a second is left out."""
    found = figures(system)
    return found if {name for name, _ in found} >= {each.name for each in METRICS} - RARE else None


def urls(system: System) -> dict[str, str]:
    """Where each process tells its figures."""
    found: dict[str, str] = json.loads(system.run("metrics", "--json").stdout)
    return found


def figures(system: System) -> dict[tuple[str, str], float]:
    """The sum of each figure's values, of histograms their counts, by name and process."""
    found: dict[tuple[str, str], float] = {}
    for process, url in urls(system).items():
        for family in text_string_to_metric_families(fetch(url)[1]):
            kept = [s for s in family.samples if s.name.endswith("_count")] or family.samples
            for sample in kept:
                name = (
                    sample.name.removesuffix("_count")
                    if family.type == "histogram"
                    else sample.name
                )
                found[name, process] = found.get((name, process), 0) + sample.value
    return found


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return [each for each in asked if not any(name in each for name in RARE)]


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


@contextmanager
def prometheus(folder: Path, targets: dict[str, str]) -> Iterator[Any]:
    """A Prometheus that scrapes every half second; yields what asks it a query."""
    port = free_port()
    hosts = [url.removeprefix("http://").removesuffix("/metrics") for url in targets.values()]
    job = {"job_name": "everdoor", "static_configs": [{"targets": hosts}]}
    timing = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
    config = {"global": timing, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    with (folder / "prometheus.out").open("wb") as output:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/prometheus",
                f"--web.listen-address={HOST}:{port}",
            ],
            stdout=output,
            stderr=output,
        )

    def ask(expression: str) -> Any:
        query = urllib.parse.urlencode({"query": expression})
        try:
            status, text = fetch(f"http://{HOST}:{port}/api/v1/query?{query}")
        except OSError:
            return None
        assert status in (200, 503), text
        return json.loads(text)["data"]["result"] if status == 200 else None

    try:
        yield ask
    finally:
        process.kill()
        process.wait()
