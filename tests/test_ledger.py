"""What a run keeps of meetings: nothing of one that has no place in the cache, and what was bought in time of others."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from meetcli.cache.entry import batch_reply_key, dump_reply, header_of, load_header
from meetcli.cache.forgiving import ForgivingCache
from meetcli.models import CLOCKS_DIFFER_S, Entry, Fingerprint, Job, Reply, Rules, Source, Status, Usage
from meetcli.spend.ledger import Ledger
from tests.fakes import MemoryCache, ScriptedLeases

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASKED = Fingerprint("f" * 32, {})
PAID = Usage(10, 0, 5, 1)


def job(**changes):
    fields = {"idempotency_key": "k" * 64, "fingerprint": ASKED, "status": Status.MISS, "twins": []}
    return Job(Source(Path("a.json"), "a.json", "a.json", "a.json", True), "5" * 64, **{**fields, **changes})


def bought(kind="answer", created_at=NOW):
    entry = Entry(kind, "extract", "1", "k" * 64, ASKED, "openai", "m", "", created_at, "5" * 64, PAID, Decimal(2), "0")
    return entry._replace(reason="invalid", message="no") if kind == "failure" else entry


def ledger(cache=None, leases=None, **rules):
    forgiving = None if cache is None else ForgivingCache(cache, pytest.fail)
    wanted = Rules(**{"ttl_s": 3600.0, "max_bytes": 1, **rules})
    return Ledger("extract", forgiving, leases, rules=wanted, started_at=NOW, warn=pytest.fail)


def test_without_a_cache_nothing_is_kept_and_nothing_known():
    book = ledger()
    book.keep_reply(job(), "d", Reply("", "{}", usage=PAID), bought())
    book.keep_anchors(job(), "cut", ["a", "b"], bought())
    assert book.kept_reply(job(), "d", "r") is None
    assert book.kept_answer(job(), "d", "r", NOW) is None
    assert book.known_anchors(job(), "cut") == []
    assert book.bought_meanwhile([job()], NOW) == []
    assert book.save(job(), bought(), ["d"], NOW) == bought()
    book.remember_failure(job(), bought("failure"), ["d"])


def test_of_a_meeting_that_is_not_kept_nothing_stays_and_no_other_s_is_taken_for_it():
    cache, guest = MemoryCache(), job(is_kept=False)
    book = ledger(cache)
    book.keep_reply(guest, "d", Reply("", "{}", usage=PAID), bought())
    book.keep_anchors(guest, "cut", ["a"], bought())
    book.save(guest, bought(), [], NOW)
    book.remember_failure(guest, bought("failure"), [])
    assert cache.items == {}
    cache.items[batch_reply_key("cut")] = dump_reply(Reply("", "a b", usage=PAID), header_of(bought()))
    assert book.known_anchors(guest, "cut") == []
    assert book.kept_answer(guest, "cut", "r", NOW) is None
    assert book.kept_reply(guest, "cut", "r").text == "a b"  # a batch's reply is paid for, with a key or without


def test_a_paid_reply_is_kept_until_its_meeting_is_saved():
    cache = MemoryCache()
    book = ledger(cache)
    book.keep_reply(job(), "d", Reply("", "{}", usage=PAID), bought())
    reply = book.kept_reply(job(), "d", "again")
    assert (reply.text, reply.usage, reply.request_id) == ("{}", PAID, "again")
    book.remember_failure(job(), bought("failure"), ["d"])
    assert book.kept_reply(job(), "d", "again") is None


def test_anchors_and_answers_of_parts_are_kept_as_paid_for():
    cache = MemoryCache()
    book = ledger(cache)
    book.keep_anchors(job(), "cut", ["a", "b"], bought())
    assert book.known_anchors(job(), "cut") == ["a", "b"]
    (row,) = cache.items.values()
    assert load_header(row.partition("\n")[0]).cost_usd == 0


@pytest.mark.parametrize(
    ("age_s", "is_refresh", "is_taken"),
    [
        *((3599, False, True), (3600, False, False), (1, True, False), (0, True, True)),
        *((-CLOCKS_DIFFER_S, True, True), (-CLOCKS_DIFFER_S - 1, True, False)),
    ],
)
@pytest.mark.parametrize("kind", ["answer", "failure"])
def test_what_another_process_bought_is_taken_while_it_is_fresh_or_bought_since_the_run_began(
    kind, age_s, is_refresh, is_taken
):
    cache, theirs = MemoryCache(), bought(kind, NOW - timedelta(seconds=age_s))
    other = ledger(cache)
    if kind == "answer":
        other.save(job(), theirs, [], NOW)
    else:
        other.remember_failure(job(), theirs, [])
    found = ledger(cache, ScriptedLeases(), is_refresh=is_refresh).bought_meanwhile([job(), job(is_kept=False)], NOW)
    assert found == ([(job(), theirs)] if is_taken else [])
    assert ledger(cache, None).bought_meanwhile([job()], NOW) == []  # nobody else can have been at it


def test_an_older_failure_is_not_taken_where_failures_are_retried():
    cache = MemoryCache()
    ledger(cache).remember_failure(job(), bought("failure", NOW - timedelta(seconds=1)), [])
    assert ledger(cache, ScriptedLeases()).bought_meanwhile([job()], NOW) != []
    assert ledger(cache, ScriptedLeases(), is_failed_retried=True).bought_meanwhile([job()], NOW) == []


@pytest.mark.parametrize(
    ("usage", "age_s", "is_refresh", "is_taken"),
    [
        *((PAID, 10, True, True), (Usage(), 10, True, False), (Usage(), 10, False, True)),
        *((Usage(), 0, True, True), (PAID, 3600, False, False)),
    ],
)
def test_an_answer_about_a_part_counts_while_fresh_and_in_a_refresh_only_where_no_meeting_was_settled_with_it(
    usage, age_s, is_refresh, is_taken
):
    cache = MemoryCache()
    book = ledger(cache, is_refresh=is_refresh)
    book.keep_reply(job(), "d", Reply("", "{}", usage=usage), bought(created_at=NOW - timedelta(seconds=age_s)))
    assert (book.kept_answer(job(), "d", "r", NOW) is not None) is is_taken


def test_only_what_nobody_else_holds_is_ours_and_what_has_no_key_always_is():
    leases = ScriptedLeases()
    book = ledger(MemoryCache(), leases)
    assert book.acquire([job(), job(is_kept=False)]) == [job(), job(is_kept=False)]
    assert len(leases.ours) == 1
    book.release(job(is_kept=False))
    assert len(leases.ours) == 1
    book.release(job())
    assert not leases.ours
    taken = ScriptedLeases()
    taken.asked = taken.held.update
    assert ledger(MemoryCache(), taken).acquire([job(), job(is_kept=False)]) == [job(is_kept=False)]
    assert ledger(MemoryCache()).acquire([job()]) == [job()]
