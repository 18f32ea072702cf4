"""SSH without sockets: the line that a player edits at a terminal, and refusals in its words.

Keys, ciphers and channels are asyncssh's, the transport around both `gateways.ssh`.
"""
