"""The telnet protocol without I/O: bytes in, events and bytes out.

`connection.TelnetConnection` is the whole of it; the other modules are its parts. Sockets and
timers belong to the telnet gateway, markup to the renderer.
"""
