"""Loads structlog without rich, for processes that are to be small or to start soon.

structlog takes rich along wherever it is installed, for tracebacks that nobody is shown
(`everdoor.logs`): 3 MiB of every worker, a tenth of what starting a command takes. Whoever imports
rich later gets it.
"""

from __future__ import annotations

import sys
from typing import Any


def load_structlog() -> None:
    """Import structlog; before anybody else does, or it has rich already."""
    modules: dict[str, Any] = sys.modules
    if "rich" in modules:
        return
    modules["rich"] = None
    try:
        import structlog  # noqa: F401
    finally:
        del modules["rich"]
