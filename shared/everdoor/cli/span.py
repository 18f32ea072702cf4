"""A span of time as it is typed in commands."""

from __future__ import annotations

import re
from typing import Any

import click

_SPAN = re.compile(r"(\d{1,9}) ?([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Span(click.ParamType[float]):
    """A number and its unit, such as 90m, 12h or 7d; seconds as a float."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = _SPAN.fullmatch(str(value).strip().lower())
        if found is None or int(found[1]) == 0:
            self.fail(f"expected a number and s, m, h, d or w, such as 12h; got {value!r}")
        return float(int(found[1]) * _UNITS[found[2]])
