"""ZeroMQ between Everdoor's processes: the only room that imports zmq.

A process makes one `Bus` and from it its wires; `RpcClient`, `RpcServer`, `Publisher` and
`Subscriber` stand on top. The sockets that a supervisor hands down are `everdoor.listeners`'.
"""

from everdoor.bus.curve import Curve, Far, new_key_pair
from everdoor.bus.pubsub import Publisher, Subscriber
from everdoor.bus.rpc import RpcClient, RpcServer
from everdoor.bus.sockets import Addressed, Bus, Received, Wire, require_local

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
