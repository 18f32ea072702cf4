from everdoor_portal.telnet.violations import ViolationMeter


def test_meter_is_over_after_a_hundred_violations_at_once() -> None:
    meter = ViolationMeter()
    assert [meter.add_violation(0.0) for _ in range(101)] == [False] * 100 + [True]
    assert meter.total == 101


def test_meter_lets_a_thousand_ordinary_commands_at_once_through() -> None:
    meter = ViolationMeter()
    assert not any(meter.add_routine(0.0) for _ in range(999))
    assert any(meter.add_routine(0.0) for _ in range(10))
    assert meter.total == 0


def test_meter_forgets_with_time() -> None:
    meter = ViolationMeter()
    for second in range(10_000):
        assert not meter.add_violation(float(second))


def test_meter_lets_ten_ordinary_commands_a_second_pass_for_ever() -> None:
    meter = ViolationMeter()
    assert not any(meter.add_routine(n / 9.5) for n in range(50_000))


def test_meter_is_not_confused_by_a_clock_that_stands_or_steps_back() -> None:
    meter = ViolationMeter()
    for n in range(100):
        assert not meter.add_violation(100.0 - n)
    assert meter.add_violation(0.0)
