"""Session archives: files of what an application session holds, made, opened, looked at, compared.

What is in one and how it is restored is the State API's (`everdoor.state`).
"""

from everdoor.archive.compare import Difference, compare, differences
from everdoor.archive.dump import dump, sdump
from everdoor.archive.files import SESSION_SUFFIX, open, read, save
from everdoor.state import common_startup, standard_metadata

__all__ = [
    "SESSION_SUFFIX",
    "Difference",
    "common_startup",
    "compare",
    "differences",
    "dump",
    "open",
    "read",
    "save",
    "sdump",
    "standard_metadata",
]
