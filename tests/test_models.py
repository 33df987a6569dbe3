"""What the nouns decide by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from meetcli.models import Rules

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "is_fresh"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=59), True),
        (timedelta(hours=24), False),
        (timedelta(seconds=-60), True),  # another machine's clock
        (timedelta(seconds=-61), False),
        (timedelta(days=-3650), False),
    ],
)
def test_an_answer_is_fresh_while_younger_than_the_ttl_and_not_from_the_future(age, is_fresh):
    rules = Rules(ttl_s=86_400, max_bytes=1)
    assert rules.is_fresh(NOW - age, NOW) is is_fresh
    assert rules._replace(ttl_s=None).is_fresh(NOW - age, NOW)
