"""Accounts: the world's half of who is playing."""

from everdoor_server.accounts.account import Account, AccountOptions, Puppeteer
from everdoor_server.accounts.index import Accounts

__all__ = ["Account", "AccountOptions", "Accounts", "Puppeteer"]
