"""What somebody sees who has just connected; a world sets its own as `connection_screen`."""

from __future__ import annotations

from typing import Final

CONNECTION_SCREEN: Final = """
|b====================================================================|n

         .----------.
        /          /:        |wE V E R D O O R|n
       :          : :
       :          : :        A house at the edge of a town.
       :          : :        Nobody remembers its doors closed.
       :        o : :
       :          : :
       :          :/
  ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

  You have been here before:     |wconnect <name> <password>|n
  You are new:                   |wcreate <name> <password>|n

  Names with spaces go in "quotes". |whelp|n tells more, |wlook|n shows
  this again, |wquit|n leaves.
|b====================================================================|n
"""
