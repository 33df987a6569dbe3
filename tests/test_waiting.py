"""While everything waits, one line says so and until when: in the progress at once, in a log every 30 seconds."""

from datetime import UTC, datetime

import pytest

from meetcli.wiring.waiting import WaitNotice


class Watched:
    """A notice with a clock that the test turns; `waited` tells it every tenth of a second, as the gate does."""

    def __init__(self, shows=None):
        self.at = 0.0
        self.notice = WaitNotice(
            lambda: shows, monotonic=lambda: self.at, now=lambda: datetime(2026, 8, 5, 9, tzinfo=UTC)
        )

    def waited(self, seconds):
        for left in range(round(seconds * 10), 0, -1):
            self.notice.tell(left / 10)
            self.at += 0.1


@pytest.mark.parametrize(("seconds", "lines"), [(3, 0), (6, 1), (29, 1), (61, 3), (300, 10)])
def test_a_log_has_a_line_every_half_minute_of_waiting(seconds, lines, caplog):
    Watched().waited(seconds)
    assert len(caplog.records) == lines
    assert all(record.levelname == "WARNING" for record in caplog.records)


def test_many_short_waits_with_a_refused_call_between_are_one_long_wait(caplog):
    watched = Watched()
    for _ in range(30):
        watched.waited(2)
        watched.at += 1.0
    assert len(caplog.records) == 3


def test_waits_between_calls_that_are_answered_are_not_worth_a_line(caplog):
    watched = Watched()
    for _ in range(30):
        watched.waited(2)
        watched.at += 20.0
    assert caplog.records == []


def test_a_line_says_until_when(caplog):
    Watched().waited(90)
    until = datetime(2026, 8, 5, 9, 1, 30, tzinfo=UTC).astimezone()
    assert caplog.messages[0] == f"no call is under way: waiting until {until:%H:%M:%S} to ask the server again"


def test_on_a_terminal_the_progress_says_it_at_once_and_the_log_nothing(caplog):
    shown = []
    Watched(shown.append).waited(2)
    assert shown
    assert set(shown) <= {
        f"waiting until {datetime(2026, 8, 5, 9, 0, s, tzinfo=UTC).astimezone():%H:%M:%S}" for s in (1, 2)
    }
    assert caplog.records == []
