"""Every error that Everdoor raises on purpose, in one tree.

EverdoorError
├── UserError                 the caller asked for what cannot be; the text is shown to them
│   └── SettingsError         a setting is unknown or has a bad value; the text names it
├── StartupError              a process cannot start (port taken, bad database); exit code 3
├── RestoreError              a snapshot or archive is at fault
├── ProtocolError             what came over a socket between processes is at fault
│   ├── MalformedMessage      it is not a message of this channel
│   └── UnsupportedVersion    it is one, of a version that this process does not speak
├── CallError                 a call over rpc did not end in a result
│   ├── CallTimeout           no answer before the deadline; whether it took effect is unknown
│   └── CallRefused           the other side refused it, with a stable code
└── StoreError                the database did not do what was asked
    ├── StoreBusy             it may, when tried again (locked, full, gone)
    ├── StoreRefused          it never will: what was to be written cannot be stored
    └── Fenced                another process holds a newer generation: this one must leave

An error that crosses a process boundary travels as `messages.calls.Failed` (a stable code and a
safe text); the traceback stays in the log of the process where it happened.
"""

from __future__ import annotations


class EverdoorError(Exception):
    """Root of all errors raised on purpose."""


class UserError(EverdoorError):
    """What the caller asked for cannot be done; the text says why and what to do."""


class SettingsError(UserError):
    """A setting is unknown or has a bad value; the text names the setting and its source."""


class StartupError(EverdoorError):
    """A process cannot start; the program ends with exit code 3 and this text."""


class RestoreError(EverdoorError):
    """A snapshot or an archive cannot be restored because of what it holds."""


class ProtocolError(EverdoorError):
    """A peer sent something that breaks docs/protocol.md."""


class MalformedMessage(ProtocolError):
    """A frame is not a message of its channel; the peer is at fault."""


class UnsupportedVersion(ProtocolError):
    """A frame has a version that this process does not speak.

    Attributes:
        theirs: The version in the frame.
        ours: The versions spoken here.
    """

    def __init__(self, theirs: int, ours: tuple[int, ...]) -> None:
        spoken = " and ".join(str(version) for version in ours)
        super().__init__(f"the peer speaks wire version {theirs}, this process speaks {spoken}")
        self.theirs = theirs
        self.ours = ours


class CallError(EverdoorError):
    """A call to another process did not end in a result."""


class CallTimeout(CallError):
    """No answer came before the deadline; whether the call took effect is unknown."""


class CallRefused(CallError):
    """The other side refused the call.

    Attributes:
        code: Stable name of the reason, listed in docs/protocol.md, section 7.
        retry_after_s: Seconds after which asking again may help; 0: waiting does not help.
    """

    def __init__(self, code: str, text: str, retry_after_s: float = 0.0) -> None:
        super().__init__(text)
        self.code = code
        self.retry_after_s = retry_after_s


class StoreError(EverdoorError):
    """The database did not do what was asked of it."""


class StoreBusy(StoreError):
    """The database is locked, full or gone; the same may work when tried again."""


class StoreRefused(StoreError):
    """What was to be written is nothing that the database can hold, now or later."""


class Fenced(StoreError):
    """Another process holds a newer generation; nothing was written and this one must leave."""
