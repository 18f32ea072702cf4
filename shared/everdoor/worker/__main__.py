"""`python -m everdoor.worker package.module:function`, as a supervisor starts it."""

import sys

from everdoor.worker.program import run_worker

sys.exit(run_worker(sys.argv[1] if len(sys.argv) == 2 else ""))
