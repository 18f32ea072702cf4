import zlib

from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.mccp import Compressor


@given(st.lists(st.binary(max_size=200), max_size=5), st.binary(max_size=50))
def test_each_write_can_be_read_at_once_and_plain_bytes_follow_the_end(
    writes: list[bytes], last: bytes
) -> None:
    compressor, client = Compressor(), zlib.decompressobj()
    for data in writes:
        assert client.decompress(compressor.compress(data)) == data
    assert not client.eof
    assert client.decompress(compressor.finish(last) + b"plain") == last
    assert client.eof and client.unused_data == b"plain"


def test_text_that_repeats_gets_short() -> None:
    compressor = Compressor()
    screen = b"".join(b"You see exit number %d here.\r\n" % number for number in range(50))
    compressor.compress(screen)
    assert len(compressor.compress(screen)) < len(screen) / 20
