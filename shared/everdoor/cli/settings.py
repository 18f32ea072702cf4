"""`everdoor settings`: every setting, its value, and where that comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json

if TYPE_CHECKING:
    from everdoor.settings import SettingInfo


@click.command()
@json_option
def settings(json: bool) -> None:
    """Show every setting: value, default, source and meaning.

    Set one by its environment variable, or by its name in ./everdoor.toml; the variable wins.
    Passwords in database URLs are not shown.
    """
    from everdoor.cli.surroundings import read_settings
    from everdoor.settings import describe

    found = describe(read_settings())
    if json:
        print_json({"settings": [info._asdict() for info in found]})
        return
    for info in found:
        click.echo(click.style(f"{info.name} = {info.value}", bold=True) + _origin(info))
        click.echo(click.wrap_text(f"{info.env}: {info.help}", 96, "    ", "    ") + "\n")


def _origin(info: SettingInfo) -> str:
    return "" if info.source == "default" else f"  (from {info.source}; default: {info.default})"
