"""What is written comes back as it was; what was changed, cut or never ours does not come back at all."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.cache import entry as entries
from meetcli.cache.entry import Header, Indexed, Pointer
from meetcli.models import Entry, Fingerprint, Reply, Usage

texts = st.text(max_size=30)
maybe_texts = st.none() | texts
counts = st.integers(0, 10**12)
usages = st.builds(Usage, counts, counts, counts, counts)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3))]))
amounts = st.none() | st.decimals(0, 10**6, allow_nan=False, places=8)
fingerprints = st.builds(Fingerprint, texts, st.dictionaries(texts, texts, max_size=4))
headers = st.builds(
    Header,
    kind=st.just("reply"),
    task=texts,
    engine=texts,
    model=texts,
    meeting_id=maybe_texts,
    customer_id=maybe_texts,
    created_at=moments,
    cost_usd=amounts,
)
any_entry = st.builds(
    Entry,
    kind=st.sampled_from(["answer", "failure"]),
    task=texts,
    task_version=texts,
    idempotency_key=maybe_texts,
    fingerprint=fingerprints,
    engine=texts,
    model=texts,
    endpoint=texts,
    created_at=moments,
    input_sha256=texts,
    usage=usages,
    cost_usd=amounts,
    meetcli_version=texts,
    meeting_id=maybe_texts,
    customer_id=maybe_texts,
    reason=maybe_texts,
    message=maybe_texts,
    render_id=texts,
    answer=texts,
    rendered=texts,
)
any_reply = st.builds(
    Reply,
    request_id=texts,
    text=maybe_texts,
    finish=st.sampled_from(["stop", "length", "refusal", "content_filter"]),
    usage=usages,
    latency_ms=st.floats(0, 10**7),
    error=st.none(),
    lane=st.sampled_from(["standard", "flex", "batch"]),
    uncertain_usd=st.just(Decimal(0)),
    is_collected=st.booleans(),
    state=st.just("answered"),  # nothing else is kept
    reason=st.none(),
)

INDEXED = Indexed("answer:extract:k1:f1", "2-aa", datetime(2026, 11, 23, tzinfo=UTC), Decimal("0.01"), 0, "5a")
ENTRY = Entry(
    kind="answer",
    task="extract",
    task_version="1",
    idempotency_key="1294cd",
    fingerprint=Fingerprint("f00", {"content": "c1", "model": "m1"}),
    engine="openai",
    model="gpt-4o",
    endpoint="api.openai.com",
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    input_sha256="5a",
    usage=Usage(900, 100, 50, 1),
    cost_usd=Decimal("0.0123"),
    meetcli_version="1.0",
    meeting_id="M-1",
    customer_id="C-1",
    answer='{"summary":"olá"}',
    rendered='{\n  "summary": "olá"\n}\n',
)
REPLY = Reply("7", "a reply\nof two lines", "length", Usage(5, 0, 4, 2), 120.5)
HEADER = Header("reply", "extract", "openai", "gpt-4o", "M-1", "C-1", ENTRY.created_at, Decimal("0.01"))


@given(any_entry)
def test_an_entry_comes_back_as_it_was(entry):
    assert entries.load(entries.dump(entry)) == entry


@given(any_entry)
def test_the_first_line_alone_tells_what_lists_need(entry):
    header = entries.load_header(entries.dump(entry).partition("\n")[0])

    assert header == Header(
        entry.kind,
        entry.task,
        entry.engine,
        entry.model,
        entry.meeting_id,
        entry.customer_id,
        entry.created_at,
        entry.cost_usd,
        len((entry.answer + entry.rendered).encode("utf-8", "surrogatepass")),
    )


@given(any_reply, headers)
def test_a_reply_comes_back_for_the_request_of_this_run(reply, header):
    text = entries.dump_reply(reply, header)

    loaded = entries.load_reply(text, reply.request_id)
    assert loaded == reply
    assert entries.load_header(text.partition("\n")[0]) == header._replace(size=len((reply.text or "").encode()))


def test_a_pointer_keeps_a_few_earlier_fingerprints_each_once():
    pointer = Pointer(Fingerprint("0", {"content": "0", "model": "0"}), ENTRY.created_at)
    for number in range(1, 20):
        pointer = pointer.followed_by(
            Fingerprint(str(number), {"content": str(number), "model": "0"}), ENTRY.created_at
        )
    pointer = pointer.followed_by(Fingerprint("15", {"content": "15", "model": "0"}), ENTRY.created_at)

    assert [one.digest for one in (pointer.fingerprint, *pointer.earlier)] == [
        "15",
        "19",
        "18",
        "17",
        "16",
        "14",
        "13",
        "12",
    ]
    assert pointer.nearest(Fingerprint("x", {"content": "17", "model": "1"})).digest == "17"
    assert pointer.nearest(Fingerprint("x", {"content": "y", "model": "0"})).digest == "15"
    assert pointer.nearest(pointer.earlier[0]).digest == "15", (
        "an answer that was removed since differs from all others"
    )
    assert pointer.nearest(pointer.fingerprint).digest == "15"


@given(st.builds(Pointer, fingerprints, moments, st.lists(fingerprints, max_size=3).map(tuple)))
def test_a_pointer_comes_back_on_one_line(pointer):
    text = entries.dump_pointer(pointer)

    assert "\n" not in text
    assert entries.load_pointer(text) == pointer


@given(st.builds(Indexed, texts, texts, moments, amounts, st.integers(0), texts))
def test_an_index_row_comes_back_on_one_line(indexed):
    text = entries.dump_index("index:5a", indexed)

    assert "\n" not in text
    assert entries.load_index("index:5a", text) == indexed
    assert entries.load_index("index:5b", text) is None


@given(st.data())
def test_one_changed_character_anywhere_makes_an_entry_absent(data):
    text = entries.dump(ENTRY)
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda new: new != text[position]))

    assert entries.load(text[:position] + character + text[position + 1 :]) is None


@given(st.data())
def test_one_changed_character_anywhere_makes_an_index_row_absent(data):
    text = entries.dump_index("index:5a", INDEXED)
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda new: new != text[position]))

    assert entries.load_index("index:5a", text[:position] + character + text[position + 1 :]) is None


@pytest.mark.parametrize(
    ("text", "load"),
    [
        (entries.dump(ENTRY), entries.load),
        (entries.dump_reply(REPLY, HEADER), lambda text: entries.load_reply(text, "7")),
    ],
)
def test_a_cut_or_grown_value_is_absent(text, load):
    assert load(text) is not None
    assert [load(text[:length]) for length in range(len(text))] == [None] * len(text)
    assert load(text + " ") is None


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    ).map(json.dumps)
)
def test_foreign_text_is_absent_and_never_a_crash(text):
    assert entries.load(text) is None
    assert entries.load_reply(text, "1") is None
    assert entries.load_header(text) is None
    assert entries.load_pointer(text) is None
    assert entries.load_index("index:5a", text) is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"format":1,"name":' + "[" * 100_000,
        "9" * 10_000,
        '[1,"answer","t","e","m",null,null,"2026-11-01T00:00:00","1",1]',
    ],
)
def test_hostile_text_is_absent(text):
    for load in (entries.load, entries.load_header, entries.load_pointer, partial(entries.load_index, "index:5a")):
        assert load(text) is None
    assert entries.load_reply(text, "1") is None


@pytest.mark.parametrize(
    "field",
    [["NaN", 1], ["sNaN", 1], ["Infinity", 1], ["x", 1], ["1e999999", 1], [1.5, "1"], [None, None], [None, True]],
)
def test_a_header_with_a_wrong_amount_or_size_is_absent(field):
    assert (
        entries.load_header(json.dumps([1, "answer", "t", "e", "m", None, None, "2026-11-01T00:00:00+00:00", *field]))
        is None
    )


@pytest.mark.parametrize("ids", [[5, None], [None, {"a": 1}], [["M"], "C"]])
def test_a_header_with_ids_that_are_no_text_is_absent(ids):
    assert (
        entries.load_header(json.dumps([1, "answer", "t", "e", "m", *ids, "2026-11-01T00:00:00+00:00", "1", 1])) is None
    )


def test_a_newer_format_is_absent(monkeypatch):
    monkeypatch.setattr(entries, "FORMAT", 2)
    texts_of_tomorrow = (
        entries.dump(ENTRY),
        entries.dump_reply(REPLY, HEADER),
        entries.dump_pointer(Pointer(ENTRY.fingerprint, ENTRY.created_at)),
        entries.dump_index("index:5a", INDEXED),
    )
    monkeypatch.undo()

    answer, reply, pointer, index = texts_of_tomorrow
    assert entries.load(answer) is None
    assert entries.load_header(answer.partition("\n")[0]) is None
    assert entries.load_reply(reply, "7") is None
    assert entries.load_pointer(pointer) is None
    assert entries.load_index("index:5a", index) is None


def test_an_answer_is_no_reply_and_a_reply_no_answer():
    assert entries.load_reply(entries.dump(ENTRY), "1") is None
    assert entries.load(entries.dump_reply(REPLY, HEADER)) is None


def test_keys_are_made_of_digests_and_names():
    assert entries.answer_key("extract", "1294", "f00") == "answer:extract:1294:f00"
    assert entries.failure_key("extract", "1294", "f00") == "failure:extract:1294:f00"
    assert entries.latest_key("extract", "openai", "1294") == "latest:extract:openai:1294"
    assert entries.reply_key("extract", "1294", "d1") == "reply:extract:1294:d1"
    assert entries.place_of("answer:my:task:1294:f00") == ("1294", "f00")
    assert entries.index_key("5a") == "index:5a"
