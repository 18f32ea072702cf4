"""The certificate of the TLS doors: made once, renewed without a restart, never for worse."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from everdoor.errors import StartupError
from everdoor.settings import Settings
from everdoor_portal.gateways.certificates import Certificates, certificates_of, self_signed

Pair = tuple[Path, Path]


def shown(certificates: Certificates) -> str:
    """The certificate that a client is shown, in PEM, by a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client = trusting.wrap_bio(to_client, to_server)
    server = certificates.context.wrap_bio(to_server, to_client, server_side=True)
    steps: list[Callable[[], None]] = [client.do_handshake, server.do_handshake]
    while steps:
        for step in list(steps):
            try:
                step()
                steps.remove(step)
            except ssl.SSLWantReadError:
                continue
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return ssl.DER_cert_to_PEM_cert(found)


def parts(pem: bytes) -> tuple[bytes, bytes]:
    """Key and certificate, as `self_signed` writes them."""
    key, mark, certificate = pem.partition(b"-----BEGIN CERTIFICATE-----")
    return key, mark + certificate


def write(path: Path, data: bytes) -> None:
    """As renewal programs do: another file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A certificate and its key in two files."""
    key, certificate = parts(self_signed())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_bytes(certificate)
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_certificate_is_made_once_for_all_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "home").mkdir()
    with ThreadPoolExecutor(4) as pool:
        all_of_them = list(pool.map(lambda _: shown(certificates_of(settings)), range(4)))
    path = tmp_path / "home" / "tls" / "certificate.pem"
    assert set(all_of_them) == {parts(path.read_bytes())[1].decode()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == ["certificate.pem", "lock"]


def test_own_certificate_is_shown(pair: Pair, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tls_certificate=pair[0], tls_key=pair[1])
    assert shown(certificates_of(settings)) == pair[0].read_text()


def test_certificate_that_is_renewed_is_shown_from_then_on(pair: Pair, tmp_path: Path) -> None:
    certificates = Certificates(*pair, tmp_path)
    old = shown(certificates)
    key, certificate = parts(self_signed())
    write(pair[0], certificate)
    with capture_logs() as logs:
        certificates.refresh()
        certificates.refresh()
    assert [line["event"] for line in logs] == ["certificate not renewed"]
    assert shown(certificates) == old
    write(pair[1], key)
    with capture_logs() as logs:
        certificates.refresh()
        certificates.refresh()
    assert [line["event"] for line in logs] == ["certificate renewed"]
    assert shown(certificates) == certificate.decode() != old


@pytest.mark.parametrize("broken", [b"", b"-----BEGIN nonsense", None])
def test_certificate_that_is_broken_or_gone_changes_nothing(
    pair: Pair, tmp_path: Path, broken: bytes | None
) -> None:
    certificates = Certificates(*pair, tmp_path)
    old = shown(certificates)
    os.unlink(pair[0])
    if broken is not None:
        pair[0].write_bytes(broken)
    with capture_logs() as logs:
        certificates.refresh()
    assert [line["event"] for line in logs] == ["certificate not renewed"]
    assert shown(certificates) == old


@pytest.mark.parametrize("file", [0, 1])
def test_certificate_that_cannot_be_used_at_the_start_is_told(
    pair: Pair, tmp_path: Path, file: int
) -> None:
    pair[file].unlink()
    with pytest.raises(StartupError, match="No such file .*EVERDOOR_TLS_CERTIFICATE"):
        Certificates(*pair, tmp_path)


def test_key_with_a_passphrase_is_told_and_asks_nobody(pair: Pair, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pair[1].read_bytes(), None)
    pair[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(StartupError, match="passphrase"):
        Certificates(*pair, tmp_path)
