"""CHARSET, the encoding that a client chooses from those that we offer.

Only we offer: which encodings there are is known here, and two ends that both ask at once would
have to sort out whose question counts. Translation tables are neither offered nor taken.

Source: RFC 2066.
"""

from everdoor.encodings import DEFAULT_ENCODING, encoding_name
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation

REQUEST = 1
ACCEPTED = 2
REJECTED = 3

OFFERED = ("UTF-8", "ISO-8859-1")
"""Names of the IANA registry, the one that we prefer first."""

_SEPARATOR = ";"
_ENCODINGS = {name.upper(): encoding_name(name) or DEFAULT_ENCODING for name in OFFERED}


class CharsetHandler:
    """Asks once; the answer becomes the flags `ENCODING` and `UTF-8`."""

    __slots__ = ("is_settled",)

    def __init__(self) -> None:
        self.is_settled = False

    def begin(self) -> Answer:
        """Ask which of the encodings the client would have."""
        offered = "".join(_SEPARATOR + name for name in OFFERED)
        return Answer(send=bytes((REQUEST,)) + offered.encode("ascii"))

    def receive(self, payload: bytes) -> Answer:
        """Read `[ACCEPTED][name]` or `[REJECTED]`; after a rejection nothing is changed.

        Raises:
            MalformedSubnegotiation: Nothing was asked, neither of the two came, or a name that
                was not offered.
        """
        if self.is_settled:
            raise MalformedSubnegotiation("CHARSET answer without a question")
        if payload == bytes((REJECTED,)):
            self.is_settled = True
            return Answer()
        if payload[:1] != bytes((ACCEPTED,)):
            raise MalformedSubnegotiation("CHARSET expects ACCEPTED or REJECTED from the client")
        encoding = _ENCODINGS.get(payload[1:].decode("latin-1").upper())
        if encoding is None:
            raise MalformedSubnegotiation(f"CHARSET expects one of {', '.join(OFFERED)}")
        self.is_settled = True
        return Answer({"ENCODING": encoding, "UTF-8": encoding == DEFAULT_ENCODING})
