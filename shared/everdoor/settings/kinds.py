"""What settings are made of: kinds of values, and a field that explains itself.

Which settings there are is in the modules beside this one; where values come from in `loading`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from everdoor.addresses import parse_networks
from everdoor.endpoints import parse_far

Port = Annotated[int, Field(ge=0, le=65535)]
DoorPort = Port | Literal["off"]
Limit = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _far(text: str) -> str:
    if text:
        parse_far(text)
    return text


FarEndpoint = Annotated[str, AfterValidator(_far)]


def _networks(text: str) -> str:
    parse_networks(text)
    return text


Networks = Annotated[str, AfterValidator(_networks)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


def setting(default: Any, expected: str, help_text: str) -> Any:
    """A field with what a value must be (for errors) and what it does (for `everdoor settings`).

    Args:
        default: The value, or a function of the values before it.
    """
    how = {"default_factory": default} if callable(default) else {"default": default}
    return Field(**how, description=help_text, json_schema_extra={"expected": expected})


def sqlite_in_home(name: str) -> Callable[[dict[str, Any]], SecretStr]:
    """The default of a database: a file of that name in the home."""
    return lambda known: SecretStr(f"sqlite:///{known['home']}/{name}.db")
