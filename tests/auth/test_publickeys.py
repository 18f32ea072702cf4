"""Public keys as people have them in files."""

from __future__ import annotations

import base64

import asyncssh
import pytest

from everdoor.errors import UserError
from everdoor_auth.publickeys import read_public_key


def test_key_is_read_with_the_fingerprint_that_ssh_shows() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="anna@snake")
    line = key.export_public_key().decode()
    assert read_public_key(line) == ("ssh-ed25519", key.get_fingerprint(), "anna@snake")


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ssh-rsa"])
def test_other_kinds_are_read_too(kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    read = read_public_key(key.export_public_key().decode())
    assert (read.kind, read.fingerprint) == (kind, key.get_fingerprint())


def test_comment_is_cleaned() -> None:
    line = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    assert read_public_key(f"{line[0]} {line[1]} a\x1b[31m b").comment == "a[31m b"


def blob(*fields: bytes) -> str:
    return base64.b64encode(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).decode()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "expected a line such as"),
        ("hello", "expected a line such as"),
        ("ssh-dss AAAA", "the kinds taken are"),
        ("ssh-ed25519 ???", "is no base64"),
        ("ssh-ed25519", "is no key of that kind"),
        (f"ssh-ed25519 {blob(b'ssh-rsa', b'x')}", "is no key of that kind"),
        (f"ssh-ed25519 {blob(b'ssh-ed25519', b'x')[:-8]}", "is no key of that kind"),
        (f"ssh-rsa {blob(b'ssh-rsa', b'3', bytes(1) + b'x' * 128)}", "2048 bits or more, got 1023"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "give the public one"),
    ],
)
def test_what_is_no_key_is_refused_with_what_is_expected(line: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_public_key(line)
