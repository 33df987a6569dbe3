"""Removing reaches everything that leads to an entry and everything a batch remembers of it, and nothing else."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from meetcli.cache.batches import CachedBatches, forget_members
from meetcli.cache.entry import (
    Header,
    Indexed,
    Pointer,
    answer_key,
    dump,
    dump_index,
    dump_pointer,
    dump_reply,
    failure_key,
    index_key,
    latest_key,
    reply_key,
)
from meetcli.cache.forgiving import ForgivingCache
from meetcli.cache.upkeep import kept_entries, remove_entries, unusable_rows
from meetcli.models import BatchLine, Entry, Fingerprint, Reply, Submission, Usage
from tests.fakes import MemoryCache

NOW = datetime(2026, 11, 23, tzinfo=UTC)
INDEXED = Indexed("", "1", NOW, Decimal(1), 0, "5a")


def entry(kind: str, key: str, digest: str, customer: str) -> Entry:
    return Entry(
        kind=kind,
        task="extract",
        task_version="1",
        idempotency_key=key,
        fingerprint=Fingerprint(digest, {"content": digest}),
        engine="openai",
        model="gpt-4o",
        endpoint="",
        created_at=NOW,
        input_sha256="",
        usage=Usage(),
        cost_usd=Decimal(1),
        meetcli_version="1",
        meeting_id="M",
        customer_id=customer,
    )


@pytest.fixture
def cache() -> MemoryCache:
    """Two answers under one key, the later one of another customer, whom a collision or a reused id brought there."""
    cache = MemoryCache()
    reply = dump_reply(Reply("", "text"), Header("reply", "extract", "openai", "m", "M", "C-1", NOW, None))
    one, other = entry("answer", "k1", "f1", "C-1"), entry("answer", "k1", "f2", "C-2")
    cache.set(
        {
            answer_key("extract", "k1", "f1"): dump(one),
            answer_key("extract", "k1", "f2"): dump(other),
            failure_key("extract", "k1", "f1"): dump(one._replace(kind="failure")),
            reply_key("extract", "k1", "r1"): reply,
            latest_key("extract", "openai", "k1"): dump_pointer(Pointer(other.fingerprint, NOW)),
            index_key("i1"): dump_index(index_key("i1"), INDEXED._replace(name=answer_key("extract", "k1", "f1"))),
            index_key("i2"): dump_index(index_key("i2"), INDEXED._replace(name=answer_key("extract", "k1", "f2"))),
            "answer:extract:k9:f9": "[99]\n",
        }
    )
    return cache


def test_what_leads_to_the_removed_goes_and_what_leads_elsewhere_stays(cache: MemoryCache) -> None:
    remove_entries(cache, [kept for kept in kept_entries(cache) if kept.header.customer_id == "C-1"])

    assert sorted(cache.items) == sorted(
        [
            "answer:extract:k1:f2",
            "answer:extract:k9:f9",
            "index:i2",
            "latest:extract:openai:k1",
        ]
    )


def test_a_pointer_goes_with_the_answer_it_leads_to(cache: MemoryCache) -> None:
    remove_entries(cache, [kept for kept in kept_entries(cache) if kept.header.customer_id == "C-2"])

    assert "latest:extract:openai:k1" not in cache.items
    assert "answer:extract:k1:f1" in cache.items


def test_rows_that_nobody_can_read_are_named(cache: MemoryCache) -> None:
    assert unusable_rows(cache) == ["answer:extract:k9:f9"]


@pytest.mark.parametrize("name", ["answer:", "answer:k1", "failure:extract:k1"])
def test_a_foreign_name_is_named_too_whatever_stands_under_it(cache: MemoryCache, name: str) -> None:
    cache.set({name: cache.items["answer:extract:k1:f1"]})

    assert name in unusable_rows(cache)
    assert [kept.asked for kept in kept_entries(cache) if kept.header.kind == "answer"] == ["f1", "f2"]


@pytest.mark.parametrize("line", ["not json", "5", "[1, 2, 3, 4, 5, 6]"])
def test_a_damaged_batch_does_not_keep_anybody_from_being_forgotten(line: str) -> None:
    cache = MemoryCache()
    book = CachedBatches(ForgivingCache(cache, pytest.fail), "openai")
    submission = Submission("d", "batch_1", "submitted", NOW, "https://h/v1", "gpt-4o", 2)
    book.write(submission, [BatchLine("r1", "extract", "M-1", "CANARY"), BatchLine("r2", "extract", "M-2", "C-2")])
    cache.items["batch:d"] += f"\n{line}"

    assert len(book.members(submission)) == 2
    forget_members(cache, lambda member: member.customer_id == "CANARY")

    assert book.members(submission) == [BatchLine("r2", "extract", "M-2", "C-2")]
    assert not cache.items["batch:d"].endswith(line), "nobody can say whom it is about"


def test_a_batch_forgets_whom_it_was_bought_for() -> None:
    cache = MemoryCache()
    book = CachedBatches(ForgivingCache(cache, pytest.fail), "openai")
    submission = Submission("d", "batch_1", "submitted", NOW, "https://h/v1", "gpt-4o", 2)
    book.write(submission, [BatchLine("r1", "extract", "M-1", "CANARY"), BatchLine("r2", "extract", "M-2", "C-2")])

    forget_members(cache, lambda member: member.customer_id == "CANARY")

    assert book.members(submission) == [BatchLine("r2", "extract", "M-2", "C-2")]
    assert book.submissions() == [submission]
    assert "CANARY" not in "".join(cache.items.values())
