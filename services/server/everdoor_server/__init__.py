"""The game server, and what game developers import."""
