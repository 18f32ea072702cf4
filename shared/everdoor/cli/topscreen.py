"""The screen of `everdoor top`: tables and plots of the last minutes.

What is shown is made by `everdoor.cli.rates`; here it is asked for, laid out and drawn.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widgets import DataTable, Footer, Header, Static
from textual_plotext import PlotextPlot

from everdoor.cli.control import ask, running
from everdoor.cli.rates import Sample, View, figures_of, view
from everdoor.endpoints import Endpoints
from everdoor.messages.calls import Measure, ProcessMeasured

KEPT = 180
"""Looks that the plots show."""

MIB = 1024 * 1024


class Plot(PlotextPlot):
    """One figure or more over the last looks.

    Args:
        named: What is plotted, each by its name, of a view.
    """

    def __init__(self, title: str, named: dict[str, Callable[[View], float]]) -> None:
        super().__init__()
        self.border_title = title
        self._named = named
        self._seen: dict[str, deque[float]] = {name: deque(maxlen=KEPT) for name in named}

    def show(self, now: View) -> None:
        """Add a look."""
        self.plt.clear_data()
        for name, figure in self._named.items():
            self._seen[name].append(figure(now))
            self.plt.plot(list(self._seen[name]), label=name, marker="braille")
        highest = max(max(seen) for seen in self._seen.values())
        self.plt.ylim(0, max(highest * 1.1, 1))
        self.plt.xticks([])
        self.refresh()


class Top(App[None]):
    """Looks at a system every so many seconds, and shows it."""

    TITLE = "everdoor top"
    BINDINGS = [
        ("q", "quit", "Quit"),
        ("d", "toggle_dark", "Dark or light"),
        ("s", "picture", "Save a picture"),
    ]
    CSS = """
    #now { height: auto; padding: 0 1; }
    #workers { height: auto; max-height: 12; }
    Grid { grid-size: 3 1; height: 1fr; min-height: 9; }
    Plot { border: round $primary; }
    """

    def __init__(self, system: Endpoints, every_s: float) -> None:
        super().__init__()
        self._system = system
        self._every_s = every_s
        self._last: Sample | None = None
        self._ended = threading.Event()

    def compose(self) -> ComposeResult:
        yield Header(show_clock=True)
        yield Static(id="now", markup=False)
        yield DataTable(id="workers", cursor_type="none")
        with Grid():
            yield Plot("commands and turns a second", {"commands": _commands, "turns": _turns})
            yield Plot("a line's answer, ms", {"median": _line_median, "99 %": _line_99})
            yield Plot("sessions", {"sessions": _sessions})
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("PROCESS", "WORKER", "STATE", "CLIENTS", "CPU", "MEMORY", "DEATHS")
        self.run_worker(self._follow, thread=True)

    def on_unmount(self) -> None:
        self._ended.set()

    def _follow(self) -> None:
        """Look, draw, wait; in a thread, so that a process that hangs holds up no key."""
        while self.is_running:
            sample = self._look()
            self.call_from_thread(self._show, view(self._last or sample, sample))
            self._last = sample
            self._ended.wait(self._every_s)

    def _look(self) -> Sample:
        answers = ask(self._system, running(self._system), Measure())
        told = {name: one for name, one in answers.items() if isinstance(one, ProcessMeasured)}
        return Sample(time.monotonic(), figures_of(told))

    def _show(self, now: View) -> None:
        self.query_one("#now", Static).update(_in_words(now))
        table = self.query_one(DataTable)
        table.clear()
        for worker in now.workers:
            table.add_row(
                worker.process,
                str(worker.number),
                "up" if worker.is_up else "down",
                "-" if worker.connections is None else str(worker.connections),
                f"{worker.cpu:.0%}",
                f"{worker.resident_bytes / MIB:.0f} MiB",
                str(worker.deaths),
            )
        for plot in self.query(Plot):
            plot.show(now)

    def action_picture(self) -> None:
        """Save the screen as SVG in the working directory."""
        try:
            self.notify(f"Saved {self.save_screenshot(path='.')}")
        except OSError as exc:
            self.notify(f"Not saved: {exc.strerror}", severity="error")

    def action_toggle_dark(self) -> None:
        """Change between a dark and a light screen."""
        is_dark = self.current_theme.dark
        self.theme = "textual-light" if is_dark else "textual-dark"


def _in_words(now: View) -> str:
    """The figures that have no plot, in three lines."""
    sessions = ", ".join(
        f"{count} {protocol} {state}" for (protocol, state), count in sorted(now.sessions.items())
    )
    silence = f", mean silence {now.mean_silence_s * 1000:.0f} ms" if now.restarts else ""
    return (
        f"sessions: {sessions or 'none'}\n"
        f"commands {now.commands:.0f}/s  turns {now.turns:.0f}/s  "
        f"a line {now.line_median_s * 1000:.1f} ms, 99 % {now.line_99_s * 1000:.1f} ms  "
        f"turn 99 % {now.turn_99_s * 1000:.1f} ms  commit 99 % {now.commit_99_s * 1000:.1f} ms\n"
        f"held {now.held_inputs}  not acknowledged {now.outbox_rows}  "
        f"waiting commands {now.waiting_commands}  restarts {now.restarts}{silence}"
    )


def _commands(now: View) -> float:
    return now.commands


def _turns(now: View) -> float:
    return now.turns


def _line_median(now: View) -> float:
    return now.line_median_s * 1000


def _line_99(now: View) -> float:
    return now.line_99_s * 1000


def _sessions(now: View) -> float:
    return float(sum(now.sessions.values()))
