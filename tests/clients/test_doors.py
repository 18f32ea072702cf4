"""The doors as those who look for weaknesses see them, and who may come in by SSH."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from clients.programs import port_of, ssh
from everdoor_portal.telnet.options import SUPPORTED, Support
from integration.system import HOST, PASSWORD, PATIENCE_S, System, free_port, until

HERE = Path(sys.executable).parent
BY_PASSWORD = ["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password"]
NAMES = {"COMPRESS2": "MCCP2"}
"""Options that the fingerprint calls by another name."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        ports = {"tls_port": free_port(), "ssh_port": free_port()}
        with System(Path(path), portals=2, login_throttle_limit=0, **ports) as system:
            system.up()
            system.make_accounts(["Ada", "Bob"])
            yield system


def run(*command: object, code: int | None = 0) -> str:
    """Run a program to its end; returns what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE_S,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert code is None or done.returncode == code, done.stdout
    return done.stdout


def at_terminal(system: System, name: str, *options: str) -> pexpect.spawn:
    command = [*ssh(system), *options, f"{name}@{HOST}"]
    return pexpect.spawn(command[0], command[1:], timeout=PATIENCE_S, encoding="utf-8")


# What others find.


def test_ssh_audit_finds_no_failure(system: System) -> None:
    found = json.loads(
        run(HERE / "ssh-audit", "-j", "--skip-rate-test", "-p", port_of(system, "ssh"), HOST,
            code=None)
    )  # fmt: skip
    notes = {
        f"{kind} {each['algorithm']}": each["notes"]
        for kind in ("kex", "key", "enc", "mac")
        for each in found[kind]
    }
    assert notes and found["cves"] == []
    assert {name for name, said in notes.items() if said.get("fail")} == set()
    # Without post-quantum exchange: for clients that know none yet.
    warned = {name for name, said in notes.items() if said.get("warn")}
    assert warned == {"kex curve25519-sha256", "kex curve25519-sha256@libssh.org"}


def test_sslscan_finds_tls_1_2_and_newer_only(system: System) -> None:
    found = run("sslscan", "--no-colour", f"{HOST}:{port_of(system, 'tls')}")
    spoken = re.findall(r"^((?:SSL|TLS)v\S+)\s+(enabled|disabled)$", found, re.MULTILINE)
    assert dict(spoken) == {
        "SSLv2": "disabled", "SSLv3": "disabled", "TLSv1.0": "disabled",
        "TLSv1.1": "disabled", "TLSv1.2": "enabled", "TLSv1.3": "enabled",
    }  # fmt: skip
    ciphers = re.findall(r"^(?:Preferred|Accepted)\s+TLSv1\.2\s+\d+ bits\s+(\S+)", found, re.M)
    assert ciphers and all(re.match("ECDHE-.*(GCM|POLY1305)", each) for each in ciphers)
    assert "renegotiation not supported" in found


@pytest.mark.parametrize("door", ["telnet", "tls"])
def test_fingerprint_lists_all_that_is_claimed(system: System, door: str, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    options = ["--ssl-no-verify"] if door == "tls" else []
    program = HERE / "telnetlib3-fingerprint"
    run(program, *options, "--silent", "--scan-type", "full", "--save-json", path, HOST,
        port_of(system, door))  # fmt: skip
    found = json.loads(path.read_text())["server-probe"]["fingerprint-data"]
    offered = names(lambda s: s.accepts_local or s.offers_local)
    if door == "tls":
        offered.remove("MCCP2")  # which this program refuses where TLS is
    assert set(found["offered-options"]) == offered
    assert set(found["requested-options"]) == names(lambda s: s.asks_remote)
    assert found["looped-negotiation"] == found["wrong-direction-offered"] == []


def names(which: Callable[[Support], bool]) -> set[str]:
    """Options of which something is true, as the fingerprint calls them."""
    chosen = [support for support in SUPPORTED.values() if which(support)]
    return {NAMES.get(each.option.name, each.option.name) for each in chosen}


# Who comes in by SSH.


def test_ssh_logs_in_with_the_password_of_the_account(system: System) -> None:
    client = at_terminal(system, "ada", *BY_PASSWORD)
    client.expect_exact("password: ")
    client.sendline(PASSWORD)
    client.expect_exact("The Front Step")
    client.sendline("quit")
    client.expect_exact("Hope to see you again")
    client.expect(pexpect.EOF)
    client.close()
    assert client.exitstatus == 0


def test_ssh_says_the_same_of_a_wrong_password_and_an_unknown_name(system: System) -> None:
    def refused(name: str) -> str:
        client = at_terminal(system, name, *BY_PASSWORD, "-o", "NumberOfPasswordPrompts=1")
        client.expect_exact("password: ")
        client.sendline("not the password")
        client.expect(pexpect.EOF)
        client.close()
        return str(client.before).replace(name, "NAME")

    wrong, unknown = refused("Ada"), refused("Nobody")
    assert wrong == unknown and "Permission denied" in wrong


@pytest.mark.parametrize("name", ["new", "guest"])
def test_ssh_shows_the_login_screen_to_who_is_new(system: System, name: str) -> None:
    client = at_terminal(system, name)
    client.expect_exact("create <name> <password>")
    client.sendline(f'connect Bob "{PASSWORD}"')
    client.expect_exact("The Front Step")
    client.send("\x04")
    client.expect(pexpect.EOF)
    client.close()
    assert client.exitstatus == 0


def test_ssh_with_a_key_of_somebody_else_is_refused(system: System, tmp_path: Path) -> None:
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    told = run(*ssh(system), "-o", "BatchMode=yes", "-i", key, f"Ada@{HOST}", code=255)
    assert "Permission denied (publickey,password)" in told


def test_ssh_gives_a_terminal_and_nothing_else(system: System) -> None:
    options = ssh(system)
    assert "exec request failed" in run(*options, f"new@{HOST}", "ls", code=255)
    assert "subsystem request failed" in run(*options, "-s", f"new@{HOST}", "sftp", code=255)
    to = f"{HOST}:{system.port}"
    told = run(*options, "-W", to, f"new@{HOST}", code=255)
    assert "open failed" in told or "forwarding" in told
    told = run(*options, "-o", "ExitOnForwardFailure=yes", "-N", "-R", f"0:{to}", f"new@{HOST}",
               code=255)  # fmt: skip
    assert "remote port forwarding failed" in told


def test_ssh_without_a_terminal_reads_lines(system: System) -> None:
    command = [*ssh(system), "-T", f"new@{HOST}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None and client.stdout is not None
        client.stdin.write("help\nquit\n")
        client.stdin.flush()
        shown = client.stdout.read()
    assert "You are not logged in" in shown and "\x1b" not in shown
    assert client.returncode == 0


def test_ssh_takes_what_is_typed_before_the_session_has_begun(system: System) -> None:
    for _ in range(3):
        run(*ssh(system), "-T", f"new@{HOST}")
    client = at_terminal(system, "new")
    client.expect_exact("create <name> <password>")
    client.close(force=True)


def test_ssh_line_is_edited_and_remembered(system: System) -> None:
    client = at_terminal(system, "new")
    client.expect_exact("create <name> <password>")
    client.send("hxlp\x1b[D\x1b[D\x7fe\r")
    client.expect_exact("You are not logged in")
    client.send("nonsense\r")
    client.expect_exact("is not available")
    client.send("\x1b[A\x1b[A\r")
    client.expect_exact("You are not logged in")
    client.close(force=True)


def test_ssh_tells_who_is_banned_why(system: System) -> None:
    system.run("account", "ban", HOST, "--reason", "Spam.")
    try:
        until(lambda: b"Spam." in first_words(system), "the portals have heard of it")
        command = [*ssh(system), "-o", "LogLevel=INFO", f"new@{HOST}"]
        until(lambda: "Spam." in run(*command, code=None), "the client shows it")
    finally:
        (banned,) = json.loads(system.run("account", "bans", "--json").stdout)
        system.run("account", "unban", HOST)
    assert banned["reason"] == "Spam."


def first_words(system: System) -> bytes:
    """What SSH says before it is asked, if it then hangs up: a portal that has not heard of a ban
    yet, a moment after the command, waits for what the client has to say."""
    with socket.create_connection((HOST, port_of(system, "ssh")), 1.0) as raw:
        try:
            return raw.makefile("rb").read()
        except TimeoutError:
            return b""


def test_doors_are_told_by_status_and_share_their_ports(system: System) -> None:
    shown = system.run("status").stdout
    for door in ("telnet", "tls", "ssh"):
        assert shown.count(f"{door} port {port_of(system, door)}") == system.portals
    secrets = {
        path: path.stat().st_mode & 0o777
        for folder in ("tls", "ssh")
        for path in (system.home / folder).iterdir()
    }
    assert set(secrets.values()) == {0o600}
