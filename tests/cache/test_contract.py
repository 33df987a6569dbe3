"""What every cache does, whichever technology it stands on."""

import multiprocessing
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meetcli.cache import Cache, open_cache, open_shared
from tests.fakes import MemoryCache

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(params=["disk", "memory", "redis", "cluster", "poor account"])
def cache(request, tmp_path):
    opened: Cache
    if request.param == "redis":
        opened = open_shared(request.getfixturevalue("clean_redis"))
    elif request.param == "cluster":
        opened = open_shared(request.getfixturevalue("clean_cluster"))
    elif request.param == "poor account":
        opened = open_shared(request.getfixturevalue("poor_account"))
    elif request.param == "disk":
        opened = open_cache(tmp_path / "cache")
    else:
        opened = MemoryCache()
    yield opened
    opened.close()


def test_gives_back_what_was_set_and_leaves_out_what_was_not(cache):
    cache.set({"answer:a": "one\ntwo", "b": ""})

    assert cache.get_many(["b", "answer:a", "absent"]) == {"answer:a": "one\ntwo", "b": ""}
    assert cache.get_many([]) == {}


def test_keeps_the_last_value_of_a_key(cache):
    cache.set({"key": "old\nlines"})
    cache.set({"key": "new"})

    assert cache.get_many(["key"]) == {"key": "new"}
    assert list(cache.scan("key")) == [("key", "new")]


def test_reads_more_keys_than_one_statement_takes(cache):
    items = {f"key:{number}": str(number) for number in range(2500)}
    cache.set(items)

    assert cache.get_many(iter(items)) == items


def test_scan_yields_first_lines_below_the_prefix_in_key_order(cache):
    cache.set({"answer:b": "head b\nbody", "answer:a": "head a", "answers": "no", "index:a": "no", "answer": "no"})

    assert list(cache.scan("answer:")) == [("answer:a", "head a"), ("answer:b", "head b")]


def test_scan_goes_on_while_its_keys_are_removed(cache):
    keys = [f"answer:{number:05}" for number in range(5000)]
    cache.set(dict.fromkeys(keys, "head\nbody"))

    seen = []
    for key, _ in cache.scan("answer:"):
        seen.append(key)
        if len(seen) % 1000 == 0:
            cache.remove(seen[-1000:])

    assert seen == keys
    assert list(cache.scan("")) == []


def test_scan_yields_first_lines_of_any_length(cache):
    items = {"a": "x" * 5000 + "\nbody", "b": "é" * 511 + "x\nbody", "c": "é" * 1000, "d": "\nbody", "e": ""}
    cache.set(items)

    assert list(cache.scan("")) == [(key, value.partition("\n")[0]) for key, value in items.items()]


def test_a_prefix_is_text_and_no_pattern(cache):
    cache.set({"a*c:1": "yes", "abc:1": "no", "a[b]:1": "yes", "a?:1": "yes", "a\\:1": "yes", "a:1": "no"})

    for prefix in ("a*", "a[b]", "a?", "a\\"):
        assert [value for _, value in cache.scan(prefix)] == ["yes"]


def test_size_and_clear_count_answers_only(cache):
    cache.set({"answer:a": "1", "answer:b": "2", "latest:a": "3", "reply:a": "4"})

    assert cache.size() in (2, None)
    assert cache.clear() == 2
    assert cache.size() in (0, None)
    assert list(cache.scan("")) == []


def test_remove_says_how_many_were_there(cache):
    cache.set({"a": "1", "b": "2", "c": "3"})

    assert cache.remove(["a", "b", "absent"]) == 2
    assert cache.remove(["a"]) == 0
    assert list(cache.scan("")) == [("c", "3")]


def test_setting_nothing_and_removing_nothing_do_nothing(cache):
    cache.set({})

    assert cache.remove([]) == 0
    assert cache.clear() == 0


def test_can_be_closed_twice(cache):
    cache.close()
    cache.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.dictionaries(texts.filter(bool), texts, max_size=6), prefix=texts)
def test_any_text_survives(cache, items, prefix):
    cache.clear()
    cache.set(items)

    assert cache.get_many(items) == items
    expected = sorted(
        ((key, value.partition("\n")[0]) for key, value in items.items() if key.startswith(prefix)),
        key=lambda row: row[0],
    )
    assert list(cache.scan(prefix)) == expected


def test_two_threads_may_use_it_at_once(cache):
    """Each sees what it has written, however long the other's reads take."""
    failures = []
    others = {f"other:{number}": "long " * 1_000 for number in range(200)}
    cache.set(others)

    def work(name: str) -> None:
        try:
            for number in range(40):
                cache.set({f"answer:{name}:{number}": name})
                assert cache.get_many([*others, f"answer:{name}:{number}"]).get(f"answer:{name}:{number}") == name
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(list(cache.scan("answer:"))) == 80


def _fill(folder, name):
    cache = open_cache(folder)
    for number in range(25):
        cache.set({f"answer:{name}:{number}": f"{name}\nbody"})
    cache.close()


def test_processes_that_start_together_on_nothing_all_keep_their_answers(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fill, args=(tmp_path / "cache", str(name))) for name in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 4
    cache = open_cache(tmp_path / "cache")
    assert cache.size() == 100
    assert cache.notices == []
    cache.close()
