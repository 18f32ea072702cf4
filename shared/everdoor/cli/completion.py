"""`everdoor completion`: has a shell complete commands, options, sessids and portals."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that has SHELL complete what is typed behind `everdoor`.

    Sessids, portals and names of logs come from the running system. To turn it on:

    \b
      bash: eval "$(everdoor completion bash)" in ~/.bashrc
      zsh:  eval "$(everdoor completion zsh)" in ~/.zshrc, behind compinit
      fish: everdoor completion fish > ~/.config/fish/completions/everdoor.fish
    """
    from click.shell_completion import get_completion_class

    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None, "the choices are those that click knows"
    click.echo(kind(root.command, {}, "everdoor", "_EVERDOOR_COMPLETE").source())
