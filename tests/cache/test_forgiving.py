"""What a lost cache means to a run: a warning, or its end where the cache is required."""

import pytest

from meetcli.cache.forgiving import ForgivingCache
from meetcli.errors import CacheError
from tests.fakes import MemoryCache


class Broken(MemoryCache):
    def fail(self, *arguments, **options):
        raise CacheError("cannot use the cache /somewhere: disk I/O error")

    get_many = set = remove = size = fail


def test_a_cache_that_works_is_passed_through():
    cache = ForgivingCache(MemoryCache(), pytest.fail)

    assert cache.set({"answer:a": "1"}) is True
    assert cache.get_many(["answer:a"]) == {"answer:a": "1"}
    assert cache.size() == 1
    cache.remove(["answer:a"])
    assert cache.get_many(["answer:a"]) == {}
    assert cache.backend == "disk"
    assert cache.errors == 0


def test_trouble_is_told_once_a_kind_and_counted():
    warnings = []
    cache = ForgivingCache(Broken(), warnings.append)

    for _ in range(2):
        assert cache.get_many(["a"]) == {}
        assert cache.set({"a": "1"}) is False
        assert cache.size() is None
        cache.remove(["a"])

    assert len(warnings) == 2
    assert cache.errors == 8


def test_the_first_loss_stays_for_those_who_require_the_cache():
    cache = ForgivingCache(Broken(), lambda error: None)
    assert cache.loss is None

    cache.set({"a": "1"})
    first = cache.loss
    cache.get_many(["a"])

    assert "disk I/O error" in first.message
    assert cache.loss is first


def test_what_the_cache_has_to_say_is_told_once_and_when_it_is_known():
    inner, told = MemoryCache(), []
    inner.notices.append("at the start")

    cache = ForgivingCache(inner, pytest.fail, notify=told.append)
    assert told == ["at the start"]
    inner.notices.append("in the middle")
    cache.get_many([])
    cache.get_many([])
    assert told == ["at the start", "in the middle"]


def test_what_the_cache_has_to_say_is_told_even_where_it_fails():
    inner, told = Broken(), []
    cache = ForgivingCache(inner, lambda error: None, notify=told.append)
    inner.notices.append("moved aside")

    cache.size()

    assert told == ["moved aside"]
