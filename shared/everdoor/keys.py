"""Keys with which processes of different hosts know each other, kept in a home.

`<home>/keys/<role>.json` holds a pair of this home's own, `allowed.json` the public keys of others:
who they are, and for portals the host whose portals they may speak for. Whoever is not in it is
not let in. Keys are made, and sockets protected with them, by `everdoor.bus`.

Source: docs/protocol.md, section 9.2; ZeroMQ RFC 26 (CurveZMQ).
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from everdoor.errors import StartupError, UserError
from everdoor.listeners import private_folder
from everdoor.lockfile import locked
from everdoor.peers import KeyRole, Peer, confused_with

ROLES: tuple[KeyRole, ...] = ("auth", "server", "portal")

KEY_BYTES = 32
MIN_PREFIX = 8
"""Digits of a key that are enough to name it, if no other begins so."""

T = TypeVar("T")


class KeyPair(msgspec.Struct, frozen=True):
    """A pair of one role; keys are 64 hexadecimal digits. It does not show its secret."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"


class Keys:
    """The keys of one home; nothing is read before it is asked for."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "keys"
        self._seen: tuple[int, int] | None = None
        self._allowed: dict[str, Peer] = {}

    # This home's own.

    def own(self, role: KeyRole) -> KeyPair:
        """The pair of a role.

        Raises:
            StartupError: There is none, or others than its owner may read it.
        """
        path = self._path(role)
        if not path.exists():
            raise StartupError(
                f"{self._home} has no {role} key, and other hosts are reached with keys only: "
                f"make one with `everdoor keys new {role}`"
            )
        return _read(path, KeyPair)

    def owns(self) -> dict[KeyRole, str]:
        """The public keys of this home's own pairs, by role."""
        return {role: self.own(role).public for role in ROLES if self._path(role).exists()}

    def keep(self, role: KeyRole, pair: KeyPair, replace: bool) -> None:
        """Store a new pair.

        Raises:
            UserError: There is one, and it is not to be replaced.
        """
        path = self._path(role)
        if path.exists() and not replace:
            raise UserError(
                f"{self._home} has a {role} key already, which others may know; "
                f"`everdoor keys new {role} --replace` makes another"
            )
        _write(path, pair)

    # Others.

    def allowed(self) -> dict[str, Peer]:
        """Who is allowed in, by key; read again when the file has changed."""
        path = self._folder / "allowed.json"
        try:
            found = path.stat()
        except FileNotFoundError:
            self._seen, self._allowed = None, {}
            return self._allowed
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._allowed = {peer.key: peer for peer in _read(path, list[Peer])}
            self._seen = seen
        return self._allowed

    def service(self, role: KeyRole) -> str:
        """The public key by which a service of another home is known: the one allowed last.

        Raises:
            StartupError: None is known.
        """
        found = [peer for peer in self.allowed().values() if peer.role == role]
        if not found:
            raise StartupError(
                f"{self._home} does not know the key of the {role} that it is to reach: "
                f"`everdoor keys list` there shows it, `everdoor keys allow {role} KEY` here"
            )
        return max(found, key=lambda peer: peer.added).key

    def allow(self, role: KeyRole, key: str, host: str, own_host: str) -> None:
        """Let a key in, from now on.

        Args:
            host: For portals, the name of their host; else empty.
            own_host: This machine's name.

        Raises:
            UserError: The key is none, or the host's portals could not be told from another's.
        """
        _check_key(key)
        with locked(private_folder(self._folder) / "lock"):
            others = {peer.host for peer in self.allowed().values() if peer.host} | {own_host}
            if host and (other := confused_with(host, sorted(others))):
                raise UserError(
                    f"portals of {host} could not be told from those of {other}: one name "
                    "begins with the other; give one host another name"
                )
            peers = {**self.allowed(), key: Peer(role, key, host, time.time())}
            _write(self._folder / "allowed.json", list(peers.values()))

    def revoke(self, text: str) -> Peer:
        """Let a key in no more.

        Args:
            text: The key, or enough of its beginning.

        Raises:
            UserError: No key begins so, or several do.
        """
        with locked(private_folder(self._folder) / "lock"):
            peers = self.allowed()
            found = [key for key in peers if key.startswith(text) and len(text) >= MIN_PREFIX]
            if len(found) != 1:
                many = "several keys begin" if found else "no allowed key begins"
                raise UserError(
                    f"{many} with {text!r}: expected a key, or at least {MIN_PREFIX} digits of "
                    "its beginning; `everdoor keys list` shows them"
                )
            kept = [peer for key, peer in peers.items() if key != found[0]]
            revoked = peers[found[0]]
            _write(self._folder / "allowed.json", kept)
        return revoked

    def _path(self, role: KeyRole) -> Path:
        return self._folder / f"{role}.json"


def _check_key(key: str) -> None:
    try:
        fits = len(bytes.fromhex(key)) == KEY_BYTES and key == key.lower() and len(key) == 64
    except ValueError:
        fits = False
    if not fits:
        raise UserError(f"expected a public key, 64 hexadecimal digits, got {key!r}")


def _read(path: Path, kind: type[T]) -> T:
    """Read a file of keys.

    Raises:
        StartupError: It cannot be read, is damaged, or others than its owner may read it.
    """
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise StartupError(
                f"{path}: expected mode 600, found {stat.filemode(mode)}; others may have read "
                "it: make new keys, or set its mode if nobody has"
            )
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as exc:
        raise StartupError(f"{path}: cannot be read: {exc.strerror}") from exc
    except msgspec.DecodeError as exc:
        raise StartupError(f"{path}: is damaged ({exc}); remove it and make it anew") from exc


def _write(path: Path, content: object) -> None:
    """Write a file of keys: as a whole, for its owner only."""
    private_folder(path.parent)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
