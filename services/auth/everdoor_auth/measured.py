"""What the auth service measures, by the names of `everdoor.measures`."""

from __future__ import annotations

from everdoor.measures import Measured, counted, single
from everdoor_auth.service import AuthService


def measured(service: AuthService) -> Measured:
    """All figures of a service."""
    hashing = service.hashing
    return {
        "everdoor_calls_total": counted(service.outcomes),
        "everdoor_hash_seconds": [[[], hashing.seconds.figure()]],
        "everdoor_hashes_waiting": single(hashing.waiting),
    }
