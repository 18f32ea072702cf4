"""Every message between processes as a typed struct; docs/protocol.md is the authority.

`stream` (portal and server), `events` (published), `calls` (asked and answered). Nothing but
fields lives here: bytes are made in `everdoor.codec`, meaning in the cores of each process.
"""
