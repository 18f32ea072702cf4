"""The world database."""

from everdoor_server.world.store import Store, upgrade

__all__ = ["Store", "upgrade"]
