"""Files of Evennia's run in a game, with the replacements of the page for those who come from it.

The files are those of the package on the index; without a way to it these tests are skipped.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.engine import GameOptions
from everdoor_server.testing import Client, World

PAGE = Path(__file__).parents[2] / "docs" / "coming-from-evennia.md"
PACKAGE = "evennia==6.1.0"
SHA256 = "de7ee2a778c4d08fe25f3ff3522313021874377792435faee9db8d11560e58a7"
DOWNLOAD_S = 40

UNLOGGEDIN = "evennia/commands/default/unloggedin.py"
EMAIL_LOGIN = "evennia/contrib/base_systems/email_login/email_login.py"
MENU_LOGIN = "evennia/contrib/base_systems/menu_login/menu_login.py"
ACCOUNT = "evennia/commands/default/account.py"


@pytest.fixture(scope="session")
def evennia(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The package as it is on the index, none of what it needs."""
    folder = tmp_path_factory.mktemp("evennia")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python"]
    try:
        done = subprocess.run(
            [*command, "--quiet", "--dest", str(folder), PACKAGE],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the package index does not answer")
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        pytest.skip(f"{PACKAGE} cannot be had: {done.stderr.strip()[-200:]}")
    assert hashlib.sha256(wheels[0].read_bytes()).hexdigest() == SHA256
    return zipfile.ZipFile(wheels[0])


def replacements() -> list[tuple[str, str]]:
    """What the page says is to be replaced, by what."""
    table = PAGE.read_text().partition("| in the file | in yours |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(.+)` \| `(.+)` \|$", table, flags=re.MULTILINE)


def replaced(source: str) -> str:
    for old, new in replacements():
        edge = r"^" if old.startswith(("import evennia", "from ")) else ""
        end = r"$" if old == "import evennia" else ""
        source = re.sub(edge + re.escape(old) + end, lambda _, n=new: n, source, flags=re.MULTILINE)
    return source


@pytest.fixture
def game(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A game that has the module of the page."""
    helper = ModuleType("game.fromevennia")
    exec(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)[0], helper.__dict__)
    monkeypatch.setitem(sys.modules, "game", ModuleType("game"))
    monkeypatch.setitem(sys.modules, "game.fromevennia", helper)
    yield


def loaded(evennia: zipfile.ZipFile, file: str, source: str | None = None) -> dict[str, Any]:
    text = replaced(source or evennia.read(file).decode())
    names: dict[str, Any] = {"__name__": "theirs"}
    exec(compile(text, file, "exec"), names)
    return names


def commands_of(names: dict[str, Any]) -> list[type[Command]]:
    own = [value for value in names.values() if isinstance(value, type)]
    return [
        each for each in own if issubclass(each, Command) and each.__module__ == names["__name__"]
    ]


def client_with(commands: list[type[Command]], mergetype: str = "Replace") -> Client:
    class Theirs(CmdSet):
        key = "theirs"
        priority = 1

        def at_cmdset_creation(self) -> None:
            self.mergetype = mergetype  # type: ignore[assignment]
            self.add(commands)

    client = World(GameOptions(version="1.2", connection_screen="A screen.")).connect()
    client.session.cmdset.add(Theirs)
    client.read()
    return client


def test_page_has_the_replacements_in_an_order_that_works() -> None:
    assert replaced("import evennia\nfrom evennia.utils import utils") == (
        "import everdoor_server as evennia\nfrom game.fromevennia import utils"
    )


@pytest.mark.usefixtures("game")
def test_commands_before_the_login_run(evennia: zipfile.ZipFile) -> None:
    commands = commands_of(loaded(evennia, UNLOGGEDIN))
    assert len(commands) == 8
    client = client_with(commands)
    assert client.type("look") == "A screen."
    assert "Commands available at this point" in client.type("help")
    assert "changed from '|wutf-8|n' to '|wlatin-1|n'" in client.type(
        "encoding utf-8", "encoding latin-1"
    )
    assert "Screenreader mode turned |won|n." in client.type("screenreader")
    assert "Version: Evennia 1.2" in client.type("info")
    assert client.type("connect Anna wrong") == "|RUsername and/or password is incorrect.|n"
    assert "Is this what you intended? [Y]/N?" in client.type("create Anna secret")
    assert "A new account 'Anna' was created." in client.type("y")
    assert "You become Anna." in client.type("connect Anna secret")


@pytest.mark.usefixtures("game")
def test_guest_and_quit_run(evennia: zipfile.ZipFile) -> None:
    commands = commands_of(loaded(evennia, UNLOGGEDIN))
    guest = client_with(commands)
    assert "You become Guest1." in guest.type("connect guest")
    assert guest.session.account.is_guest  # type: ignore[union-attr]
    leaver = client_with(commands)
    assert leaver.type("quit") == "Good bye! Disconnecting."
    assert leaver.closed is not None


@pytest.mark.usefixtures("game")
def test_email_login_runs(evennia: zipfile.ZipFile) -> None:
    client = client_with(commands_of(loaded(evennia, EMAIL_LOGIN)))
    assert client.type("look") == "Welcome."
    assert "does not match any accounts" in client.type("connect a@example.org secret")
    assert "Is this what you intended?" in client.type('create "Anna Lind" a@example.org secret')
    assert "A new account 'Anna Lind' was created." in client.type("")
    assert client.type("connect a@example.org wrong") == "Incorrect password."
    assert "You become Anna Lind." in client.type("connect a@example.org secret")


@pytest.mark.usefixtures("game")
def test_only_its_menus_stand_in_the_way_of_menu_login(evennia: zipfile.ZipFile) -> None:
    source = evennia.read(MENU_LOGIN).decode()
    with pytest.raises(ModuleNotFoundError, match="evennia"):
        loaded(evennia, MENU_LOGIN)
    left = [
        line for line in replaced(source).splitlines() if re.match(r"(from|import) evennia", line)
    ]
    assert left == [
        "from evennia.utils.evmenu import EvMenu",
        "from evennia.utils.utils import (",
    ]


@pytest.mark.usefixtures("game")
def test_look_ooc_and_quit_of_accounts_run(
    evennia: zipfile.ZipFile,
) -> None:
    helper: Any = sys.modules["game.fromevennia"]
    helper.settings.MAX_NR_CHARACTERS = 2
    helper.settings.AUTO_PUPPET_ON_LOGIN = True
    helper.utils.to_str = str
    source = evennia.read(ACCOUNT).decode()
    old = "account.disconnect_session_from_account("
    names = loaded(evennia, ACCOUNT, source.replace(old, "self.game.sessions.end("))
    anna = World().log_in("Anna")

    class Theirs(CmdSet):
        key = "theirs"
        priority = 1

        def at_cmdset_creation(self) -> None:
            self.add([names[name] for name in ("CmdOOCLook", "CmdOOC", "CmdQuit")])

    anna.session.account.cmdset.add(Theirs)  # type: ignore[union-attr]
    assert "You go OOC." in anna.type("ooc")
    assert "Your characters" in anna.type("look")
    anna.type("ic")
    assert "Quitting" in anna.type("quit")
    assert anna.closed is not None
