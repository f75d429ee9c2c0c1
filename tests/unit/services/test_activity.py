"""The idle stop."""

from __future__ import annotations

from agent_brain_server.services.activity import Activity


def test_requests_and_work_put_the_stop_off() -> None:
    now, busy = [0.0], [False]
    activity = Activity(60, lambda: busy[0], clock=lambda: now[0])
    now[0] = 50
    assert activity.seconds_left() == 10
    activity.touch()
    now[0] = 100
    assert activity.seconds_left() == 10
    busy[0] = True
    assert activity.seconds_left() == 60
    busy[0] = False
    now[0] = 170
    assert activity.seconds_left() == 0


def test_zero_never_stops() -> None:
    assert Activity(0, lambda: False).seconds_left() is None
