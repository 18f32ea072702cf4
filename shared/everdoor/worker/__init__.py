"""The worker's end of its supervisor: `WorkerLink`, and the program that runs a worker."""

from everdoor.lean import load_structlog

load_structlog()

from everdoor.worker.link import WorkerLink  # noqa: E402
from everdoor.worker.program import run_worker  # noqa: E402

__all__ = ["WorkerLink", "run_worker"]
