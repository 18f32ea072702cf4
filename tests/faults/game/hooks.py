"""The shipped game, in a worker that may be told to die at a step, or lacks a safeguard."""

from __future__ import annotations

import os

from faults import safeguards, steps

steps.watch()
if weakness := os.environ.get(safeguards.VARIABLE):
    safeguards.take_out(weakness)
