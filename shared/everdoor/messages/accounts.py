"""Calls to auth, about accounts and bans, and what it answers.

Who may ask what is said in docs/protocol.md, section 6.4, which is the source. An account is named
by its id, which no other account ever has; who knows only a name asks for the account first.
`address` is the client's, by which failures are counted.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from everdoor.ids import SessionKey
from everdoor.messages.callmessage import CallMessage, Name, Secret

MAX_GUEST_NAMES = 1000
"""Names that a guest may be given, in one call."""

MAX_BAN_S = 1e10
"""Longest ban that ends: three centuries; a longer one might as well not."""

BanKind = Literal["name", "address"]
ChangeKind = Literal["password_changed", "renamed", "logged_out", "deleted"]

# Logging in.


class Authenticate(CallMessage, frozen=True, tag="authenticate"):
    """Check a name and password. Answer: AccountFound."""

    name: Name
    password: Secret
    address: Name

    def __repr__(self) -> str:
        return f"Authenticate({self.name!r}, password hidden, {self.address!r})"


class CreateAccount(CallMessage, frozen=True, tag="create_account"):
    """Make an account. Answer: AccountFound. `address` is empty when asked from the CLI, which
    is not throttled and alone may set `superuser`."""

    name: Name
    password: Secret
    address: Name
    superuser: bool = False

    def __repr__(self) -> str:
        return f"CreateAccount({self.name!r}, password hidden, {self.address!r}, {self.superuser})"


class Confirm(CallMessage, frozen=True, tag="confirm"):
    """The lines up to these cursors are complete: their kept answers may go. Answer: Done."""

    cursors: list[tuple[SessionKey, int]]


# Guests.


class CreateGuest(CallMessage, frozen=True, tag="create_guest"):
    """Make an account without a password, of the first of these names that nobody has. Answer:
    AccountFound."""

    names: Annotated[list[Name], Meta(max_length=MAX_GUEST_NAMES)]
    address: Name


class SweepGuests(CallMessage, frozen=True, tag="sweep_guests"):
    """Delete all guests but these and those made within the last minute. Answer: Done."""

    keep: list[int]


# Accounts.


class ChangePassword(CallMessage, frozen=True, tag="change_password"):
    """Change a password, by who knows the old one. Answer: Done."""

    uid: int
    old: Secret
    new: Secret
    address: Name

    def __repr__(self) -> str:
        return f"ChangePassword({self.uid}, passwords hidden, {self.address!r})"


class SetPassword(CallMessage, frozen=True, tag="set_password"):
    """Give an account another password. Answer: Done."""

    uid: int
    password: Secret

    def __repr__(self) -> str:
        return f"SetPassword({self.uid}, password hidden)"


class RenameAccount(CallMessage, frozen=True, tag="rename_account"):
    """Give an account another name. Answer: AccountFound."""

    uid: int
    name: Name


class LogoutAccount(CallMessage, frozen=True, tag="logout_account"):
    """End all sessions that an account has now. Answer: Done."""

    uid: int


class DeleteAccount(CallMessage, frozen=True, tag="delete_account"):
    """Delete an account and end its sessions. Answer: Done, also when there was none."""

    uid: int


class FindAccount(CallMessage, frozen=True, tag="find_account"):
    """What is known of the account of a name. Answer: AccountShown."""

    name: Name


class ListAccounts(CallMessage, frozen=True, tag="list_accounts"):
    """The accounts, in the order of their ids. Answer: Accounts, a page of those above `after`."""

    after: int = 0


class ListChanges(CallMessage, frozen=True, tag="list_changes"):
    """What has happened to accounts, for a day. Answer: AccountChanges, a page of those above
    `after`."""

    after: int = 0


# Bans.


class AddBan(CallMessage, frozen=True, tag="add_ban"):
    """Keep somebody out. Answer: BanAdded.

    `target` is an address, a range of them (192.0.2.0/24, 192.0.2.*) or a name; `lasts_s` 0: until
    it is lifted; `by` names who did it, for other staff.
    """

    target: Name
    reason: Name = ""
    lasts_s: Annotated[float, Meta(ge=0, le=MAX_BAN_S)] = 0.0
    by: Name = ""


class RemoveBan(CallMessage, frozen=True, tag="remove_ban"):
    """Lift a ban. Answer: Done."""

    id: int


class ListBans(CallMessage, frozen=True, tag="list_bans"):
    """The bans in force, in the order of their ids. Answer: Bans, a page of those above
    `after`."""

    after: int = 0


AuthCall = (
    Authenticate
    | CreateAccount
    | Confirm
    | CreateGuest
    | SweepGuests
    | ChangePassword
    | SetPassword
    | RenameAccount
    | LogoutAccount
    | DeleteAccount
    | FindAccount
    | ListAccounts
    | ListChanges
    | AddBan
    | RemoveBan
    | ListBans
)

# Answers.


class AccountFound(CallMessage, frozen=True, tag="account"):
    """An account: its id, its name as its owner spells it, whether it is a superuser.

    `as_of` numbers the last change of any account before this answer: a later one, of this
    account, may end what the answer has allowed.
    """

    uid: int
    name: Name
    superuser: bool
    as_of: int = 0


class AccountInfo(CallMessage, frozen=True):
    """What operators see of an account. Times are epoch seconds; `last_login` is None before the
    first, and exact to a day for an address that is well known."""

    uid: int
    name: Name
    superuser: bool
    guest: bool
    created_at: float
    last_login: float | None


class AccountShown(CallMessage, frozen=True, tag="account_shown"):
    """One account, the addresses as counted that it has logged in from, latest first, and the
    bans in force on its name."""

    account: AccountInfo
    addresses: list[Name]
    bans: list[Ban]


class Accounts(CallMessage, frozen=True, tag="accounts"):
    """A page of accounts; `more`: another one follows."""

    accounts: list[AccountInfo]
    more: bool


class AccountChange(CallMessage, frozen=True):
    """Something that has happened to an account: its number, counted over all accounts, and the
    name of the account afterwards."""

    number: int
    uid: int
    kind: ChangeKind
    name: Name


class AccountChanges(CallMessage, frozen=True, tag="account_changes"):
    """A page of changes in the order of their numbers; `more`: another one follows.

    `publisher` and `seq` are the mark: auth's events up to it are accounted for.
    """

    changes: list[AccountChange]
    more: bool
    publisher: Name
    seq: int


class Ban(CallMessage, frozen=True):
    """A ban. `target` is an account's name, an address or a range of addresses in its shortest
    form; `uid` the account that has the name, None: nobody has it. Times are epoch seconds;
    `expires_at` None: it is in force until it is lifted."""

    id: int
    kind: BanKind
    target: Name
    uid: int | None
    reason: Name
    by: Name
    made_at: float
    expires_at: float | None


class BanAdded(CallMessage, frozen=True, tag="ban_added"):
    """A ban is in force from now on."""

    ban: Ban


class Bans(CallMessage, frozen=True, tag="bans"):
    """A page of bans; `more`, `publisher` and `seq` as in AccountChanges."""

    bans: list[Ban]
    more: bool
    publisher: Name
    seq: int


AuthResult = AccountFound | AccountShown | Accounts | AccountChanges | BanAdded | Bans
