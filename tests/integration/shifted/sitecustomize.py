"""Has a process speak other versions of the stream, as one of a release before or after would.

Python runs this first in every process whose PYTHONPATH leads to this folder.
"""

from __future__ import annotations

import os

from everdoor import codec

codec.SPOKEN_VERSIONS = tuple(int(each) for each in os.environ["STREAM_VERSIONS"].split(","))
codec.WIRE_VERSION = max(codec.SPOKEN_VERSIONS)
