"""Settings of the system as a whole: where it lives, what it keeps, how long it waits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from everdoor.settings.kinds import FarEndpoint, Folder, Port, Seconds, setting, sqlite_in_home


class SystemSettings(BaseModel):
    """Home, logs, databases, restarts."""

    home: Folder = setting(
        Path("var"),
        "a folder",
        "Folder that holds the system: databases, sockets, locks, logs. One home is one world; "
        "commands find a running system by it. Relative paths start at the working directory.",
    )
    portal_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,40}$")] = setting(
        "",
        "letters, digits, `.`, `_` and `-`, at most 40, or nothing",
        "Name of this portal process, unique on its host. Empty: the name the Procfile runner "
        "gives (such as `portal.1`), else `portal`.",
    )
    server_listen: FarEndpoint = setting(
        "",
        "tcp://ADDRESS:PORT, or nothing",
        "Where the game server of this home also listens for portals of other hosts, such as "
        "`tcp://0.0.0.0:4500`: on that TCP port and the two above it. Needs keys. See "
        "server_endpoint.",
    )
    server_endpoint: FarEndpoint = setting(
        "",
        "tcp://HOST:PORT, or nothing",
        "Where portals of this home find a game server of another host: the name or address of "
        "that host, and the port of its server_listen. Empty: the server of this home.",
    )
    auth_listen: FarEndpoint = setting(
        "",
        "tcp://ADDRESS:PORT, or nothing",
        "Where the auth service of this home also listens for portals and game servers of other "
        "hosts: on that TCP port and the one above it. Needs keys. See auth_endpoint.",
    )
    auth_endpoint: FarEndpoint = setting(
        "",
        "tcp://HOST:PORT, or nothing",
        "Where portals and the game server of this home find an auth service of another host: its "
        "name or address, and the port of its auth_listen. Empty: that of this home.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info",
        "debug, info, warning or error",
        "Least severe lines that are logged; `debug` includes every message between processes.",
    )
    log_json: bool | Literal["auto"] = setting(
        "auto",
        "auto, true or false",
        "Whether stderr gets one JSON document a line. auto: readable text on a terminal, JSON "
        "otherwise. The files under `<home>/logs` are always JSON.",
    )
    metrics_enabled: bool = setting(
        True,
        "true or false",
        "Serve what each process measures over HTTP, for Prometheus: /metrics, /healthz, /readyz.",
    )
    metrics_address: str = setting(
        "127.0.0.1",
        "an IP address",
        "Address on which that is served. Whoever reaches it can read how many play, and no names.",
    )
    metrics_port: Port = setting(
        4010,
        "a port, 0 to 65535",
        "TCP port of auth's figures; the server has the next one, portals those after it, by the "
        "number in the portal's name. 0: any free ones. `everdoor metrics` tells them.",
    )
    world_database_url: SecretStr = setting(
        sqlite_in_home("world"),
        "a database URL such as sqlite:///path or postgresql://user@host/name",
        "Where the game world is stored. Default: an SQLite file in the home.",
    )
    auth_database_url: SecretStr = setting(
        sqlite_in_home("auth"),
        "a database URL such as sqlite:///path or postgresql://user@host/name",
        "Where accounts are stored. Default: an SQLite file in the home.",
    )
    takeover_after_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] = setting(
        10.0,
        "seconds, 1 or more",
        "With the world in PostgreSQL: how long the server of another home that serves it must "
        "give no sign of life before this one takes over; until then this one waits.",
    )
    sqlite_synchronous: Literal["NORMAL", "FULL"] = setting(
        "NORMAL",
        "NORMAL or FULL",
        "When SQLite waits for the disk. NORMAL: a crash of a process loses nothing, a power cut "
        "may lose the last moments. FULL: neither does, at the price of one disk sync a turn.",
    )
    max_hold_s: Seconds = setting(
        300.0,
        "seconds, 0 or more",
        "How long portals keep clients, and what they type, while the server is away; then they "
        "are told and disconnected. 0: without end. See held_input_lines.",
    )
    portal_grace_s: Seconds = setting(
        120.0,
        "seconds, 0 or more",
        "How long the server keeps the sessions of a portal that it cannot reach and that may "
        "still live. 0: without end, within the memory bound of its outbox.",
    )
    resume_grace_s: Seconds = setting(
        60.0,
        "seconds, 0 or more",
        "How long a session whose connection was lost stays in the game, link-dead, until its "
        "player comes back to it. 0: it ends with its connection.",
    )
    turn_limit_s: Seconds = setting(
        10.0,
        "seconds, 0 or 1 and more",
        "How long the server may be busy with one thing before it counts as hung: it then ends "
        "itself, and the log says where it was. 0: never, for debuggers.",
    )
    restart_notice_after_s: Seconds = setting(
        2.0,
        "seconds, 0 or more",
        "How long the server is away before players are told that the game is restarting. 0: "
        "they are never told.",
    )
