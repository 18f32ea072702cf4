"""The load generator (`loadgen.c`) as Python sees it: compiled, started, its words read.

What it does and counts is written in its source; what is measured with it is in `scenarios`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import IO

import msgspec

SOURCE = Path(__file__).with_name("loadgen.c")
COMPILE = ("-O2", "-std=gnu11")


class BenchError(Exception):
    """A measurement cannot be taken; the text says why, in one line."""


class Heard(msgspec.Struct, frozen=True):
    """What the clients of one run have typed and heard, as the generator has counted it.

    Counts of `commands`, `answers` and `deliveries` (lines with a mark that anybody heard), and
    the latencies, are of the `seconds` that were measured; `sent`, `lost`, `doubled`, `dropped`
    (connections) and the silences are of the whole run. `latencies` are pairs, in order, of
    microseconds and how many answers took that long, within 1 %. `cpu_s` is the generator's own.
    """

    clients: int
    login_s: float
    seconds: float
    sent: int
    commands: int
    answers: int
    deliveries: int
    lost: int
    doubled: int
    dropped: int
    latencies: list[tuple[float, int]]
    max_us: float
    silence_us: float
    median_silence_us: float
    worst_wait_us: float
    cpu_s: float


def quantile_us(heard: Iterable[Heard], share: float) -> float:
    """The latency that this share of all answers of some runs, put together, did not exceed.

    Raises:
        BenchError: There were no answers.
    """
    latencies = sorted(pair for each in heard for pair in each.latencies)
    if not latencies:
        raise BenchError("nobody was answered while it was measured")
    rank = share * sum(count for _, count in latencies)
    reached = accumulate(count for _, count in latencies)
    return next(us for (us, _), so_far in zip(latencies, reached, strict=True) if so_far >= rank)


def compile_generator(folder: Path | None = None) -> Path:
    """Compile the generator, unless this source has been compiled already.

    Args:
        folder: Where to; None: the machine's temporary folder.

    Raises:
        BenchError: There is no C compiler, or it refuses the source.
    """
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    program = (folder or Path(tempfile.gettempdir())) / f"everdoor-loadgen-{digest}"
    if program.exists():
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise BenchError(
            "the load generator is written in C and there is no compiler (cc, gcc or clang) on "
            "PATH: install one (Debian: apt-get install gcc libc6-dev) and try again"
        )
    made = program.with_suffix(".new")
    done = subprocess.run(
        [compiler, *COMPILE, "-o", made, SOURCE], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{compiler} does not compile {SOURCE}:\n{done.stderr}")
    made.replace(program)
    return program


class Generator:
    """One run of the generator; to be used in a `with`, which ends it.

    Args:
        program: As compiled.
        **options: Its options by name, `_` for `-`; True: one without a value.
    """

    def __init__(self, program: Path, **options: object) -> None:
        self._command = [str(program), *_arguments(options)]
        self._stack = ExitStack()

    def __enter__(self) -> Generator:
        self._process = self._stack.enter_context(
            subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # Players sit elsewhere: Linux, which shares a processor out between the sessions of
                # terminals first, must not count what stands for them as the operator's.
                start_new_session=True,
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
            self._process.stdin = None
        self._process.kill()
        self._stack.close()

    def until(self, word: str) -> None:
        """Wait until it has said a word: `ready`, `begin` or `end`.

        Raises:
            BenchError: It ended before; the text is what it said.
        """
        while self._line() != word:
            pass

    def result(self) -> Heard:
        """What it has counted; waits for it.

        Raises:
            BenchError: It ended without a result; the text is what it said.
        """
        while not (line := self._line()).startswith("{"):
            pass
        return msgspec.json.decode(line, type=Heard)

    def _line(self) -> str:
        line = _opened(self._process.stdout).readline().strip()
        if not line:
            raise BenchError(_opened(self._process.stderr).read().strip() or "it said nothing")
        return line


def _arguments(options: dict[str, object]) -> Iterable[str]:
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            yield flag
        elif value is not False:
            yield f"{flag}={value}"


def _opened(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "the process was started with pipes"
    return stream
