"""Scripts and delays: what happens at a time, on an object or by itself."""

from everdoor_server.scripts.asking import create_script, delay, search_script
from everdoor_server.scripts.base import Script
from everdoor_server.scripts.delays import Delay, DelayedCall
from everdoor_server.scripts.handler import ScriptHandler
from everdoor_server.scripts.index import Scripts
from everdoor_server.scripts.timers import Timers

__all__ = [
    "Delay",
    "DelayedCall",
    "Script",
    "ScriptHandler",
    "Scripts",
    "Timers",
    "create_script",
    "delay",
    "search_script",
]
