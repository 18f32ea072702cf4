"""A supervisor for tests: `python -m supervised HOME TARGET PLACES [standby | hang_limit]`."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from everdoor.endpoints import endpoints
from everdoor.errors import StartupError
from everdoor.listeners import listen_ipc
from everdoor.logs import configure_logs
from everdoor.settings import load_settings
from everdoor.supervisor import WorkerSpec, supervise

home, target, places = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
system = endpoints(home, Path(tempfile.gettempdir()), 0)
lives = iter(range(1, 1000))


def prepare(stack: ExitStack) -> list[WorkerSpec]:
    listener = stack.enter_context(listen_ipc(system.stream))
    fds = {"stream": listener.fileno()}
    limit_s = 0.5 if sys.argv[4:] == ["hang_limit"] else 0.0
    return [WorkerSpec(target, fds, lambda: {"life": next(lives)}, limit_s) for _ in range(places)]


configure_logs(load_settings(), "game")
try:
    sys.exit(supervise("game", home, system, prepare, standby=sys.argv[4:] == ["standby"]))
except StartupError as exc:
    print(f"everdoor: {exc}", file=sys.stderr)
    sys.exit(3)
