"""Supervisors: small processes that own listening sockets and keep workers running.

`supervise` runs one in the foreground; `everdoor.worker` is the other end.
"""

from everdoor.supervisor.exporter import address_of
from everdoor.supervisor.process import WorkerSpec
from everdoor.supervisor.supervisor import supervise

__all__ = ["WorkerSpec", "address_of", "supervise"]
