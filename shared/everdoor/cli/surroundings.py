"""What a command finds around it: the settings, and from them the sockets of its system."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from everdoor.endpoints import Endpoints, endpoints
from everdoor.errors import SettingsError, StartupError
from everdoor.settings import PREFIX, Settings, load_settings


def read_settings() -> Settings:
    """Read the settings for a command of the program that is running.

    Variables that belong to options of any command are known and not taken for settings.

    Raises:
        SettingsError: A setting is unknown or has a bad value.
    """
    ctx = click.get_current_context(silent=True)
    # Asking every command for its options imports them all: only when a variable may be one.
    settings = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    named = {name for name in os.environ if name.startswith(PREFIX)}
    if ctx is None or named <= settings:
        return load_settings()
    return load_settings(list(option_variables(ctx.find_root().command)))


def settings_to_start() -> Settings:
    """Read the settings for a process that stands or falls with them.

    Raises:
        StartupError: A setting is unknown or has a bad value.
    """
    try:
        return read_settings()
    except SettingsError as exc:
        raise StartupError(str(exc)) from exc


def endpoints_of(settings: Settings) -> Endpoints:
    """The sockets of the system that these settings belong to."""
    return endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid())


def option_variables(command: click.Command, parent: click.Context | None = None) -> Iterator[str]:
    """Name the environment variables of all options of a command and of those below it."""
    extra = {} if parent else command.context_settings
    ctx = click.Context(command, parent=parent, info_name=command.name, **extra)
    for param in command.params:
        own = param.envvar or f"{ctx.auto_envvar_prefix}_{param.name}".upper()
        yield from [own] if isinstance(own, str) else own
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None:
                yield from option_variables(below, ctx)


def operator() -> str:
    """Who types, for logs."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
