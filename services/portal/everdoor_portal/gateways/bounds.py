"""What gateways of several protocols hold their clients to, and say to them."""

from __future__ import annotations

READ_BYTES = 16 * 1024
"""Read at a time, into one buffer for all: so many bytes can be so many lines, and each is held
until it is done."""

NO_LIMIT = 2**31 - 1
"""The most that a transport can be told."""

CLOSE_S = 5.0
"""How long a closing connection may take to send what is unsent."""

CONFIRM_S = 1.0
"""How often it is looked what a client that may come back has got: what it is shown again, if its
portal dies and it does not count itself."""

TOKEN_BYTES = 32

TOO_LONG = "Your line has {length} characters; at most {most} are taken. It was not done."
