"""The code of Lighthouse; its modules import each other as `from game.commands import ...`."""
