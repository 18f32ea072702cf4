"""The worker's end of its supervisor: `WorkerLink`, and the program that runs a worker."""

from everdoor.worker.link import WorkerLink
from everdoor.worker.program import run_worker

__all__ = ["WorkerLink", "run_worker"]
