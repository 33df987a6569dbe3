"""Counters that outlive runs and the cache's contents, that no two processes lose, and whose loss costs nothing
else.
"""

import json
import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from meetcli.cache.lifetime import Lifetime, add_run, read_lifetime, zero
from meetcli.errors import CacheError
from meetcli.models import Ended

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATE = "cache.state.json"


def test_runs_add_up_exactly(tmp_path):
    add_run(tmp_path, {"runs": 1, "hits.disk": 3, "cost_usd": Decimal("0.1")}, task="extract", exit_code=0, at=NOON)
    add_run(
        tmp_path,
        {"runs": 1, "misses.redis+disk": 2, "cost_usd": Decimal("0.2")},
        task="extract",
        exit_code=1,
        at=NOON + timedelta(days=1),
    )

    lifetime = read_lifetime(tmp_path)
    assert lifetime.total == {"runs": 2, "hits.disk": 3, "misses.redis+disk": 2, "cost_usd": Decimal("0.3")}
    assert lifetime.began_at == lifetime.last_success_at == NOON
    assert lifetime.last_run_at == NOON + timedelta(days=1)


def test_each_task_has_its_own_end(tmp_path):
    add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON)
    add_run(tmp_path, {"runs": 1}, task="extract", exit_code=3, at=NOON + timedelta(days=1))
    add_run(tmp_path, {"runs": 1}, task="analyze", exit_code=1, at=NOON + timedelta(days=2))
    later = [NOON + timedelta(days=days) for days in (1, 2)]
    assert read_lifetime(tmp_path).tasks == {"extract": Ended(3, later[0], NOON), "analyze": Ended(1, later[1], None)}


def test_a_file_from_before_tasks_were_told_apart_keeps_its_counts(tmp_path):
    (tmp_path / STATE).write_text(f'{{"format": 1, {NEVER}, "total": {{"runs": "7"}}, "at_zero": {{}}}}')
    assert add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON).total == {"runs": 8}


def test_zero_counts_anew_and_keeps_the_lifetime(tmp_path):
    add_run(tmp_path, {"runs": 1, "hits.disk": 3}, task="extract", exit_code=0, at=NOON)
    zero(tmp_path, at=NOON)
    add_run(tmp_path, {"runs": 1, "hits.redis": 1}, task="extract", exit_code=0, at=NOON)

    lifetime = read_lifetime(tmp_path)
    assert lifetime.zeroed_at == NOON
    assert lifetime.total == {"runs": 2, "hits.disk": 3, "hits.redis": 1}
    assert lifetime.since_zero == {"runs": 1, "hits.disk": 0, "hits.redis": 1}


def test_the_file_is_private_whatever_the_umask_and_leaves_none_beside_it(tmp_path):
    add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON)

    assert stat.S_IMODE((tmp_path / STATE).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache.lock", STATE]


NEVER = '"began_at": null, "zeroed_at": null, "last_run_at": null, "last_success_at": null'


@pytest.mark.parametrize(
    "spoiled",
    [
        *("", "{", "[]", "null", "[" * 10**5, '{"format": 1}'),
        f'{{"format": 2, {NEVER}, "total": {{"runs": "1"}}, "at_zero": {{}}}}',
        f'{{"format": 1, {NEVER}, "total": 5, "at_zero": {{}}}}',
        f'{{"format": 1, {NEVER}, "total": {{"runs": "NaN"}}, "at_zero": {{}}}}',
        f'{{"format": 1, {NEVER}, "total": {{"runs": "many"}}, "at_zero": {{}}}}',
    ],
)
def test_a_file_that_cannot_be_used_is_moved_aside_which_is_said_once(tmp_path, spoiled):
    (tmp_path / STATE).write_text(spoiled)
    notice = read_lifetime(tmp_path).notice
    assert str(tmp_path / STATE) in notice
    assert read_lifetime(tmp_path) == Lifetime({}, {}, notice=notice)

    aside = tmp_path / "cache.damaged-1.state.json"
    assert add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON).notice.startswith(
        f"{notice}: moved to {aside}"
    )
    assert aside.read_text() == spoiled
    assert (read_lifetime(tmp_path).total, read_lifetime(tmp_path).notice) == ({"runs": 1}, "")
    assert add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON).notice == ""


def test_what_was_moved_aside_earlier_stays(tmp_path):
    for number in (1, 2):
        (tmp_path / STATE).write_text(str(number))
        zero(tmp_path, at=NOON)
        assert (tmp_path / f"cache.damaged-{number}.state.json").read_text() == str(number)


def test_a_place_that_cannot_be_written_is_a_cache_error(tmp_path):
    (tmp_path / "cache.state.new").mkdir()

    with pytest.raises(CacheError, match=r"cannot write the counters .*cache\.state\.json: Is a directory"):
        add_run(tmp_path, {"runs": 1}, task="extract", exit_code=0, at=NOON)
    assert read_lifetime(tmp_path) == Lifetime({}, {})


def _add_many(folder, times):
    for _ in range(times):
        add_run(folder, {"runs": 1, "cost_usd": Decimal("0.01")}, task="extract", exit_code=0, at=NOON)


def test_processes_at_once_lose_no_count(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_many, args=(tmp_path, 50)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert read_lifetime(tmp_path).total == {"runs": 200, "cost_usd": Decimal(2)}


def test_amounts_are_decimal_strings_that_any_program_can_read(tmp_path):
    add_run(tmp_path, {"cost_usd": Decimal("1E-7"), "runs": 1}, task="extract", exit_code=0, at=NOON)

    assert json.loads((tmp_path / STATE).read_text())["total"] == {"cost_usd": "0.0000001", "runs": "1"}
