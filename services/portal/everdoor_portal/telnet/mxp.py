"""MXP, whose agreement is all that telnet has of it; links are the renderer's.

Source: MUD eXtension Protocol 1.0, https://www.zuggsoft.com/zmud/mxp.htm
"""

from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation


class MxpHandler:
    """Turns MXP on at the client once it has agreed."""

    __slots__ = ()
    is_settled = True

    def begin(self) -> Answer:
        """Begin: clients wait for an empty subnegotiation before they read marks."""
        return Answer(send=b"")

    def receive(self, payload: bytes) -> Answer:
        """Take the client's own empty subnegotiation, which some send back.

        Raises:
            MalformedSubnegotiation: It is not empty.
        """
        if payload:
            raise MalformedSubnegotiation("MXP expects nothing from the client")
        return Answer()
