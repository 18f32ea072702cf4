"""All that a system has written or shows, to be searched for what must be nowhere."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import zstandard

from everdoor.endpoints import endpoints
from integration.system import PATIENCE_S, System

KEY_FOLDERS = ("keys", "ssh", "tls")
"""Folders of a home with the keys that it needs itself."""

SHOWN = (
    ["session", "list", "--json"],
    ["status", "--json"],
    ["metrics", "--json"],
    ["portal", "list", "--json"],
    ["account", "list", "--json"],
    ["log", "--no-follow", "-n", "100000"],
)


def places(system: System, sessids: Iterable[int], accounts: Iterable[str]) -> dict[str, bytes]:
    """Everything that a system has written or shows, by what it is.

    Files of `KEY_FOLDERS` are left out.

    Args:
        sessids: Sessions to be shown each by itself.
        accounts: Names of accounts likewise.
    """
    commands = [*SHOWN]
    commands += [["account", "show", name, "--json"] for name in accounts]
    commands += [["session", "show", str(sessid), "--json"] for sessid in sessids]
    commands += [["session", "dump", str(sessid)] for sessid in sessids]
    with ThreadPoolExecutor(2) as pool:
        shown = pool.map(lambda command: _shown(system, *command), commands)
        found = dict(zip(map(" ".join, commands), shown, strict=True))
    found |= _archive(system) | _metrics(found["metrics --json"])
    backup = system.folder / "backup"
    shutil.rmtree(backup, ignore_errors=True)
    system.run("db", "backup", str(backup))
    return found | _files(system)


def _shown(system: System, *command: str) -> bytes:
    done = system.run(*command)
    return (done.stdout + done.stderr).encode()


def _archive(system: System) -> dict[str, bytes]:
    path = system.folder / "sessions.eds"
    system.run("session", "save", str(path), "--description", "a moment")
    content = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    dumped = _shown(system, "session", "dump", str(path))
    assert dumped.count(b"protocol_key") >= 1, "it has sessions"
    return {"archive": content, "dump": dumped}


def _metrics(told: bytes) -> dict[str, bytes]:
    found = {}
    urls = json.loads(told)
    assert urls, "processes tell what they measure"
    for process, url in urls.items():
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            found[f"metrics of {process}"] = answer.read()
    return found


def _files(system: System) -> dict[str, bytes]:
    sockets = endpoints(system.home, Path(tempfile.gettempdir()), os.getuid()).folder
    return {
        str(path): path.read_bytes()
        for folder in (system.folder, sockets)
        for path in folder.rglob("*")
        if path.is_file() and path.parent not in [system.home / each for each in KEY_FOLDERS]
    }
