"""The certificate of the TLS doors: the operator's, or one made at the first start.

Whoever serves TLS takes the one `context` for all its connections, and calls `refresh` before a
handshake, or every few seconds: a certificate that has been renewed is then used for the
connections that follow, and nobody's connection ends. A new one that is broken, or whose key has
not come yet, changes nothing but the log.

What is spoken: TLS 1.2 and newer, with forward secrecy and authenticated encryption. Source: RFC
8446, RFC 9325 (recommendations for the use of TLS).
"""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from everdoor.errors import StartupError
from everdoor.listeners import private_folder
from everdoor_portal.gateways.homefiles import made_once, private_part

if TYPE_CHECKING:
    from everdoor.settings import Settings

VALID_DAYS = 3650
"""A certificate that nobody has signed is known by its fingerprint: a new one would look like
somebody else's."""

CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"

Stamp = tuple[tuple[int, int, int], ...]

_log = structlog.get_logger(__name__)


class Certificates:
    """A certificate and its key, as they are in their files.

    Args:
        certificate: File in PEM.
        key: File of its key; the same file may hold both.
        folder: Where copies for a moment may be written, which only its owner may enter.

    Attributes:
        context: For connections of clients, for as long as the process lives.

    Raises:
        StartupError: They cannot be used.
    """

    def __init__(self, certificate: Path, key: Path, folder: Path) -> None:
        self._files = (certificate, key)
        self._folder = folder
        self.context = _new_context()
        self._stamp = self._look()
        try:
            self._load()
        except (OSError, ValueError) as exc:
            raise StartupError(
                f"the certificate {certificate} cannot be used: {_why(exc)}; set "
                "EVERDOOR_TLS_CERTIFICATE and EVERDOOR_TLS_KEY to a certificate and its key in PEM"
            ) from exc

    def refresh(self) -> None:
        """Read the files again if they have changed; cheap if they have not."""
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        certificate = str(self._files[0])
        try:
            self._load()
        except (OSError, ValueError) as exc:
            _log.warning("certificate not renewed", certificate=certificate, reason=_why(exc))
        else:
            _log.info("certificate renewed", certificate=certificate)

    def _look(self) -> Stamp:
        """What differs when a file is written or replaced; a file that is gone is one state."""
        found = []
        for path in self._files:
            try:
                seen = path.stat()
                found.append((seen.st_mtime_ns, seen.st_ino, seen.st_size))
            except OSError:
                found.append((0, 0, 0))
        return tuple(found)

    def _load(self) -> None:
        """Load what is in the files now, if it is sound.

        A context into which a certificate was loaded whose key does not fit is of no more use, so
        it is tried in another one first; a copy, because the files may change in between.
        """
        data = b"\n".join(path.read_bytes() for path in dict.fromkeys(self._files))
        with private_part(self._folder) as copy:
            copy.write_bytes(data)
            for context in (_new_context(), self.context):
                context.load_cert_chain(copy, password=_no_passphrase)


def certificates_of(settings: Settings) -> Certificates:
    """The certificate of a home, as its settings say; made if it has none.

    Raises:
        StartupError: It cannot be used, or made.
    """
    own = settings.home / "tls" / "certificate.pem"
    private_folder(own.parent)
    if settings.tls_certificate is None:
        made_once(own, self_signed)
    certificate = settings.tls_certificate or own
    return Certificates(certificate, settings.tls_key or certificate, own.parent)


def self_signed() -> bytes:
    """Make a certificate for this machine that nobody has signed: its key, then itself, in PEM."""
    # Half a second to import, for once in the life of a home.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Everdoor")])
    names = dict.fromkeys([socket.gethostname(), "localhost"])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A clock that is a little slow must not find it to begin in the future.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return private + certificate.public_bytes(encoding)


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_OF_TLS_1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase, which nobody could type")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)
