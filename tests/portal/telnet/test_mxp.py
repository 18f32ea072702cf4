import pytest

from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation
from everdoor_portal.telnet.mxp import MxpHandler


def test_mxp_begins_with_an_empty_subnegotiation() -> None:
    assert MxpHandler().begin() == Answer(send=b"")


def test_mxp_takes_an_empty_subnegotiation_only() -> None:
    assert MxpHandler().receive(b"") == Answer()
    with pytest.raises(MalformedSubnegotiation, match="expects nothing"):
        MxpHandler().receive(b"<VERSION>")
