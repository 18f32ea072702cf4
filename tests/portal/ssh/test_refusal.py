"""Refusals in SSH's words."""

from __future__ import annotations

import pytest

from everdoor_portal.ssh.refusal import refusal


@pytest.mark.parametrize("length", range(40))
def test_refusal_is_a_version_and_a_packet_that_is_padded_as_it_must_be(length: int) -> None:
    version, _, packet = refusal("ä" + "x" * length).partition(b"\r\n")
    assert version == b"SSH-2.0-Everdoor"
    size, padding = int.from_bytes(packet[:4], "big"), packet[4]
    assert len(packet) == 4 + size and len(packet) % 8 == 0 and padding >= 4
    payload = packet[5 : len(packet) - padding]
    assert payload[:5] == b"\x01\0\0\0\x0c"
    told = int.from_bytes(payload[5:9], "big")
    assert payload[9 : 9 + told].decode() == "ä" + "x" * length
    assert payload[9 + told :] == b"\0\0\0\x02en"
