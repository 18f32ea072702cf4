"""Channels: what accounts say to all who listen, wherever they are."""

from everdoor_server.channels.channel import Channel, Said
from everdoor_server.channels.index import Channels

__all__ = ["Channel", "Channels", "Said"]
"""Only these are for rooms above."""
