import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.errors import InputError
from meetcli.meetings.normalize import canonical_text, normalize, split_turns
from meetcli.models import Turn

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def meeting(transcript="Ana: oi", **metadata):
    return normalize({"transcript": transcript, "metadata": metadata})


def spoken(transcript):
    return [(turn.speaker, turn.text) for turn in split_turns(transcript)]


class TestShapes:
    def test_explicit(self):
        found = meeting(
            meeting_id=" M1 ",
            customer_id="C1",
            meet_date="2025-10-15T10:00:00Z",
            customer_name="Zé",
            banker_id="B",
            banker_name="",
            meet_type=None,
        )
        assert (found.meeting_id, found.customer_id, found.customer_name, found.banker_id) == ("M1", "C1", "Zé", "B")
        assert (found.banker_name, found.meet_type) == (None, None)
        assert found.meet_date == "2025-10-15T10:00:00Z"
        assert found.meet_at == datetime(2025, 10, 15, 10, tzinfo=UTC)

    def test_upstream_raw(self):
        raw = {
            "meet_id": "M1",
            "customer_id": "C1",
            "customer_email": 5,
            "meet_date": "2025-10-15",
            "meet_transcription": "Ana: oi",
        }
        found = normalize(raw)
        assert (found.meeting_id, found.customer_id, found.meet_date, found.transcript) == (
            "M1",
            "C1",
            "2025-10-15",
            "Ana: oi",
        )

    def test_turns_of_another_format(self):
        given = [
            {"speaker": "Ana", "text": " oi,\n tudo bem? ", "start_s": 0, "end_s": 1.5},
            {"text": "sim"},
            {"speaker": "0", "text": ""},
        ]
        found = normalize({"turns": given, "metadata": {"meeting_id": "M1"}})
        assert found.transcript == "Ana: oi, tudo bem?\nsim"
        assert found.turns == (Turn("Ana", "oi, tudo bem?", 5, 0.0, 1.5), Turn(None, "sim", 19))
        assert found.meeting_id == "M1"

    def test_metadata_is_optional_and_unknown_fields_are_ignored(self):
        found = normalize({"transcript": "Ana: oi", "metadata": None, "extra": {"deep": [1]}})
        assert found.meeting_id is None
        assert found.meet_at is None

    def test_the_transcript_stays_as_read(self):
        text = "\r\n Ana: cafe\u0301\r\nBob: é  \n\n"
        assert meeting(text).transcript == text


class TestRefused:
    @pytest.mark.parametrize(
        ("mapping", "field"),
        [
            ({"metadata": {"meeting_id": "M1"}}, "transcript"),
            ({"meet_id": "M1"}, "transcript"),
            ({"transcript": None}, "transcript"),
            ({"transcript": ""}, "transcript"),
            ({"transcript": " \r\n\t"}, "transcript"),
            ({"transcript": "Ana:\nBob: \n"}, "transcript"),
            ({"transcript": ["Ana: oi"]}, "transcript"),
            ({"meet_transcription": 5}, "meet_transcription"),
            ({"meet_transcription": None}, "meet_transcription"),
            ({"transcript": "Ana: \ud800"}, "transcript"),
            ({"transcript": "Ana: \0"}, "transcript"),
            ({"transcript": "Ana: oi", "metadata": []}, "metadata"),
            ({"transcript": "Ana: oi", "metadata": "x"}, "metadata"),
            ({"transcript": "Ana: oi", "metadata": {"meeting_id": 7}}, "metadata.meeting_id"),
            ({"transcript": "Ana: oi", "metadata": {"customer_id": True}}, "metadata.customer_id"),
            ({"transcript": "Ana: oi", "metadata": {"customer_name": ["x"]}}, "metadata.customer_name"),
            ({"transcript": "Ana: oi", "metadata": {"banker_id": "\udfff"}}, "metadata.banker_id"),
            ({"transcript": "Ana: oi", "metadata": {"banker_name": "a\0b"}}, "metadata.banker_name"),
            ({"transcript": "Ana: oi", "metadata": {"meet_date": 20251015}}, "metadata.meet_date"),
            ({"transcript": "Ana: oi", "metadata": {"meet_date": "15/10/2025"}}, "metadata.meet_date"),
            ({"meet_transcription": "Ana: oi", "meet_id": 1.5}, "meet_id"),
            ({"meet_transcription": "Ana: oi", "meet_date": "2025-02-30"}, "meet_date"),
            ({"turns": {}}, "turns"),
            ({"turns": ["x"]}, "turns[1]"),
            ({"turns": []}, "transcript"),
            ({"turns": [{"text": 5}]}, "turns[1].text"),
            ({"turns": [{"text": "a", "speaker": 0}]}, "turns[1].speaker"),
            ({"turns": [{"text": "a", "start_s": "1"}]}, "turns[1].start_s"),
            ({"turns": [{"text": "a", "end_s": float("nan")}]}, "turns[1].end_s"),
            ({"turns": [{"text": "a", "start_s": 10**400}]}, "turns[1].start_s"),
            ({"turns": [{"text": "a", "start_s": -1}]}, "turns[1].start_s"),
        ],
    )
    def test_names_the_field(self, mapping, field):
        with pytest.raises(InputError) as caught:
            normalize(mapping)
        assert caught.value.field == field
        assert field in caught.value.message

    def test_shows_a_date_but_no_more_than_a_date_of_it(self):
        with pytest.raises(InputError, match="'ontem'"):
            meeting(meet_date="ontem")
        with pytest.raises(InputError) as caught:
            meeting(meet_date="x" * 200 + "CANARY")
        assert "CANARY" not in caught.value.message

    def test_never_quotes_text(self):
        for transcript in ("CANARY \ud800", "CANARY \0", ["CANARY"]):
            with pytest.raises(InputError) as caught:
                normalize({"transcript": transcript})
            assert "CANARY" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-10-15T10:00:00Z", datetime(2025, 10, 15, 10, tzinfo=UTC)),
        ("2025-10-15T10:00:00-03:00", datetime(2025, 10, 15, 10, tzinfo=timezone(timedelta(hours=-3)))),
        (" 2025-10-15T10:00 ", datetime(2025, 10, 15, 10)),  # noqa: DTZ001 - naive stays naive
        ("2025-10-15", datetime(2025, 10, 15)),  # noqa: DTZ001 - naive stays naive
    ],
)
def test_dates_keep_the_zone_they_have(given, expected):
    found = meeting(meet_date=given)
    assert found.meet_at == expected
    assert found.meet_date == given.strip()


class TestSpeakers:
    @pytest.mark.parametrize(
        "name",
        [
            "Ana",
            "João Conceição",
            "Dr. João (Banco X)",
            "The Chair (Hon. Anthony Rota (Nipissing, Lib.))",
            "Maria de Souza e Silva",
            "Silva, Ana",
            "Paul O'Leary",
            "D'Ávila",
            "J. P. Lima",
            "SPEAKER_00",
            "Speaker 1",
            "Jo-Anne Daniels",
            "Mr. Ziad Aboultaif",
            "Émile Zola",
            "田中",
            "Ana [Cliente]",
        ],
    )
    def test_are_names(self, name):
        assert spoken(f"Bob: oi\n{name}: tudo bem?") == [("Bob", "oi"), (name, "tudo bem?")]

    @pytest.mark.parametrize(
        "line",
        [
            "https://exemplo.com/a: veja",
            "veja http://exemplo.com",
            "10:30 a gente volta",
            "Às 10:30: voltamos",
            "so: we go on",
            "Então: vamos",
            "Segue o plano para o trimestre: cortar custos",
            "Eu perguntei para ele ontem: e agora?",
            "Ele disse. Ela ouviu: nada",
            "Sim, claro, Ana: pode ser",
            "42: a resposta",
            "Nota: isto é importante",
            "sem nome",
            "Ana:sem espaço",
            "e" * 130 + ": x",
        ],
    )
    def test_are_not_names_and_go_on_with_the_turn(self, line):
        assert spoken(f"Ana: oi\n{line}\nBob: fim") == [("Ana", f"oi\n{line}"), ("Bob", "fim")]

    def test_in_small_letters_are_names_where_they_come_back_or_every_line_has_one(self):
        assert spoken("agent: oi\ncliente: oi") == [("agent", "oi"), ("cliente", "oi")]
        assert [
            speaker for speaker, _ in spoken("agent: a\nmais\ngerente de contas: b\nagent: c\ngerente de contas: d")
        ] == [
            "agent",
            "gerente de contas",
        ] * 2
        assert spoken("Ana: oi\nhoje: nada\nmais") == [("Ana", "oi\nhoje: nada\nmais")]

    def test_may_have_text_on_the_next_line(self):
        assert spoken("Ana:\n  oi\n\nBob :\ttudo") == [("Ana", "oi"), ("Bob", "tudo")]

    def test_may_be_absent(self):
        assert spoken("um texto\nsem ninguém") == [(None, "um texto\nsem ninguém")]
        assert spoken("Ata da reunião\n\nAna: oi") == [(None, "Ata da reunião"), ("Ana", "oi")]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_are_found_after_every_kind_of_line_end(self, end):
        assert spoken(f"Ana: oi{end}tudo{end}Bob: sim{end}") == [("Ana", f"oi{end}tudo"), ("Bob", "sim")]


class TestTimes:
    @pytest.mark.parametrize(
        "line",
        [
            "[00:01:02] Ana: oi",
            "00:01:02 Ana: oi",
            "(00:01:02) Ana: oi",
            "00:01:02 - Ana: oi",
            "[00:01:02.000 --> 00:01:09.500] Ana: oi",
            "00:01:02,000 Ana: oi",
            "Ana (00:01:02): oi",
            "Ana [00:01:02]: oi",
        ],
    )
    def test_are_no_part_of_the_name(self, line):
        [turn] = split_turns(line)
        assert (turn.speaker, turn.text, turn.start_s) == ("Ana", "oi", 62.0)

    @pytest.mark.parametrize("line", ["[14:05:10] Ana: oi", "10:30 Ana: oi"])
    def test_that_may_be_a_clocks_are_not_taken_for_seconds(self, line):
        [turn] = split_turns(line)
        assert (turn.speaker, turn.start_s) == ("Ana", None)


@given(
    st.lists(
        st.sampled_from(
            [
                "Ana: ",
                "Bob",
                ": ",
                "\n",
                "\r\n",
                "\r",
                " ",
                "[00:01:02] ",
                "oi",
                "é",
                "(",
                ")",
                "10:30",
                "\u2028",
                "👍",
                ".",
            ]
        )
    ).map("".join)
)
def test_turns_are_slices_in_order_that_lose_nothing_but_labels(transcript):
    turns = split_turns(transcript)
    end = 0
    for turn in turns:
        assert turn.text == turn.text.strip() != ""
        assert transcript[turn.offset : turn.offset + len(turn.text)] == turn.text
        assert turn.offset >= end
        gap = transcript[end : turn.offset].strip()
        assert not gap or gap.endswith(":")
        end = turn.offset + len(turn.text)
    assert not transcript[end:].strip() or transcript[end:].rstrip().endswith(":")


@given(st.text())
def test_any_text_is_a_meeting_or_an_input_error(text):
    try:
        found = normalize({"transcript": text})
    except InputError:
        return
    assert found.turns
    assert found.transcript == text


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=60))
def test_stretches_cover_every_turn_once_in_at_most_eight_parts(lengths):
    found = normalize({"turns": [{"speaker": "Ana", "text": "x" * length} for length in lengths]})
    assert 1 <= len(found.stretches) <= 8
    assert [number for first, last in found.stretches for number in range(first, last + 1)] == list(
        range(1, len(lengths) + 1)
    )


def test_stretches_are_about_equal_in_characters_and_fewer_for_a_short_meeting():
    even = normalize({"turns": [{"text": "x" * 100}] * 80})
    assert even.stretches == tuple((first, first + 9) for first in range(1, 80, 10))
    assert meeting("Ana: oi\nBob: oi").stretches == ((1, 2),)


class TestCanonicalText:
    def test_folds_line_ends_and_composes(self):
        assert canonical_text("Ana: cafe\u0301\r\nBob\rc") == "Ana: café\nBob\nc"

    def test_keeps_everything_else(self):
        assert canonical_text(" Ana:  ﬁ ½ \n\n") == " Ana:  ﬁ ½ \n\n"

    @given(st.text())
    def test_is_stable(self, text):
        assert canonical_text(canonical_text(text)) == canonical_text(text)


@pytest.mark.shared
def test_every_line_of_the_reference_meetings_is_a_turn_of_its_speaker():
    files = sorted(SHARED.glob("transcripts/*/*.json"))
    if not files:
        pytest.skip("the reference data is not beside the project")
    assert len(files) == 43
    for file in files:
        mapping = json.loads(file.read_text("utf-8"))
        lines = (
            mapping["transcript"].strip().replace("\nMeeting ended", " Meeting ended").split("\n")
        )  # a remark, not a speaker
        expected = [tuple(line.split(": ", 1)) for line in lines]
        turns = normalize(mapping).turns
        assert [turn.speaker for turn in turns] == [speaker for speaker, _ in expected], file.name
        assert [turn.text.replace("\n", " ") for turn in turns] == [text.strip() for _, text in expected], file.name
