"""Settings of the doors: where clients come in, and what one client may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from everdoor.settings.kinds import DoorPort, Folder, Limit, Networks, Port, Seconds, setting


class DoorSettings(BaseModel):
    """Ports, addresses, limits of a client."""

    listen_address: str = setting(
        "",
        "an IP address, or nothing for all",
        "Address on which clients are accepted. Empty: every address of the machine, IPv6 and "
        "IPv4. `127.0.0.1` keeps the game to this machine.",
    )
    telnet_port: Port = setting(
        4000,
        "a port, 0 to 65535",
        "TCP port for telnet clients, shared by all portals of one home. 0: any free one, told in "
        "the log and by `everdoor status`.",
    )
    tls_port: DoorPort = setting(
        4003,
        "a port, 0 to 65535, or off",
        "TCP port for telnet clients that speak TLS (1.2 or newer) from their first byte, shared "
        "by all portals of one home. 0: any free one. `off`: there is no such door. See "
        "tls_certificate.",
    )
    tls_certificate: Folder | None = setting(
        None,
        "a file, or nothing for one of our own",
        "Certificate of the TLS doors, in PEM, with those that it hangs on behind it. Read again "
        "when the file changes, without a restart. Empty: one that is signed by nobody, made at "
        "the first start and kept under the home. See tls_key.",
    )
    tls_key: Folder | None = setting(
        None,
        "a file, or nothing",
        "Private key of tls_certificate, in PEM and without a passphrase. Empty: it is in the file "
        "of the certificate.",
    )
    ssh_port: DoorPort = setting(
        4004,
        "a port, 0 to 65535, or off",
        "TCP port for SSH clients, shared by all portals of one home. 0: any free one. `off`: "
        "there is no such door.",
    )
    web_port: DoorPort = setting(
        lambda known: 4001 if known["telnet_port"] else 0,
        "a port, 0 to 65535, or off",
        "TCP port for browsers and WebSocket clients, shared by all portals of one home; the page "
        "to play on is there. Unless set: 4001, or any free one when telnet_port is. 0: any free "
        "one. `off`: there is no such door.",
    )
    web_tls: bool = setting(
        False,
        "true or false",
        "Whether the web port speaks TLS (https, wss), with the certificate of the TLS doors. See "
        "tls_certificate.",
    )
    web_origins: str = setting(
        "",
        "origins such as https://game.example, separated by commas, or *, or nothing",
        "Other sites whose pages may connect to the web port. Empty: only pages that came from the "
        "same host and port, and programs that are no browsers. `*`: all.",
    )
    trusted_proxies: Networks = setting(
        "",
        "IP addresses and ranges, separated by commas, or nothing",
        "Web proxies in front of the web port, such as `127.0.0.1, 10.0.0.0/8`, whose header "
        "X-Forwarded-For tells the client's address. Empty: nobody is believed.",
    )
    telnet_keepalive_s: Seconds = setting(
        30.0,
        "seconds, 0 or more",
        "Time between two signs of life (NOP) that a portal sends to telnet clients, so that "
        "routers on the way do not forget a quiet connection. 0: none are sent.",
    )
    servername: Annotated[str, Field(min_length=1, max_length=80)] = setting(
        "Everdoor",
        "1 to 80 characters",
        "What the game is called: on the page of the web port, and to those who list games (MSSP, "
        "the command `info`).",
    )
    proxy_protocol_from: Networks = setting(
        "",
        "IP addresses and ranges, separated by commas, or nothing",
        "Proxies in front of the portals, such as `127.0.0.1, 10.0.0.0/8`: a connection from there "
        "must begin with a PROXY header (version 1 or 2), and the client's address is the one that "
        "it tells. Empty: nobody is believed.",
    )
    max_char_limit: Limit = setting(
        6000,
        "a number of characters, 0 or more",
        "Longest line of input in characters; a longer one is refused with a message. 0: only "
        "the limit of the wire holds (64 KiB).",
    )
    held_input_lines: Limit = setting(
        500,
        "a number of lines, 0 or more",
        "Lines of one session that a portal holds unanswered before it stops reading from that "
        "client; nothing is dropped. 0: no bound. See max_hold_s.",
    )
    max_connection_rate: Limit = setting(
        20,
        "connections per second, 0 or more",
        "Clients of one address (/64 for IPv6) that a portal takes in a second. More of them wait "
        "their turn and are told; beyond five seconds' worth they are refused. 0: no limit.",
    )
    max_preauth_per_address: Limit = setting(
        10,
        "a number of clients, 0 or more",
        "Clients of one address (/64 for IPv6) that may be connected to a portal without being "
        "logged in; more are refused. 0: no limit. See login_grace_s.",
    )
    login_grace_s: Seconds = setting(
        120.0,
        "seconds, 0 or more",
        "How long a client may stay connected without logging in. 0: for ever.",
    )
    max_command_rate: Limit = setting(
        80,
        "lines per second, 0 or more",
        "Lines of one session that are read in a second, after a burst of twice as many; a faster "
        "client is held back, nothing is dropped. 0: no limit.",
    )
    idle_timeout: Seconds = setting(
        0.0,
        "seconds, 0 or more",
        "How long nothing may come from a session before it is disconnected; `idle`, which clients "
        "can send by themselves, is activity too. 0: for ever.",
    )
    max_output_queue: Limit = setting(
        1024 * 1024,
        "bytes, 0 or more",
        "Output of one session that its client has not taken; one that is further behind is "
        "disconnected, and others do not notice. 0: no limit.",
    )
