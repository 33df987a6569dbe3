from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.keys import (
    asked_parts,
    changed_part,
    fingerprint,
    idempotency_key,
    index_digest,
    index_prefix,
    render_id,
    request_digest,
)
from meetcli.meetings.normalize import normalize
from meetcli.models import EngineIdentity, Meeting, Source, Turn
from meetcli.tasks.prompt import told_metadata

WORDS = "Ana: bom dia\nRui: olá"


def meeting(**fields):
    given = {
        "meeting_id": "TEST-CACHE-001",
        "customer_id": "CUST-CACHE-001",
        "meet_date": "2025-10-15T10:00:00Z",
        **fields,
    }
    transcript = given.pop("transcript", WORDS)
    return normalize(
        {"transcript": transcript, "metadata": {name: value for name, value in given.items() if value is not None}}
    )


@pytest.mark.parametrize(
    ("meet_date", "key"),
    [
        ("2025-10-15T10:00:00Z", "1294cd73c1b883ca35674a2104c3f15d96d12de37c403ec3bb7da78620d1a4b7"),
        ("2025-10-15T10:00:00+00:00", "1294cd73c1b883ca35674a2104c3f15d96d12de37c403ec3bb7da78620d1a4b7"),
        ("2025-10-15T10:00:00-03:00", "7381b2c891ccc4fbbc92719d0c9ccb8d3fc80161a7cfd867bdabb696bb2d904f"),
        ("2025-10-15T10:00:00", "35a176900e562f8c98643e92236fb3e13cde6d4cd97e39867d64bfdbf73e6f88"),
        ("2025-10-15", "065613d67fa5e00adc3cfd8e40f4cabe948ed5dbbb4be0535bd50f4cef2c3148"),
    ],
)
def test_idempotency_key_is_the_one_of_the_service_meetcli_continues(meet_date, key):
    assert idempotency_key(meeting(meet_date=meet_date)) == key


def test_key_is_computed_from_trimmed_ids():
    assert idempotency_key(meeting(meeting_id="  TEST-CACHE-001\n")) == idempotency_key(meeting())


@pytest.mark.parametrize("missing", ["meeting_id", "customer_id", "meet_date"])
def test_meeting_without_all_three_ids_has_no_key(missing):
    assert idempotency_key(meeting(**{missing: None})) is None


def test_content_key_is_frozen_and_ignores_unicode_form_and_line_ends():
    key = "2ec9a279ab60607616cacd6e8d512179d078f890521988bc1edcef563b9b4fc1"
    for transcript in (WORDS, WORDS.replace("\n", "\r\n"), WORDS.replace("á", "a\u0301")):
        assert idempotency_key(meeting(meeting_id=None, transcript=transcript), fallback_to_content=True) == key


def test_ids_come_before_content_even_with_the_fallback():
    assert idempotency_key(meeting(), fallback_to_content=True) == idempotency_key(meeting())


def test_ids_that_run_together_share_a_key_but_not_a_fingerprint_when_the_talk_differs():
    one = meeting(meeting_id="a1", customer_id="x", transcript="Ana: yes")
    other = meeting(meeting_id="a1", customer_id="x", transcript="Ana: no")
    assert idempotency_key(one) == idempotency_key(other)
    assert asked_about(one).digest != asked_about(other).digest


BASE = {
    "instructions": "do it",
    "schema_sha256": "5" * 64,
    "temperature": 0.0,
    "identity": EngineIdentity("openai", "gpt-4o", endpoint="https://one/v1", host="one"),
    "language": "auto",
}


def asked_about(subject=None, **changes):
    subject = subject or meeting()
    return fingerprint(subject, told_metadata(subject), asked_parts(**{**BASE, **changes}))


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("content", lambda: asked_about(meeting(transcript="Ana: bom dia\nRui: adeus"))),
        ("metadata", lambda: asked_about(meeting(customer_name="Ana"))),
        ("instructions", lambda: asked_about(instructions="do it well")),
        ("schema", lambda: asked_about(schema_sha256="6" * 64)),
        (
            "engine",
            lambda: asked_about(identity=EngineIdentity("openai", "gpt-4o", algorithm="2", endpoint="https://one/v1")),
        ),
        ("model", lambda: asked_about(identity=EngineIdentity("openai", "gpt-4o-mini", endpoint="https://one/v1"))),
        ("endpoint", lambda: asked_about(identity=EngineIdentity("openai", "gpt-4o", endpoint="https://two/v1"))),
        ("sampling", lambda: asked_about(temperature=0.2)),
        ("language", lambda: asked_about(language="pt")),
    ],
)
def test_each_part_flipped_alone_changes_the_fingerprint_and_is_named(part, other):
    assert other().digest != asked_about().digest
    assert changed_part(other().parts, asked_about().parts) == part


def test_every_part_has_a_case_above():
    marks = test_each_part_flipped_alone_changes_the_fingerprint_and_is_named.pytestmark
    assert {case[0] for case in marks[0].args[1]} == set(asked_about().parts)


def test_fingerprint_is_frozen():
    assert asked_about().digest == "f71ac74341f6ee83ca13f71389a4aae175a4211eac02992714c2cf1b656420a9"


@pytest.mark.parametrize("field", ["meeting_id", "customer_id", "banker_id"])
def test_what_is_not_sent_is_no_part_of_the_fingerprint(field):
    assert asked_about(meeting(**{field: "other"})).digest == asked_about().digest


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_fingerprints_of_different_words_differ(one, other):
    def of(text):
        subject = Meeting(transcript=text, turns=(Turn(None, text, 0),))
        return asked_about(subject).digest

    import unicodedata

    def same(text):
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))

    assert (of(one) == of(other)) == (same(one) == same(other))


SOURCE = Source(None, "a.json", "a.json", "a", True)


@pytest.mark.parametrize(
    "other",
    [
        render_id(meeting(banker_id="B"), SOURCE, "1"),
        render_id(meeting(), SOURCE, "2"),
        render_id(meeting(transcript=WORDS.replace("\n", "\r\n")), SOURCE, "1"),
        render_id(meeting(), Source(None, "b.json", "a.json", "a", True), "1"),
    ],
)
def test_rendering_depends_on_head_text_renderer_and_name(other):
    assert other != render_id(meeting(), SOURCE, "1")


def test_rendering_depends_on_the_times_of_the_turns():
    def timed(start_s):
        return Meeting(WORDS, (Turn("Ana", "bom dia", 5, start_s),), meet_at=datetime(2025, 1, 1))  # noqa: DTZ001  # naive as given

    assert render_id(timed(1.0), SOURCE, "1") != render_id(timed(2.0), SOURCE, "1")


def test_requests_are_named_by_meeting_question_cap_and_what_follows():
    others = [("l", "f", 4096), ("k", "g", 4096), ("k", "f", 16384), ("k", "f", 4096, (("user", "again"),))]
    assert len({request_digest(*asked) for asked in [("k", "f", 4096), *others]}) == 5


def test_index_depends_on_bytes_name_and_everything_that_matters():
    asked = {"task": "extract", "asked": {"model": "a"}, "render_version": "1", "key_fallback": "none"}
    asked["readers_version"] = 1
    others = [
        {"task": "analyze"},
        {"asked": {"model": "b"}},
        {"render_version": "2"},
        {"key_fallback": "content"},
        {"readers_version": 2},
    ]
    base = index_prefix(**asked)
    digests = [
        index_digest(base, "0" * 64, "a.json"),
        index_digest(base, "1" * 64, "a.json"),
        index_digest(base, "0" * 64, "b.json"),
        *(index_digest(index_prefix(**(asked | other)), "0" * 64, "a.json") for other in others),
    ]
    assert len(set(digests)) == len(digests)
