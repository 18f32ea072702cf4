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

MAX_KEY_TEXT = 100
"""Longest kind and fingerprint of a public key: SHA-256 in base64 takes 50 characters."""

MAX_BAN_S = 1e10
"""Longest ban that ends: three centuries; a longer one might as well not."""

BanKind = Literal["name", "address"]
KeyText = Annotated[str, Meta(min_length=1, max_length=MAX_KEY_TEXT)]
Ticket = Annotated[bytes, Meta(max_length=32)]
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


# Logging in before a session begins.


class TicketByPassword(CallMessage, frozen=True, tag="ticket_by_password"):
    """Check a name and password for a client whose session is to begin. Answer: TicketIssued."""

    name: Name
    password: Secret
    address: Name
    session: SessionKey

    def __repr__(self) -> str:
        return f"TicketByPassword({self.name!r}, password hidden, {self.address!r})"


class TicketByKey(CallMessage, frozen=True, tag="ticket_by_key"):
    """The same for a client that has proved to a portal that it has the key. Answer:
    TicketIssued."""

    name: Name
    fingerprint: KeyText
    address: Name
    session: SessionKey


class CheckKey(CallMessage, frozen=True, tag="check_key"):
    """Whether a key may log in to an account. Answer: Done, or Failed `no_key`."""

    name: Name
    fingerprint: KeyText
    address: Name


class RedeemTicket(CallMessage, frozen=True, tag="redeem_ticket"):
    """Whom a ticket was issued for, once, and to the session it was issued for. Answer:
    AccountFound."""

    ticket: Ticket

    def __repr__(self) -> str:
        return "RedeemTicket(ticket hidden)"


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


# Public keys.


class AddKey(CallMessage, frozen=True, tag="add_key"):
    """Let a public key log in to an account. Answer: Done, also when it could already.

    `kind` and `fingerprint` as OpenSSH writes them (`ssh-ed25519`, `SHA256:...`).
    """

    uid: int
    kind: KeyText
    fingerprint: KeyText
    comment: Name = ""


class RemoveKey(CallMessage, frozen=True, tag="remove_key"):
    """Let a key log in no more. Answer: Done."""

    uid: int
    fingerprint: KeyText


class ListKeys(CallMessage, frozen=True, tag="list_keys"):
    """The keys of an account, oldest first. Answer: Keys."""

    uid: int


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
    | TicketByPassword
    | TicketByKey
    | CheckKey
    | RedeemTicket
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
    | AddKey
    | RemoveKey
    | ListKeys
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


class TicketIssued(CallMessage, frozen=True, tag="ticket"):
    """With which a session begins logged in: 32 random bytes, good once and for a few minutes."""

    ticket: Ticket

    def __repr__(self) -> str:
        return "TicketIssued(ticket hidden)"


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


class PublicKey(CallMessage, frozen=True):
    """A key that may log in to an account; `added_at` in epoch seconds."""

    kind: KeyText
    fingerprint: KeyText
    comment: Name
    added_at: float


class Keys(CallMessage, frozen=True, tag="keys"):
    """The keys of one account."""

    keys: list[PublicKey]


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


AuthResult = (
    AccountFound | AccountShown | Accounts | AccountChanges | TicketIssued | Keys | BanAdded | Bans
)
