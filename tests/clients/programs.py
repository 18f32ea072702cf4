"""Programs of others by which people play, driven at a terminal as people do.

Each is started with what its own user would type, and has what it is known to be able to do; the
game it plays has a few commands more, which say what the server knows of a client.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pexpect

from integration.system import HOST, PASSWORD, PATIENCE_S, System

ROWS, COLUMNS = 33, 101
LATER_ROWS, LATER_COLUMNS = 44, 91
SECRET = "a very private matter"

COMMANDS = '''
from everdoor_server import Command, default_cmds


class CmdWhatAmI(Command):
    """
    tell what is known of you

    Usage:
      whatami
    """

    key = "whatami"

    def func(self):
        flags = self.session.protocol_flags
        size = f"{flags['SCREENWIDTH']} by {flags['SCREENHEIGHT']}"
        self.msg(f"You are {self.account.key} by {self.session.protocol_key}, {size}.")


class CmdConfide(Command):
    """
    tell a secret

    Usage:
      confide
    """

    key = "confide"

    async def func(self):
        told = await self.ask("Whisper it: ", hidden=True)
        self.msg(f"That were {len(told)} letters.")


class CmdChoose(Command):
    """
    choose a colour

    Usage:
      choose
    """

    key = "choose"

    async def func(self):
        told = await self.ask("Which colour? ")
        self.msg(f"It is {told} now.")


class CmdPulse(Command):
    """
    have your client told how you are

    Usage:
      pulse
    """

    key = "pulse"

    def func(self):
        self.msg(char_vitals={"hp": 4711})
        self.msg("Your pulse was taken.")


class SessionCmdSet(default_cmds.SessionCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        for command in (CmdWhatAmI, CmdConfide, CmdChoose, CmdPulse):
            self.add(command())
'''


def make_game(folder: Path) -> Path:
    """A game with those commands."""
    folder.mkdir()
    (folder / "cmdsets.py").write_text(COMMANDS)
    return folder


class Program(NamedTuple):
    """One client.

    Attributes:
        command: Of the system, the folder for its files and whom it plays: what is typed.
        shows_out_of_band: What it shows of `char_vitals`; None: it shows nothing of such.
        logs_in: Types the login, where the program does not.
    """

    needs: str
    command: Callable[[System, Path, str], list[str]]
    logs_in: bool = True
    shows_out_of_band: str | None = None
    ends_lines: str = "\r"
    extra: Mapping[str, str] = {}


class Player:
    """A program at its terminal, and whom it plays."""

    def __init__(self, program: Program, system: System, folder: Path, name: str) -> None:
        self.name = name
        self._ends_lines = program.ends_lines
        command = program.command(system, folder, name)
        # Without the size of the tests' own terminal, which some believe rather than theirs.
        env = {name: os.environ[name] for name in os.environ if name not in ("COLUMNS", "LINES")}
        env |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        self.terminal = pexpect.spawn(
            command[0],
            command[1:],
            timeout=PATIENCE_S,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(ROWS, COLUMNS),
            env={**env, "HOME": str(folder), **program.extra},
            cwd=str(folder),
        )
        self.terminal.delaybeforesend = None

    def log_in(self, types_it: bool) -> None:
        """Log in, as the program does it, until the first room is seen."""
        if types_it:
            self.sees("connect <name> <password>")
            self.types(f"connect {self.name} {PASSWORD}")
        self.sees("The Front Step")
        self.sees("Exits:")

    def types(self, line: str) -> None:
        self.terminal.send(line + self._ends_lines)

    def sees(self, text: str) -> str:
        """Wait until a text is shown; returns what was shown before it."""
        self.terminal.expect_exact(text)
        return str(self.terminal.before)

    def leave(self) -> None:
        self.terminal.close(force=True)


def _telnet(system: System, folder: Path, name: str) -> list[str]:
    return ["telnet", HOST, str(system.port)]


def _tintin(system: System, folder: Path, name: str) -> list[str]:
    script = folder / "tintin.tin"
    script.write_text(
        "#config {CHARSET} {UTF-8}\n"
        "#event {IAC WILL GMCP} {#send {\\xFF\\xFD\\xC9\\}}\n"
        "#event {IAC SB GMCP Char.Vitals IAC SE} {#showme {Pulse by GMCP: %0}}\n"
        f"#session {{game}} {{{HOST}}} {{{system.port}}}\n"
    )
    return [shutil.which("tt++") or "/usr/games/tt++", "-G", "-r", str(script)]


def _tf(system: System, folder: Path, name: str) -> list[str]:
    (folder / ".tfrc").write_text("/set more=off\n/set warn_5keys=off\n")
    return ["tf5", "-v", HOST, str(system.port)]


def _plink(system: System, folder: Path, name: str) -> list[str]:
    return ["plink", "-telnet", "-P", str(system.port), HOST]


def _openssl(system: System, folder: Path, name: str) -> list[str]:
    address = f"{HOST}:{port_of(system, 'tls')}"
    return ["openssl", "s_client", "-quiet", "-crlf", "-connect", address]


def _telnetlib3(system: System, folder: Path, name: str) -> list[str]:
    program = Path(sys.executable).with_name("telnetlib3-client")
    return [str(program), "--line-mode", HOST, str(system.port)]


def _openssh(system: System, folder: Path, name: str) -> list[str]:
    key = folder / "id_ed25519"
    return [*ssh(system), "-i", str(key), f"{name}@{HOST}"]


def ssh(system: System) -> list[str]:
    """OpenSSH's client, which believes in any host key."""
    options = ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "LogLevel=ERROR"]
    options += ["IdentitiesOnly=yes", "IdentityAgent=none"]
    port = str(port_of(system, "ssh"))
    return ["ssh", "-F", "none", "-p", port, *(part for o in options for part in ("-o", o))]


def port_of(system: System, door: str) -> int:
    """The port of a door, as it was set."""
    return int(system.environment()[f"EVERDOOR_{door.upper()}_PORT"])


PROGRAMS: Mapping[str, Program] = {
    "telnet": Program("telnet", _telnet),
    "tintin": Program("tt++", _tintin, shows_out_of_band="Pulse by GMCP:"),
    "tf5": Program("tf5", _tf, ends_lines="\n"),
    "plink": Program("plink", _plink),
    "openssl": Program("openssl", _openssl, ends_lines="\n"),
    "telnetlib3": Program("telnetlib3", _telnetlib3),
    "openssh": Program("ssh", _openssh, logs_in=False),
}
"""By the names that docs/clients.md and the tests have for them."""
