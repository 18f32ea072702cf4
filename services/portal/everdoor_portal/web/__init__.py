"""The web door's protocols: handshake, pages, sub-protocols. Bytes and messages, no socket."""
