"""JSON that people's tools export: speakers under many names, times in either unit, lists anywhere, and no other JSON."""

import json

import pytest

from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in

ASK, ANSWER = "Shall we start with the renewal?", "Yes, I have the numbers here."
TWO = [("Ana", 0.0, 2.0, ASK), ("Rui", 2.5, 4.5, ANSWER)]
LABELS = [("Speaker A", *TWO[0][1:]), ("Speaker B", *TWO[1][1:])]


@pytest.fixture
def put(tmp_path):
    def write(document):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def turns(put):
    """The turns of a document, the same whether it is named or met in a folder."""

    def read(document, *, is_named=False):
        [(_, meeting)] = meetings_in(put(document), is_named=is_named)
        return [(turn.speaker, turn.start_s, turn.end_s, turn.text) for turn in meeting.turns]

    return read


def pair(**fields):
    """Two objects, of which each field has two values."""
    return [{key: values[number] for key, values in fields.items()} for number in (0, 1)]


SAID = {"text": (ASK, ANSWER), "start": (0.0, 2.5), "end": (2.0, 4.5)}


class TestSpeakers:
    @pytest.mark.parametrize(
        "fields",
        [
            {"speaker_name": ("Ana", "Rui"), "speaker_id": (3, 4)},
            {"speakerName": ("Ana", "Rui"), "speaker": ("SPEAKER_00", "SPEAKER_01")},
            {"speaker_label": ("Ana", "Rui")},
            {"speakerId": ("Ana", "Rui")},
            {"speaker": ({"id": 1, "name": "Ana"}, {"id": 2, "name": "Rui"})},
            {"speaker": ({"display_name": "Ana", "email": None}, {"display_name": "Rui", "email": None})},
            {"participant": ({"id": 1, "name": "Ana"}, {"id": 2, "name": "Rui"})},
            {"personName": ("Ana", "Rui")},
            {"falante": ("Ana", "Rui")},
            {"Sprecher": ("Ana", "Rui")},
        ],
        ids=lambda fields: next(iter(fields)),
    )
    @pytest.mark.parametrize("name", ["segments", "utterances", "transcript", "monologue", None])
    def test_stand_under_many_names(self, turns, fields, name):
        items = pair(**SAID, **fields)
        assert turns(items if name is None else {name: items}) == TWO

    def test_one_without_a_name_is_called_by_the_label(self, turns):
        items = pair(**SAID, speaker_name=("Ana", None), speaker_id=("a", "b"))
        assert [speaker for speaker, *_ in turns({"segments": items})] == ["Ana", "b"]

    @pytest.mark.parametrize(
        "people",
        [
            {"speakers": {"S1": "Ana", "S2": "Rui"}},
            {"speakers": {"S1": {"name": "Ana"}, "S2": {"name": "Rui"}}},
            {"speakers": [{"id": "S1", "name": "Ana"}, {"id": "S2", "name": "Rui"}]},
            {
                "meta": {
                    "participants": [
                        {"speaker_id": "S1", "displayName": "Ana"},
                        {"speaker_id": "S2", "displayName": "Rui"},
                    ]
                }
            },
            {"attendees": [{"uuid": "S1", "first_name": "Ana"}, {"uuid": "S2", "first_name": "Rui"}]},
            {"result": {"speaker_mapping": {"S1": "Ana", "S2": "Rui"}}},
        ],
    )
    @pytest.mark.parametrize("key", ["segments", "utterances", "entries"])
    def test_are_called_by_the_names_that_stand_elsewhere(self, turns, people, key):
        assert turns({**people, key: pair(**SAID, speaker=("S1", "S2"))}) == TWO

    def test_are_called_so_in_formats_with_a_reader_of_their_own(self, turns):
        words = [
            {"word": "oi", "start": 0.0, "end": 0.2, "speaker": 0},
            {"word": "bem", "start": 0.4, "end": 0.6, "speaker": 1},
        ]
        answer = {"channels": [{"alternatives": [{"transcript": "oi bem", "words": words}]}]}
        told = {"speakers": {"0": "Ana", "1": "Rui"}, "results": answer}
        assert [speaker for speaker, *_ in turns(told)] == ["Ana", "Rui"]

    def test_a_list_that_lacks_one_names_nobody_unless_it_is_one_of_speakers(self, turns):
        items = pair(**SAID, speaker=("S1", "S2"))
        assert [one for one, *_ in turns({"users": {"S1": "Ana"}, "segments": items})] == ["S1", "S2"]
        assert [one for one, *_ in turns({"speaker_names": {"S1": "Ana"}, "segments": items})] == ["Ana", "S2"]

    def test_a_channel_is_one_only_where_there_are_several(self, turns):
        assert [one for one, *_ in turns({"lines": pair(**SAID, channel=(0, 1))})] == ["Channel 0", "Channel 1"]
        assert [one for one, *_ in turns({"lines": pair(**SAID, channel=(0, 0))})] == [None, None]


class TestTimes:
    """The unit is told by how fast people speak, not by a field's name."""

    @pytest.mark.parametrize("name", ["utterances", "segments", "data", "turns"])
    @pytest.mark.parametrize(("start", "end"), [("start", "end"), ("start_time", "end_time"), ("startTime", "endTime")])
    @pytest.mark.parametrize("unit", [1, 1000])
    def test_are_seconds_or_milliseconds(self, turns, name, start, end, unit):
        times = {start: (0 * unit, 2.5 * unit), end: (2 * unit, 4.5 * unit)}
        items = pair(text=(ASK, ANSWER), speaker=("A", "B"), **times)
        assert turns({"status": "done", name: items}) == LABELS

    @pytest.mark.parametrize("names", [("start_ms", "end_ms"), ("startMs", "endMs"), ("start_seconds", "end_seconds")])
    @pytest.mark.parametrize("unit", [1, 1000])
    def test_a_name_may_lie(self, turns, names, unit):
        times = {names[0]: (0 * unit, 62.5 * unit), names[1]: (2 * unit, 64.5 * unit)}
        found = turns(pair(text=(ASK, ANSWER), speaker=("A", "B"), **times))
        assert [(start, end) for _, start, end, _ in found] == [(0.0, 2.0), (62.5, 64.5)]

    def test_starts_alone_tell_it_too(self, turns):
        said = pair(text=(ASK, ANSWER), speaker=("A", "B"))
        for first, second in ((0, 2.5), (0, 2500)):
            items = [{**said[0], "start": first}, {**said[1], "start": second}]
            assert [start for _, start, _, _ in turns(items)] == [0.0, 2.5]

    def test_of_gong_and_fireflies_are_told_by_the_document(self, turns):
        for unit in (1, 1000):
            sentence = {"start": 61 * unit, "end": 63 * unit, "text": ASK}
            call = {"callId": "1", "transcript": [{"speakerId": "7", "sentences": [sentence]}]}
            assert turns({"callTranscripts": [call]}) == [("Speaker 7", 61.0, 63.0, ASK)]
            line = {"speaker_name": "Ana", "text": ASK, "start_time": 61 * unit, "end_time": 63 * unit}
            assert turns({"id": "1", "title": "x", "sentences": [line]}) == [("Ana", 61.0, 63.0, ASK)]

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (("00:00:00", "00:00:02.5"), ("00:00:02", "00:00:04.5")),
            (("0:00", "0:02.5"), ("0:02", "0:04.5")),
            (("00:00:00,000", "00:00:02,500"), ("00:00:02,000", "00:00:04,500")),
            (("PT0S", "PT2.5S"), ("PT2S", "PT4.5S")),
            (("0s", "2.5s"), ("2s", "4.5s")),
            ((0, "2.5"), ("2", 4.5)),
            (
                ({"seconds": "0"}, {"seconds": "2", "nanos": 500000000}),
                ({"seconds": 2}, {"seconds": 4, "nanos": 500000000}),
            ),
            (({"relative": 0}, {"relative": 2.5}), ({"relative": 2}, {"relative": 4.5})),
            (("2026-03-02T16:04:00Z", "2026-03-02T16:04:02.5Z"), ("2026-03-02T16:04:02Z", "2026-03-02T16:04:04.5Z")),
            ((1772467440, 1772467442.5), (1772467442, 1772467444.5)),
            ((1772467440000, 1772467442500), (1772467442000, 1772467444500)),
        ],
    )
    def test_have_many_spellings(self, turns, start, end):
        assert turns({"lines": pair(text=(ASK, ANSWER), speaker=("Ana", "Rui"), start=start, end=end)}) == TWO

    def test_pairs_and_lengths_are_ends(self, turns):
        said = {"text": (ASK, ANSWER), "speaker": ("Ana", "Rui")}
        assert turns(pair(**said, timestamp=([0.0, 2.0], [2.5, 4.5]))) == TWO
        assert turns(pair(**said, start=(0.0, 2.5), duration=(2.0, 2.0))) == TWO
        assert turns(pair(**said, offsetMillisecond=(0, 2500), durationMillisecond=(2000, 2000))) == TWO

    def test_dates_count_from_the_start_that_is_given(self, turns):
        lines = pair(
            text=(ASK, ANSWER), speaker=("Ana", "Rui"), start_time=("2026-03-02T16:05:00Z", "2026-03-02T16:05:02.5Z")
        )
        told = turns({"started_at": "2026-03-02T16:04:00Z", "lines": lines})
        assert [start for _, start, _, _ in told] == [60.0, 62.5]

    def test_of_day_are_left_out(self, turns):
        lines = pair(text=(ASK, ANSWER), speaker=("Ana", "Rui"), time=("14:30:05", "14:30:09"))
        assert [start for _, start, _, _ in turns(lines)] == [None, None]


class TestViews:
    """Several lists may have the same words; one is read."""

    def test_that_of_the_speakers_is_read(self, turns):
        words = [{"word": word, "start": n / 4, "end": n / 4 + 0.2} for n, word in enumerate(f"{ASK} {ANSWER}".split())]
        turned = pair(**SAID, speaker=("Ana", "Rui"))
        assert turns({"words": words, "turns": turned, "summary": {"topics": [{"text": "Renewal"}]}}) == TWO

    def test_words_of_a_turn_are_not_read_besides_it(self, turns):
        inner = [{"word": "Shall", "start": 0.0, "end": 0.2, "speaker": "Ana"}]
        items = [{**one, "words": inner} for one in pair(**SAID, speaker=("Ana", "Rui"))]
        assert turns({"result": {"blocks": items}}) == TWO

    def test_words_without_turns_are_joined_by_speaker(self, turns):
        words = [
            {"value": word, "who": who, "from": n / 4, "to": n / 4 + 0.2}
            for n, (word, who) in enumerate([("Shall", "Ana"), ("we?", "Ana"), ("Yes.", "Rui")])
        ]
        assert turns({"words": words}) == [("Ana", 0.0, 0.45, "Shall we?"), ("Rui", 0.5, 0.7, "Yes.")]

    def test_parts_of_words_carry_their_spaces(self, turns):
        parts = [("Be", 1), ("auti", 1), ("ful", 1), (" day", 1), (".", 1), (" Yes", 2), (".", 2)]
        tokens = [
            {"text": text, "start_ms": 100 * n, "end_ms": 100 * n + 90, "speaker": str(who)}
            for n, (text, who) in enumerate(parts)
        ]
        assert [(who, text) for who, _, _, text in turns({"tokens": tokens})] == [
            ("Speaker 1", "Beautiful day."),
            ("Speaker 2", "Yes."),
        ]

    def test_what_comes_again_as_final_or_translated_is_left_out(self, turns):
        lines = pair(**SAID, speaker=("Ana", "Rui"))
        again = [{**lines[0], "is_final": False, "text": "Shall we"}, {**lines[1], "translation_status": "translation"}]
        assert turns({"lines": [again[0], *lines, again[1]]}) == TWO

    def test_objects_of_words_alone_are_turns(self, turns):
        items = [
            {
                "speaker": who,
                "words": [
                    {"text": word, "start": at + n / 4, "end": at + n / 4 + 0.2} for n, word in enumerate(said.split())
                ],
            }
            for who, said, at in (("Ana", "Shall we?", 0.0), ("Rui", "Yes, let's.", 2.0))
        ]
        assert turns({"speakers": [], "segments": items}) == [
            ("Ana", 0.0, 0.45, "Shall we?"),
            ("Rui", 2.0, 2.45, "Yes, let's."),
        ]

    def test_channels_are_voices_of_one_meeting(self, turns):
        def voice(number, said, at):
            words = [{"text": said, "type": "word", "start": at, "end": at + 0.5, "speaker_id": f"speaker_{number}"}]
            return {"language_code": "eng", "text": said, "channel_index": number, "words": words}

        told = turns({"transcripts": [voice(0, "Yes.", 1.0), voice(1, "Shall we?", 0.0)]})
        assert told == [("speaker_1", 0.0, 0.5, "Shall we?"), ("speaker_0", 1.0, 1.5, "Yes.")]

    def test_a_page_of_meetings_has_several(self, put):
        page = {"items": [{"recording_id": n, "transcript": pair(**SAID, speaker=("Ana", "Rui"))} for n in (1, 2)]}
        assert [transcript.source.place for transcript, _ in meetings_in(put(page))] == [1, 2]

    def test_what_was_taken_for_what_is_said(self, put):
        lines = pair(
            sentence=(ASK, ANSWER), who_speaks=("x", "y"), speakerId=(1, 2), startMs=(0, 2500), endMs=(2000, 4500)
        )
        [(transcript, _)] = meetings_in(put({"call": {"lines": lines}}))
        assert transcript.mapping["taken"] == {
            "list": "call.lines[]",
            "text": "sentence",
            "speaker": "speakerId",
            "start": "startMs",
            "end": "endMs",
            "times": "milliseconds",
        }


class TestEvidence:
    """A named file needs less of it than one met in a folder."""

    @pytest.mark.parametrize(
        "document",
        [
            [{"speaker": "Ana", "text": ASK}, {"speaker": "Rui", "text": ANSWER}],
            {"transcript": pair(name=("Ana", "Rui"), text=(ASK, ANSWER))},
            [{"text": ASK, "start": 0.0, "duration": 2.0}, {"text": ANSWER, "start": 2.5, "duration": 2.0}],
        ],
    )
    def test_is_enough_in_a_folder(self, turns, document):
        assert [text for *_, text in turns(document)] == [ASK, ANSWER]

    @pytest.mark.parametrize(
        "document",
        [
            {"messages": [{"role": who, "content": ASK} for who in ("user", "assistant", "user")]},
            {"conversations": [{"from": who, "value": ASK} for who in ("human", "gpt", "human")]},
            [{"type": "message", "user": f"U{n % 2}", "text": ASK, "ts": f"15120859{n}0.0002"} for n in range(4)],
            [{"author": f"u{n % 2}", "message": ASK, "date": "2026-03-02T16:04:00Z"} for n in range(4)],
        ],
        ids=["assistant", "training", "channel", "chat"],
    )
    def test_of_what_was_written_is_enough_for_a_named_file_only(self, put, document):
        [skipped] = found_in(put(document), is_named=False)
        assert isinstance(skipped, Outcome)
        assert skipped.status is Status.SKIPPED
        [read] = found_in(put(document))
        assert read.format == "JSON of a named file"

    @pytest.mark.parametrize(
        "document",
        [
            {"name": "x", "version": "1.0.0", "scripts": {"test": "x"}, "contributors": [{"name": "Ana", "url": "x"}]},
            {"greeting": {"text": "Hello"}, "farewell": {"text": "Bye"}},
            {"intents": [{"tag": "hi", "patterns": ["hello"], "responses": ["hi"]}]},
            {"nlu": [{"text": "book a table", "intent": "book", "entities": []}, {"text": "hello", "intent": "hi"}]},
            [{"id": 1, "text": ASK}, {"id": 2, "text": ANSWER}],
            [
                {"start": 0, "end": 5, "label": "PERSON", "text": "Maria"},
                {"start": 9, "end": 12, "label": "ORG", "text": "IBM"},
            ],
            {"spans": [{"text": "Maria", "begin": 0, "end": 5}, {"text": "Paris", "begin": 9, "end": 14}]},
            {
                "openapi": "3.0.0",
                "paths": {"/a": {"get": {"parameters": [{"name": "id", "in": "path", "description": "x"}]}}},
            },
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {"name": "Lisbon"}, "geometry": {}}],
            },
            {"sessions": [{"title": "Keynote", "speaker": n, "content": ASK} for n in ("Ana", "Rui", "Eva", "Leo")]},
            {"events": [{"name": "push", "timestamp": n, "message": "done"} for n in (1, 2, 3)]},
            {"log": [{"time": "2026-03-02T16:04:00Z", "level": "INFO", "message": "started"}] * 3},
            {"comments": [{"user": {"name": "Ana"}, "body": ASK, "created_at": "2026-03-02T16:04:00Z"}]},
            {"openings": [{"start": "09:00", "end": "12:00", "text": "Mornings"}]},
        ],
    )
    def test_of_other_json_is_not(self, put, document):
        [found] = found_in(put(document), is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.SKIPPED
