"""docs/metrics.md, the dashboard and the code name the same figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

from everdoor.measures import METRICS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "everdoor.json").read_text())


def test_page_has_a_row_of_every_figure_as_the_code_has_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \| ([^|]*) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (each.name, each.kind, each.of, ", ".join(f"`{one}`" for one in each.labels), each.help)
        for each in METRICS
    ]


def test_dashboard_asks_for_figures_that_there_are() -> None:
    expressions = [each["expr"] for panel in DASHBOARD["panels"] for each in panel["targets"]]
    asked = set(re.findall(r"\beverdoor_\w+", " ".join(expressions)))
    known = {each.name for each in METRICS}
    parts = {f"{each.name}_{of}" for each in METRICS for of in ("bucket", "sum", "count")}
    assert len(expressions) >= len(DASHBOARD["panels"]) == 12
    assert asked <= known | parts
