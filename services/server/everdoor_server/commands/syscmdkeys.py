"""Keys of the system commands, which the server runs by itself.

A game replaces one by adding a Command with that key to a command set.
"""

from __future__ import annotations

from typing import Final

CMD_LOGINSTART: Final = "__unloggedin_look_command"
"""A client has connected. Its caller is the session."""

CMD_NOINPUT: Final = "__noinput_command"
"""An empty line was sent. Without it nothing happens."""

CMD_NOMATCH: Final = "__nomatch_command"
"""No command fits the line; `args` is the line."""

CMD_MULTIMATCH: Final = "__multimatch_command"
"""Several commands fit the line; `args` is the line, `matches` the list of `parser.Match`."""

PREFIX: Final = "__"
"""How such keys begin; no player can type one."""
