"""The same systems, driven by Hypothesis: it looks for faults in its own way and shortens what it
finds."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from simulator.actions import ACTIONS, Action, do
from simulator.history import Violation
from simulator.schedules import LONG_WAITS, finish
from simulator.world import Setup, World

NUMBERS = st.integers(0, 99)
FAULTS = ("cut", "blip", "crash", "start-server", "kill-portal", "start-portal", "partition")
USUAL = tuple(name for name in ACTIONS if name not in FAULTS and name != "wait")


class System(RuleBasedStateMachine):
    """One world; each rule lets something happen in it."""

    world: World

    @initialize(
        portals=st.integers(1, 3),
        mode=st.sampled_from((0, 2)),
        held_lines=st.sampled_from((0, 4)),
    )
    def begin(self, portals: int, mode: int, held_lines: int) -> None:
        self.world = World(Setup(portals, mode, held_lines))

    @rule(name=st.sampled_from(USUAL), a=NUMBERS, b=NUMBERS, c=NUMBERS)
    def usual(self, name: str, a: int, b: int, c: int) -> None:
        self._do(Action(name, a, b, c))

    @rule(name=st.sampled_from(FAULTS), a=NUMBERS, b=NUMBERS, c=NUMBERS)
    def fault(self, name: str, a: int, b: int, c: int) -> None:
        self._do(Action(name, a, b, c))

    @rule(tenths=st.integers(1, 8) | st.sampled_from(LONG_WAITS))
    def time_passes(self, tenths: int) -> None:
        self._do(Action("wait", tenths))

    @rule()
    def all_is_well_for_a_while(self) -> None:
        self._do(Action("sweep"))

    def _do(self, action: Action) -> None:
        try:
            do(self.world, action)
        except Violation as violation:
            raise AssertionError(str(violation)) from violation

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                finish(self.world)
            except Violation as violation:
                raise AssertionError(str(violation)) from violation


def test_system_keeps_its_promises_whatever_happens() -> None:
    run_state_machine_as_test(
        System,
        settings=settings(
            max_examples=150,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
