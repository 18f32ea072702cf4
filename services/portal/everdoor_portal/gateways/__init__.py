"""Doors for clients: one module a protocol, each a PortalSession with a transport."""
