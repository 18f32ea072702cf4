"""What happens around starts and stops of the server."""

from everdoor_server import Game


def at_server_start(game: Game) -> None:
    """The server begins: after every reload and every crash too."""
