"""What can happen, as data: a schedule is a list of actions, and replays from it alone.

An action is a name and numbers. The numbers choose among what there is at that moment, modulo how
many there are, so that a schedule from which actions were taken out still makes sense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_server.restarts import Ending
from simulator.crashes import CRASHES
from simulator.lines import GREETINGS, PLAIN, WAITING
from simulator.portalprocess import PortalProcess
from simulator.serverprocess import Phase, ServerProcess
from simulator.timers import KINDS, set_up_in
from simulator.world import ALL, World

WORDS = (*PLAIN, *WAITING)

MAX_CLIENTS = 8
MAX_SERVERS = 3


class Action(NamedTuple):
    """One thing that happens; what `a`, `b` and `c` mean is said by its method below."""

    name: str
    a: int = 0
    b: int = 0
    c: int = 0


def do(world: World, action: Action) -> None:
    """Let an action happen; one that cannot happen now does nothing."""
    ACTIONS[action.name](world, action.a, action.b, action.c)


# Choosing.


def _portal(world: World, number: int) -> PortalProcess | None:
    return world.portals[number % len(world.portals)] if world.portals else None


def _server(world: World, number: int) -> ServerProcess | None:
    """A server that has begun to serve and is not paused."""
    serving = [s for s in world.servers if s.phase is not Phase.STARTING and not s.is_paused]
    return serving[number % len(serving)] if serving else None


# Clients.


def _join(world: World, a: int, b: int, c: int) -> None:
    """A client connects to portal `a`, to be greeted in way `b`."""
    portal = _portal(world, a)
    if portal is not None and len(world.clients()) < MAX_CLIENTS:
        portal.join(world.history, GREETINGS[b % len(GREETINGS)])


def _type(world: World, a: int, b: int, c: int) -> None:
    """Client `a` types the word `b` with the number `c`."""
    clients = world.clients()
    if clients:
        word = WORDS[b % len(WORDS)]
        clients[a % len(clients)].line(word if word == "idle" else f"{word} {c}")


def _say(world: World, a: int, b: int, c: int) -> None:
    """Client `a` says the word `b` with the number `c` out of band."""
    clients = world.clients()
    if clients:
        clients[a % len(clients)].say(WORDS[b % len(WORDS)], c)


def _flags(world: World, a: int, b: int, c: int) -> None:
    """The client of `a` says something of itself."""
    clients = [client for client in world.clients() if not client.is_paused]
    if clients:
        client = clients[a % len(clients)]
        doors = client.sessionhandler
        assert doors is not None, "a client that is connected has its handler"
        doors.flags_in(client, {"SCREENWIDTH": 20 + b % 5})


def _leave(world: World, a: int, b: int, c: int) -> None:
    """Client `a` leaves, cleanly or not."""
    clients = world.clients()
    if clients:
        client = clients[a % len(clients)]
        client.ended_by = "itself"
        client.lost = 0 if b % 2 else c % 4
        doors = client.sessionhandler
        assert doors is not None, "a client that is connected has its handler"
        doors.client_left(client, "left", bool(b % 2))


def _token(world: World, a: int, b: int, c: int) -> None:
    """Client `a` gets a token, or logs in to get one later."""
    clients = [client for client in world.clients() if not client.token]
    if clients:
        client = clients[a % len(clients)]
        if not client.logged_in:
            client.line(f"login {b}")
            return
        world.tokens += 1
        doors = client.sessionhandler
        assert isinstance(doors, PortalSessionHandler), "a client that is connected has its handler"
        doors.offer_token(client, world.tokens.to_bytes(32, "big"))


def _confirm_seen(world: World, a: int, b: int, c: int) -> None:
    """Client `a` says what it has."""
    clients = [client for client in world.clients() if client.has_token]
    if clients:
        client = clients[a % len(clients)]
        doors = client.sessionhandler
        assert isinstance(doors, PortalSessionHandler), "a client that is connected has its handler"
        doors.client_has(client, client.seen)


def _come_back(world: World, a: int, b: int, c: int) -> None:
    """Client `b`, who has lost the connection and knows it before its portal may, comes back to
    portal `a`; with `c` odd it says so when it has connected."""
    portal, clients = _portal(world, a), world.with_token()
    if portal is not None and clients and len(world.clients()) < MAX_CLIENTS:
        former = clients[b % len(clients)]
        # At a login that it makes it would come back without what it lacks.
        ways = [way for way in GREETINGS if way != "login"] if c % 2 else GREETINGS
        portal.join(world.history, ways[c % len(ways)], former, is_late=bool(c % 2))


def _poison(world: World, a: int, b: int, c: int) -> None:
    """Client `a` types a line that ends every server that runs it; seldom."""
    clients = world.clients()
    if clients and c % 3 == 0:
        clients[a % len(clients)].line(f"poison {c}")


# Portals and their sockets.


def _flush(world: World, a: int, b: int, c: int) -> None:
    if portal := _portal(world, a):
        portal.flush()


def _connect(world: World, a: int, b: int, c: int) -> None:
    """The socket of portal `a` is connected to server `b`."""
    portal, server = _portal(world, a), _server(world, b)
    if portal and server:
        world.connect(portal, server)


def _notice(world: World, a: int, b: int, c: int) -> None:
    if portal := _portal(world, a):
        portal.notice()


def _up(world: World, a: int, b: int, c: int) -> None:
    """`b` frames of portal `a` arrive."""
    portal = _portal(world, a)
    if portal is not None and portal.wire is not None:
        world.deliver_up(portal.wire, 1 + b)


def _down(world: World, a: int, b: int, c: int) -> None:
    """`b` frames arrive at portal `a`."""
    if portal := _portal(world, a):
        world.deliver_down(portal, 1 + b)


def _late(world: World, a: int, b: int, c: int) -> None:
    world.deliver_late(a)


def _cut(world: World, a: int, b: int, c: int) -> None:
    """The connection of portal `a` breaks; `c` frames from the `b`th on are lost."""
    portal = _portal(world, a)
    if portal is not None and portal.wire is not None:
        world.count("link is cut", [portal.wire])
        portal.wire.cut(b, c)


def _blip(world: World, a: int, b: int, c: int) -> None:
    """The connection of portal `a` breaks while the server sends to it, row by row, and is there
    again before either has noticed; frames are lost as in a cut."""
    portal = _portal(world, a)
    if portal is None or portal.wire is None or portal.wire.server not in world.servers:
        return
    portal.flush()
    wire, server = portal.wire, portal.wire.server
    world.deliver_up(wire, ALL)
    for is_before in (True, True, False):
        if wire.server is None and server in world.servers:
            world.connect(portal, server)
        if server in world.servers and not server.is_paused:
            world.turn(server, 1)
        if not is_before:
            world.deliver_down(portal, ALL)
        elif wire.down:
            world.count("link is cut", [wire])
            wire.cut(b, 1 + c)


def _partition(world: World, a: int, b: int, c: int) -> None:
    """Nothing arrives from portal `a`, or at it, or either; or all does again."""
    portal = _portal(world, a)
    if portal is not None and portal.wire is not None:
        portal.wire.up_is_blocked = b % 4 in (1, 3)
        portal.wire.down_is_blocked = b % 4 in (2, 3)


def _kill_portal(world: World, a: int, b: int, c: int) -> None:
    """Portal `a` dies; with `b` odd its successor starts at once."""
    portal = _portal(world, a)
    if portal is not None:
        world.kill_portal(portal)
        if b % 2:
            world.start_portal(int(portal.id[1:]))


def _start_portal(world: World, a: int, b: int, c: int) -> None:
    """A life of portal id `a` begins; one on another machine may have a living predecessor."""
    index = a % world.setup.portals
    alive = [p for p in world.portals if p.id == f"p{index}"]
    if not alive or (len(alive) == 1 and alive[0].host != "here"):
        world.start_portal(index)


# Servers.


def _run(world: World, a: int, b: int, c: int) -> None:
    """Server `a` runs lines, `b` at most."""
    if server := _server(world, a):
        world.run(server, 1 + b)


def _commit(world: World, a: int, b: int, c: int) -> None:
    if server := _server(world, a):
        world.commit(server)


def _send(world: World, a: int, b: int, c: int) -> None:
    if server := _server(world, a):
        world.send(server)


def _turn(world: World, a: int, b: int, c: int) -> None:
    if server := _server(world, a):
        world.turn(server, 1 + b)


def _operate(world: World, a: int, b: int, c: int) -> None:
    """An operator asks server `a` for something."""
    server = _server(world, a)
    if server is not None and not server.stops:
        server.turn.do(lambda: server.game.operate(c))


def _timer(world: World, a: int, b: int, c: int) -> None:
    """The game of server `a` sets a timer of kind `b`; seldom one that ends every server."""
    server, kind = _server(world, a), KINDS[b % len(KINDS)]
    if server is None or server.stops or (kind == "poison" and c % 3):
        return
    server.turn.do(lambda: set_up_in(server.game, c, kind))


def _start_server(world: World, a: int, b: int, c: int) -> None:
    """A server starts; when `a` is odd also where another one serves."""
    if not world.servers or (a % 2 and len(world.servers) < MAX_SERVERS):
        world.start_server()


def _load(world: World, a: int, b: int, c: int) -> None:
    for server in world.servers:
        world.load(server)


def _pause(world: World, a: int, b: int, c: int) -> None:
    if server := _server(world, a):
        server.is_paused = True


def _wake(world: World, a: int, b: int, c: int) -> None:
    for server in world.servers:
        server.is_paused = False


def _crash(world: World, a: int, b: int, c: int) -> None:
    """Server `a` dies at step `b` of its turn; `c` says what is lost on the way."""
    server = _server(world, a)
    if server is not None:
        step = list(CRASHES)[b % len(CRASHES)]
        CRASHES[step](world, server, c)
        if server in world.servers:
            world.kill_server(server, step, c // 7, c % 7)


def _stop(world: World, a: int, b: int, c: int) -> None:
    """Server `a` ends as planned: no more lines are run, what has run is sent, and perhaps every
    copy again; then another one starts."""
    server = _server(world, a)
    if server is not None and server.phase is Phase.IDLE:
        server.stops = True
        server.turn.end(Ending.RELOAD)
        for link in server.links if b % 2 else ():
            server.turn.send_copies_anew(link)
        world.turn(server)
        if server in world.servers:
            world.kill_server(server, "planned end", ALL, 0)
        world.start_server()


# What commands wait for, and time.


def _auth(world: World, a: int, b: int, c: int) -> None:
    """A call of server `a` gets on its way by a step, or is lost."""
    server = _server(world, a)
    if server is None:
        return
    if b % 5 == 0 and server.asked:
        server.lose()
    elif b % 5 == 1 and server.answered:
        server.lose_answer()
    elif b % 5 <= 3 and server.asked:
        server.perform()
    elif server.answered:
        server.answer()


def _confirm(world: World, a: int, b: int, c: int) -> None:
    server = _server(world, a)
    if server is not None and server.phase is Phase.IDLE:
        server.confirm()


def _wait(world: World, a: int, b: int, c: int) -> None:
    """`a` tenths of a second pass."""
    world.pass_time(a / 10)


def _jump(world: World, a: int, b: int, c: int) -> None:
    """The wall clock is set by some days."""
    world.clocks.wall += (a - 50) * 86400.0


def _sweep(world: World, a: int, b: int, c: int) -> None:
    world.sweep()


ACTIONS: dict[str, Callable[[World, int, int, int], None]] = {
    "join": _join,
    "type": _type,
    "say": _say,
    "flags": _flags,
    "leave": _leave,
    "token": _token,
    "confirm-seen": _confirm_seen,
    "come-back": _come_back,
    "poison": _poison,
    "flush": _flush,
    "connect": _connect,
    "notice": _notice,
    "up": _up,
    "down": _down,
    "late": _late,
    "cut": _cut,
    "blip": _blip,
    "partition": _partition,
    "kill-portal": _kill_portal,
    "start-portal": _start_portal,
    "run": _run,
    "commit": _commit,
    "send": _send,
    "turn": _turn,
    "operate": _operate,
    "timer": _timer,
    "start-server": _start_server,
    "load": _load,
    "pause": _pause,
    "wake": _wake,
    "crash": _crash,
    "stop": _stop,
    "auth": _auth,
    "confirm": _confirm,
    "wait": _wait,
    "jump": _jump,
    "sweep": _sweep,
}
