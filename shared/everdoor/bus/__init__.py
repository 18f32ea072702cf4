"""ZeroMQ between Everdoor's processes: the only room that imports zmq.

A process makes one `Bus` and from it its wires; `RpcClient`, `RpcServer`, `Publisher` and
`Subscriber` stand on top. The sockets that a supervisor hands down are `everdoor.listeners`'.
"""

from everdoor.lean import load_structlog

load_structlog()

from everdoor.bus.curve import Curve, Far, new_key_pair  # noqa: E402
from everdoor.bus.pubsub import Publisher, Subscriber  # noqa: E402
from everdoor.bus.rpc import RpcClient, RpcServer  # noqa: E402
from everdoor.bus.sockets import Addressed, Bus, Received, Wire, require_local  # noqa: E402

__all__ = [
    "Addressed",
    "Bus",
    "Curve",
    "Far",
    "Publisher",
    "Received",
    "RpcClient",
    "RpcServer",
    "Subscriber",
    "Wire",
    "new_key_pair",
    "require_local",
]
