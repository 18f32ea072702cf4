"""What a portal measures, by the names of `everdoor.measures`.

Figures are counted where they arise, in plain numbers; this reads them when somebody asks.
"""

from __future__ import annotations

from collections import Counter

from everdoor.measures import Measured, counted, single
from everdoor_portal.limits import Entrance
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.uplink import LinkState, Uplink


def measured(sessions: PortalSessionHandler, uplink: Uplink, entrance: Entrance) -> Measured:
    """All figures of one portal."""
    here = [session for session in sessions if session.has_client]
    return {
        "everdoor_connections": counted(Counter(session.protocol_key for session in here)),
        "everdoor_lines_total": single(sessions.lines_read),
        "everdoor_line_seconds": [[[], sessions.line_seconds.figure()]],
        "everdoor_held_inputs": single(sum(len(session.held) for session in sessions)),
        "everdoor_outputs_total": single(sessions.outputs_shown),
        "everdoor_client_queue_bytes": single(sum(session.unsent_bytes() for session in here)),
        "everdoor_link_up": single(int(uplink.state is LinkState.OPEN)),
        "everdoor_hellos_total": single(uplink.epoch),
        "everdoor_refusals_total": counted(entrance.refusals),
        "everdoor_slow_clients_total": single(sessions.slow_clients),
    }
