"""The command that runs Python within the server."""

from __future__ import annotations

import io
import traceback
from contextlib import redirect_stdout
from typing import Any

from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxCommand

SWITCHED_OFF = "The command py is switched off in this world (setting py_enabled)."


class CmdPy(MuxCommand):
    """
    run Python in the server

    Usage:
      py <code>

    `self` and `me` are you, `here` is where you are, `game` is the world. What
    an expression gives and what is printed is shown.

    Whoever has this command has all that the server has.
    """

    key = "py"
    aliases = ("!",)
    locks = "cmd:none()"  # superusers alone
    help_category = "System"
    arg_regex = None

    def func(self) -> None:
        if not self.game.options.py_enabled:
            self.msg(SWITCHED_OFF)
        elif not self.args:
            self.msg("Usage: py <code>")
        else:
            self.msg(f">>> {escape(self.args)}")
            self.msg(escape(self._run(self.args)))

    def _run(self, code: str) -> str:
        """What the code prints and gives, or the error that it raises."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                shown = _evaluated(code, self._names())
        except BaseException as exc:  # exit() ends the line, not the server
            shown = "".join(traceback.format_exception_only(exc)).rstrip("\n")
        return f"{printed.getvalue()}{shown}"

    def _names(self) -> dict[str, Any]:
        caller = self.caller
        here = getattr(caller, "location", None)
        return {"self": caller, "me": caller, "here": here, "game": self.game}


def _evaluated(code: str, names: dict[str, Any]) -> str:
    try:
        compiled = compile(code, "<py>", "eval")
    except SyntaxError:
        exec(compile(code, "<py>", "exec"), names)
        return "Done."
    return repr(eval(compiled, names))
