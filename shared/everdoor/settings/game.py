"""Settings of the game: its folder, classes, command sets, accounts and guests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from everdoor.settings.kinds import Folder, Limit, Seconds, setting


class GameSettings(BaseModel):
    """What the game is and who may play it."""

    multisession_mode: Annotated[int, Field(ge=0, le=3)] = setting(
        0,
        "0, 1, 2 or 3",
        "What a second login to an account does. 0: the older session is disconnected. 1: it "
        "joins, same puppet, same output. 2: it stays separate, one puppet each. 3: it stays "
        "separate, puppets may be shared.",
    )
    game: Folder | None = setting(
        None,
        "a folder, or nothing for the shipped game",
        "Folder of the game's code: its modules cmdsets, hooks, connection_screens and world "
        "replace what is shipped. `everdoor game new` makes one; `everdoor server reload` brings "
        "edits to a running game.",
    )
    server_session_class: str = setting(
        "everdoor_server.ServerSession",
        "the path of a subclass of everdoor_server.ServerSession",
        "Class of the server's sessions, such as `game.sessions.MySession`. What it adds to "
        "snapshot_fields survives restarts.",
    )
    account_class: str = setting(
        "everdoor_server.Account",
        "the path of a subclass of everdoor_server.Account",
        "Class of accounts: what they see out of character (at_look), what happens at a login.",
    )
    character_class: str = setting(
        "everdoor_server.world.starter.Lodger",
        "the path of a subclass of everdoor_server.Character",
        "Class of the characters that are made from now on; those that there are keep theirs.",
    )
    cmdset_unloggedin: str = setting(
        "",
        "the path of a CmdSet, or nothing",
        "What can be typed before the login, such as "
        "`everdoor_server.contrib.menu_login.UnloggedinCmdSet`. Empty: the game's "
        "cmdsets.UnloggedinCmdSet, else the shipped one. See connection_screen.",
    )
    cmdset_session: str = setting(
        "",
        "the path of a CmdSet, or nothing",
        "What every session has after its login. Empty: the game's cmdsets.SessionCmdSet, else the "
        "shipped one.",
    )
    cmdset_account: str = setting(
        "",
        "the path of a CmdSet, or nothing",
        "What an account can do, with a puppet or without. Empty: the game's "
        "cmdsets.AccountCmdSet, else the shipped one.",
    )
    cmdset_character: str = setting(
        "",
        "the path of a CmdSet, or nothing",
        "What a puppet can do. Empty: the game's cmdsets.CharacterCmdSet, else the shipped one.",
    )
    connection_screen: str = setting(
        "",
        "the path of a module, a text or a function, or nothing",
        "What a client sees that has just connected: a text, a function of the session, or a "
        "module with one (CONNECTION_SCREEN, connection_screen). Empty: the game's module "
        "connection_screens, else the shipped one.",
    )
    command_msg_all_sessions: bool | Literal["auto"] = setting(
        "auto",
        "auto, true or false",
        "Who sees what a command tells its caller. true: every session of the caller. false: the "
        "one that typed. auto: as multisession_mode has it.",
    )
    max_nr_characters: Limit = setting(
        1,
        "a number of characters, 0 or more",
        "Characters that an account may have; superusers may have any number. 0: no limit.",
    )
    max_nr_simultaneous_puppets: Limit = setting(
        1,
        "a number of puppets, 0 or more",
        "Objects that an account may control at once, in multisession modes 2 and 3; Developers "
        "and superusers may control any number. 0: no limit.",
    )
    guest_enabled: bool = setting(
        False,
        "true or false",
        "Whether `connect guest` lets anybody in, as a guest who is forgotten at the end.",
    )
    guest_list: str = setting(
        "Guest1,Guest2,Guest3,Guest4,Guest5,Guest6,Guest7,Guest8,Guest9",
        "names with commas between them",
        "Names of guests; there are as many at once as there are names.",
    )
    py_enabled: bool = setting(
        False,
        "true or false",
        "Whether superusers have the command `py`, which runs Python in the server: whoever has it "
        "has everything that the server has.",
    )
    auto_create_character_with_account: bool = setting(
        True,
        "true or false",
        "Whether creating an account also makes a Character of the same name.",
    )
    auto_puppet_on_login: bool = setting(
        True,
        "true or false",
        "Whether a login puppets what the account puppeted last; false: it lands out of character.",
    )
    new_account_registration_enabled: bool = setting(
        True,
        "true or false",
        "Whether players may make accounts; the command line always may.",
    )
    login_throttle_limit: Limit = setting(
        5,
        "a number of failures, 0 or more",
        "Failed logins of one address (/64 for IPv6) within login_throttle_timeout before "
        "further ones must wait. 0: no limit.",
    )
    login_throttle_timeout: Seconds = setting(
        300.0,
        "seconds, 0 or more",
        "Seconds for which a failed login counts; see login_throttle_limit.",
    )
    creation_throttle_limit: Limit = setting(
        2,
        "a number of accounts, 0 or more",
        "Accounts that one address (/64 for IPv6) may create within creation_throttle_timeout. "
        "0: no limit.",
    )
    creation_throttle_timeout: Seconds = setting(
        600.0,
        "seconds, 0 or more",
        "Seconds for which a created account counts; see creation_throttle_limit.",
    )
