"""`--metrics-file`: counted over runs, whole at every moment, readable by whoever collects it, and never the reason for
a failed night.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import pytest

from meetcli.cache.folder import locked
from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import QUOTA, LoopbackServer, always
from tests.report.test_metrics import samples_of


@pytest.fixture
def meetcli(meetcli: Command) -> Command:
    for number in range(3):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    return meetcli


def metrics(meetcli: Command) -> dict[str, float]:
    return samples_of((meetcli.folder / "m.prom").read_bytes())


def extract(meetcli: Command, *options: str) -> int:
    return meetcli("extract", "in", "--metrics-file", "m.prom", "--summary", "none", *options).exit_code


def test_five_runs_only_ever_count_up_and_a_save_is_no_hit(meetcli: Command) -> None:
    seen: list[dict[str, float]] = []
    for night in range(5):
        meetcli.put(f"in/new-{night}.json", explicit(meeting_id=f"N-{night}"))
        assert extract(meetcli) == 0
        seen.append(metrics(meetcli))
    for before, after in pairwise(seen):
        assert before.keys() <= after.keys()
        assert all(after[name] >= before[name] for name in before)
    assert [night['cache_hits_total{backend="disk"}'] for night in seen] == [0, 4, 9, 15, 22]
    assert [night['cache_misses_total{backend="disk"}'] for night in seen] == [4, 5, 6, 7, 8]
    assert [night['cache_size{backend="disk"}'] for night in seen] == [4, 5, 6, 7, 8]
    assert seen[-1]["meetcli_requests_total"] == seen[-1]["meetcli_request_duration_seconds_count"] == 8
    assert seen[-1]["openai_estimated_cost_usd"] == 0  # nobody knows the price of the loopback server's model
    assert seen[-1]["meetcli_runs_of_unknown_cost_total"] == 5


def test_tokens_and_money_add_up_to_what_the_summaries_said(meetcli: Command) -> None:
    meetcli.put("prices.toml", '["gpt-4o"]\ninput = 1\noutput = 2\n')
    done = [
        meetcli(
            "extract", "in", "--metrics-file", "m.prom", "--summary", "json", "--refresh", "--prices", "prices.toml"
        )
        for _ in range(2)
    ]
    shown = metrics(meetcli)
    for kind in ("input", "output"):
        assert shown[f'openai_tokens_total{{type="{kind}"}}'] == sum(
            run.summary["usage"][f"{kind}_tokens"] for run in done
        )
    assert shown["openai_estimated_cost_usd"] == pytest.approx(sum(float(run.summary["cost_usd"]) for run in done))


def test_a_night_that_failed_shows_and_the_last_success_stays(meetcli: Command, server: LoopbackServer) -> None:
    assert extract(meetcli) == 0
    good = metrics(meetcli)
    server.faults = always(QUOTA)
    assert extract(meetcli, "--refresh") == 3
    bad = metrics(meetcli)
    assert bad['meetcli_last_run_exit_code{task="extract"}'] == 3
    success, end = (
        'meetcli_last_success_timestamp_seconds{task="extract"}',
        'meetcli_last_run_timestamp_seconds{task="extract"}',
    )
    assert bad[success] == good[success]
    assert bad[end] > good[end]
    server.faults = lambda *_: None
    meetcli("analyze", "in", "--metrics-file", "m.prom", "--summary", "none")
    assert metrics(meetcli)[success] == good[success]  # what another job achieves hides no failure
    assert metrics(meetcli)['meetcli_last_run_exit_code{task="extract"}'] == 3


def test_both_tasks_and_emptied_caches_count_on(meetcli: Command) -> None:
    extract(meetcli)
    meetcli("cache", "clear", "--yes")
    meetcli("analyze", "in", "--metrics-file", "m.prom", "--summary", "none")
    assert metrics(meetcli)['cache_misses_total{backend="disk"}'] == 6
    assert metrics(meetcli)['cache_size{backend="disk"}'] == 3


def test_what_a_run_without_cache_pays_is_counted(meetcli: Command) -> None:
    extract(meetcli)
    before = metrics(meetcli)
    extract(meetcli, "--no-cache")
    assert metrics(meetcli).keys() == before.keys()
    assert metrics(meetcli)['cache_size{backend="disk"}'] == 3
    assert metrics(meetcli)["meetcli_requests_total"] == 6
    assert metrics(meetcli)['meetcli_meetings_total{status="bypassed"}'] == 3


def test_a_dry_run_leaves_the_file_alone(meetcli: Command) -> None:
    assert extract(meetcli, "--dry-run") == 0
    assert not (meetcli.folder / "m.prom").exists()


def test_the_file_is_replaced_whole_and_others_may_read_it(meetcli: Command) -> None:
    before = os.umask(0o077)
    try:
        extract(meetcli)
        path = meetcli.folder / "m.prom"
        inode = path.stat().st_ino
        extract(meetcli)
    finally:
        os.umask(before)
    assert path.stat().st_ino != inode
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(meetcli.folder.glob("*m.prom*")) == [path]


def test_runs_that_end_together_write_one_after_the_other(
    meetcli: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    cache.chmod(0o700)
    extract(meetcli, "--cache-dir", str(cache))
    with locked(cache):
        waiting = [meetcli.start("extract", "in", "--metrics-file", "m.prom", "--cache-dir", cache) for _ in range(2)]
        before = metrics(meetcli)
    for process in waiting:
        process.communicate(timeout=60)
    assert metrics(meetcli)["meetcli_run_duration_seconds_count"] == before["meetcli_run_duration_seconds_count"] + 2


@pytest.mark.parametrize(
    ("path", "said"), [("missing/m.prom", "missing is not a folder that you can write to"), ("in", "is a folder")]
)
def test_a_file_that_cannot_be_made_is_said_before_anything_is_called(
    meetcli: Command, server: LoopbackServer, path: str, said: str
) -> None:
    done = meetcli("extract", "in", "--metrics-file", path)
    assert done.exit_code == 2
    assert said in done.stderr
    assert server.requests == 0


def test_a_file_that_cannot_be_written_at_the_end_is_a_warning(
    meetcli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("meetcli.report.metrics.metrics_text", full)
    done = meetcli("extract", "in", "--metrics-file", "m.prom")
    assert done.exit_code == 0
    assert "warning: cannot write the metrics m.prom: No space left on device" in done.stderr


def test_the_missing_library_is_named(meetcli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "meetcli.report.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    done = meetcli("extract", "in", "--metrics-file", "m.prom")
    assert done.exit_code == 2
    assert "pip install 'meetcli[metrics]'" in done.stderr


def test_a_run_without_the_option_does_not_pay_for_the_library(meetcli: Command) -> None:
    code = "import sys\nfrom meetcli.cli import main\ntry: main()\nfinally: print('prometheus_client' in sys.modules)"
    environment = {**os.environ, **meetcli.environment, "MEETCLI_SUMMARY": "none"}
    command = [sys.executable, "-c", code, "extract", "in"]
    done = subprocess.run(command, cwd=meetcli.folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
