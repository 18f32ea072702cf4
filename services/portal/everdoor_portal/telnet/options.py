"""Telnet's numbers with their names, and the table of the options that we support.

A further option is one row of `SUPPORTED` and, when it has subnegotiations, one handler class.
How an option is agreed on is `negotiation`; what is not in the table is refused there.

Source: RFC 854 (commands), RFC 855 (options), the IANA registry of telnet options.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from everdoor_portal.telnet.charset import CharsetHandler
from everdoor_portal.telnet.gmcp import GmcpHandler
from everdoor_portal.telnet.handlers import OptionHandler
from everdoor_portal.telnet.linemode import LinemodeHandler
from everdoor_portal.telnet.msdp import MsdpHandler
from everdoor_portal.telnet.mssp import MsspHandler
from everdoor_portal.telnet.mxp import MxpHandler
from everdoor_portal.telnet.naws import NawsHandler
from everdoor_portal.telnet.newenviron import NewEnvironHandler
from everdoor_portal.telnet.ttype import TtypeHandler


class Command(IntEnum):
    """What may follow an IAC."""

    EOR = 239
    SE = 240
    NOP = 241
    DM = 242
    BRK = 243
    IP = 244
    AO = 245
    AYT = 246
    EC = 247
    EL = 248
    GA = 249
    SB = 250
    WILL = 251
    WONT = 252
    DO = 253
    DONT = 254
    IAC = 255


class Option(IntEnum):
    """The options that we use."""

    BINARY = 0
    ECHO = 1
    SGA = 3
    TTYPE = 24
    EOR = 25
    NAWS = 31
    LINEMODE = 34
    NEW_ENVIRON = 39
    CHARSET = 42
    MSDP = 69
    MSSP = 70
    COMPRESS2 = 86
    MXP = 91
    GMCP = 201


class Support(NamedTuple):
    """How we stand to one option.

    Attributes:
        option: Which one.
        accepts_local: We do it (WILL) when the client asks (DO).
        offers_local: We offer to do it (WILL) at the start; implies `accepts_local`.
        accepts_remote: We let the client do it (DO) when it offers (WILL).
        asks_remote: We ask the client for it (DO) at the start.
        flag: Protocol flag that is true while we do the option, or another one of this flag.
        handler: Makes the handler of its subnegotiations; None when it has none.
    """

    option: Option
    accepts_local: bool = False
    offers_local: bool = False
    accepts_remote: bool = False
    asks_remote: bool = False
    flag: str = ""
    handler: Callable[[], OptionHandler] | None = None


# ECHO is not accepted on either side: echoing is ours to ask for, only while a password is
# typed. SGA must always be accepted, on both sides (RFC 1123, 3.2.2). BINARY changes nothing: all
# 8 bits are used without it, and lines end in it as ever. COMPRESS2 is offered last: all that is
# offered before it can be read by who knows nothing of it.
SUPPORTED: dict[int, Support] = {
    support.option: support
    for support in (
        Support(Option.ECHO),
        Support(Option.SGA, accepts_local=True, accepts_remote=True),
        Support(Option.BINARY, accepts_local=True, accepts_remote=True),
        Support(Option.LINEMODE, accepts_remote=True, handler=LinemodeHandler),
        Support(Option.TTYPE, accepts_remote=True, asks_remote=True, handler=TtypeHandler),
        Support(Option.NAWS, accepts_remote=True, asks_remote=True, handler=NawsHandler),
        Support(
            Option.NEW_ENVIRON, accepts_remote=True, asks_remote=True, handler=NewEnvironHandler
        ),
        Support(Option.CHARSET, accepts_local=True, offers_local=True, handler=CharsetHandler),
        Support(Option.EOR, accepts_local=True, offers_local=True),
        Support(Option.MSSP, accepts_local=True, offers_local=True, handler=MsspHandler),
        Support(
            Option.GMCP, accepts_local=True, offers_local=True, flag="OOB", handler=GmcpHandler
        ),
        Support(
            Option.MSDP, accepts_local=True, offers_local=True, flag="OOB", handler=MsdpHandler
        ),
        Support(Option.MXP, accepts_local=True, offers_local=True, flag="MXP", handler=MxpHandler),
        Support(Option.COMPRESS2, accepts_local=True, offers_local=True, flag="MCCP"),
    )
}


def command_name(code: int) -> str:
    """Name a command for a log line; unknown ones by their number."""
    return Command(code).name if code in Command._value2member_map_ else f"command {code}"


def option_name(code: int) -> str:
    """Name an option for a log line; unknown ones by their number."""
    return Option(code).name if code in Option._value2member_map_ else f"option {code}"
