"""Traps of the speech services' JSON that the samples do not show, and files that only look like it."""

import json
import math

import pytest

from meetcli.errors import InputError
from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in


@pytest.fixture
def put(tmp_path):
    def write(document):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def turns(put):
    def read(document):
        [(_, meeting)] = meetings_in(put(document))
        return [(turn.speaker, turn.start_s, turn.end_s, turn.text) for turn in meeting.turns]

    return read


def said(found):
    return [(speaker, text) for speaker, _, _, text in found]


def words(text, speakers, start=0.0, **fields):
    return [
        {
            "word": word,
            "start": start + number,
            "end": start + number + 0.5,
            **({} if speaker is None else {"speaker": speaker}),
            **fields,
        }
        for number, (word, speaker) in enumerate(zip(text.split(), speakers, strict=True))
    ]


class TestSpeakers:
    """0, an empty label and a missing one are three things."""

    def test_zero_is_a_speaker(self, turns):
        alternative = {"transcript": "", "words": words("oi bem tudo", [0, 0, 1])}
        assert said(turns({"results": {"channels": [{"alternatives": [alternative]}]}})) == [
            ("Speaker 0", "oi bem"),
            ("Speaker 1", "tudo"),
        ]

    def test_an_empty_one_is_unknown_and_a_missing_one_goes_on(self, turns):
        segments = [
            {"speaker": "Ana", "startTime": 0, "endTime": 1, "body": "oi"},
            {"startTime": 1, "endTime": 2, "body": "bem"},
            {"speaker": "", "startTime": 2, "endTime": 3, "body": "tudo"},
            {"speaker": "Ana", "startTime": 3, "endTime": 4, "body": "sim"},
        ]
        assert said(turns({"version": "1.0.0", "segments": segments})) == [
            ("Ana", "oi bem"),
            (None, "tudo"),
            ("Ana", "sim"),
        ]

    @pytest.mark.parametrize("label", ["", "UU", "Unknown Speaker", None])
    def test_unknown_has_many_spellings(self, turns, label):
        segments = [{"start": 0, "end": 1, "text": "oi", "speaker": label}]
        assert said(turns({"segments": segments, "word_segments": []})) == [(None, "oi")]

    def test_long_ids_keep_their_digits(self, turns):
        call = {
            "callId": "1",
            "transcript": [{"speakerId": "12345678901234567890", "sentences": [{"start": 0, "end": 1, "text": "oi"}]}],
        }
        assert said(turns({"callTranscripts": [call]})) == [("12345678901234567890", "oi")]
        named = {**call, "parties": [{"speakerId": "12345678901234567890", "name": "Ana"}]}
        assert said(turns({"callTranscripts": [named]})) == [("Ana", "oi")]

    def test_ids_may_be_whole_numbers(self, turns):
        call = {
            "callId": "1",
            "transcript": [{"speakerId": 12345678901234567890, "sentences": [{"start": 0, "end": 1, "text": "oi"}]}],
        }
        assert said(turns({"callTranscripts": [call]})) == [("12345678901234567890", "oi")]
        named = {**call, "parties": [{"speakerId": "12345678901234567890", "name": "Ana"}]}
        assert said(turns({"callTranscripts": [named]})) == [("Ana", "oi")]

    def test_nobody_known_is_not_the_guest_without_an_id(self, turns):
        sentences = [{"start": 0, "end": 1, "text": "oi"}]
        call = {
            "callId": "1",
            "parties": [{"speakerId": None, "name": "Zé"}],
            "transcript": [{"speakerId": None, "sentences": sentences}],
        }
        assert said(turns({"callTranscripts": [call]})) == [(None, "oi")]
        elements = [{"type": "text", "value": "oi", "ts": 0, "end_ts": 1}]
        monologues = {"speakers": [{"id": None, "name": "Zé"}], "monologues": [{"speaker": None, "elements": elements}]}
        assert said(turns(monologues)) == [(None, "oi")]


class TestScripts:
    """What people keep of a reply when they save only what they need."""

    def test_keep_the_utterances_of_assemblyai(self, turns):
        utterances = [
            {"speaker": "A", "text": "Oi.", "start": 0, "end": 400},
            {"speaker": "B", "text": "Bem.", "start": 500, "end": 900},
        ]
        for rest in ({"status": "completed"}, {"words": []}, {"id": "x", "status": "completed", "audio_duration": 1}):
            assert turns({"utterances": utterances, **rest}) == [
                ("Speaker A", 0.0, 0.4, "Oi."),
                ("Speaker B", 0.5, 0.9, "Bem."),
            ]

    def test_keep_the_words_of_deepgram(self, turns):
        channels = [{"alternatives": [{"words": words("oi bem", [0, 1])}]}]
        assert said(turns({"results": {"channels": channels}})) == [("Speaker 0", "oi"), ("Speaker 1", "bem")]


class TestNumbersThatJsonDoesNotHave:
    """Python writes NaN where it knows no value; in meetcli's own shapes they fail, see `test_read`."""

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_are_no_number(self, turns, number):
        segments = [
            {"start": 0.0, "end": number, "text": "Oi.", "avg_logprob": number, "tokens": [number]},
            {"start": 2, "end": 3, "text": "Bem."},
        ]
        expected = [(None, 0.0, None, "Oi."), (None, 2.0, 3.0, "Bem.")]
        assert turns({"segments": segments, "language": "pt"}) == expected
        assert turns(segments) == expected

    def test_a_key_twice_beside_them_still_fails(self, put):
        path = put({})
        path.write_text(
            '{"text": "oi", "segments": [{"start": 0, "end": 1, "text": "oi", "x": NaN, "y": {"a": 1, "a": 2}}]}'
        )
        [found] = found_in(path)
        assert isinstance(found, Outcome)
        assert "segments[1].y has the key a twice" in found.error


class TestWhisper:
    def test_a_segment_whose_words_change_speaker_is_cut_there(self, turns):
        segment = {
            "start": 0,
            "end": 4,
            "text": " Oi, tudo bem? Tudo.",
            "speaker": "A1",
            "words": words("Oi, tudo bem? Tudo.", ["A1", "A1", None, "B1"]),
        }
        assert turns({"segments": [segment], "language": "pt"}) == [
            ("A1", 0.0, 3.0, "Oi, tudo bem?"),
            ("B1", 3.0, 4.0, "Tudo."),
        ]

    def test_a_first_word_without_a_speaker_goes_with_the_next(self, turns):
        segment = {"start": 0, "end": 4, "text": " 2024 oi. Bem.", "words": words("2024 oi. Bem.", [None, "A1", "B1"])}
        assert said(turns({"segments": [segment]})) == [("A1", "2024 oi."), ("B1", "Bem.")]

    def test_words_that_are_not_the_text_cut_nothing(self, turns):
        segment = {"start": 0, "end": 4, "text": " Oi. Bem.", "speaker": "A1", "words": words("olá bem", ["A1", "B1"])}
        assert said(turns({"segments": [segment]})) == [("A1", "Oi. Bem.")]

    def test_sentences_of_nobody_end_where_sentences_do(self, turns):
        segments = [
            {"start": n, "end": n + 1, "text": text} for n, text in enumerate([" It is", " late.", " Go", " home"])
        ]
        segments.append({"start": 9, "end": 10, "text": " after a pause"})
        assert turns({"segments": segments, "text": "x", "language": "en"}) == [
            (None, 0.0, 2.0, "It is late."),
            (None, 2.0, 4.0, "Go home"),
            (None, 9.0, 10.0, "after a pause"),
        ]

    def test_text_alone_is_read(self, turns):
        assert said(turns({"text": "It is late.", "usage": {"type": "tokens"}})) == [(None, "It is late.")]
        assert said(turns({"text": "It is late. Go home.", "segments": [], "language": "en"})) == [
            (None, "It is late."),
            (None, "Go home."),
        ]

    def test_rows_may_stand_beside_the_info(self, turns):
        rows = [[1, 0, 0.0, 1.5, " Oi.", [1], -0.2, 1.0, 0.1, None, 0.0]]
        assert turns({"segments": rows, "info": {"language": "pt"}}) == [(None, 0.0, 1.5, "Oi.")]

    def test_segments_of_diarized_json_may_stand_alone(self, turns):
        segments = [
            {"type": "transcript.text.segment", "id": "seg_1", "start": 0, "end": 1, "text": "Oi.", "speaker": "A"}
        ]
        assert turns(segments) == [("Speaker A", 0.0, 1.0, "Oi.")]

    def test_azure_s_preview_named_no_unit(self, turns):
        phrases = [
            {"offset": 960, "duration": 640, "text": "Oi."},
            {"offset": 2000, "duration": 500, "text": "Bem?", "speaker": 1},
        ]
        found = turns({"duration": 2500, "combinedPhrases": [{"text": "Oi. Bem?"}], "phrases": phrases})
        assert found == [(None, 0.96, 1.6, "Oi."), ("Speaker 1", 2.0, 2.5, "Bem?")]

    @pytest.mark.parametrize(
        ("spoken", "times"),
        [
            ("Oi João São 10 30 não é", [(0, 1.5), (2, 6.5)]),
            ("Oi João São 10 30 não", [(None, None), (None, None)]),  # one is missing
            ("Oi Joana São 10 30 não é", [(None, None), (None, None)]),
        ],
    )
    def test_words_without_segments_give_sentences_their_times(self, turns, spoken, times):
        told = words(spoken, [None] * len(spoken.split()))
        found = turns(
            {"task": "transcribe", "language": "portuguese", "text": "Oi, João! São 10:30, não é?", "words": told}
        )
        assert found == [(None, *times[0], "Oi, João!"), (None, *times[1], "São 10:30, não é?")]


class TestChannels:
    def test_of_deepgram_are_the_speakers_in_the_order_of_time(self, turns):
        channels = [
            {"alternatives": [{"transcript": "", "words": words("Oi. Bem.", [None, None], start)}]}
            for start in (0.0, 0.6)
        ]
        assert said(turns({"results": {"channels": channels}})) == [
            *(("Channel 0", "Oi."), ("Channel 1", "Oi."), ("Channel 0", "Bem."), ("Channel 1", "Bem."))
        ]

    def test_of_amazon_replace_the_items_that_repeat_them(self, turns):
        def item(content, start, kind="pronunciation"):
            times = {} if start is None else {"start_time": str(start), "end_time": str(start + 0.5)}
            return {"type": kind, "alternatives": [{"content": content, "confidence": None}], **times}

        left, right = (
            [item("Oi", 0.0), item(".", None, "punctuation")],
            [item("Bem", 1.0), item("?", None, "punctuation")],
        )
        channels = [{"channel_label": "ch_0", "items": left}, {"channel_label": "ch_1", "items": right}]
        results = {
            "transcripts": [{"transcript": "Oi. Bem?"}],
            "items": left + right,
            "channel_labels": {"channels": channels},
        }
        assert turns({"jobName": "x", "results": results}) == [("ch_0", 0.0, 0.5, "Oi."), ("ch_1", 1.0, 1.5, "Bem?")]

    def test_of_azure_come_grouped_and_are_sorted(self, turns):
        def phrase(channel, offset, text):
            return {
                "recognitionStatus": "Success",
                "channel": channel,
                "offset": offset,
                "duration": "PT1S",
                "nBest": [{"display": text}, {"display": "other"}],
            }

        phrases = [
            phrase(0, "PT1S", "Oi."),
            phrase(0, "PT1M2.5S", "Bem."),
            phrase(1, "PT3S", "Tudo?"),
            {"recognitionStatus": "NoMatch", "channel": 1},
        ]
        assert turns({"recognizedPhrases": phrases}) == [
            *(("Channel 0", 1.0, 2.0, "Oi."), ("Channel 1", 3.0, 4.0, "Tudo?"), ("Channel 0", 62.5, 63.5, "Bem.")),
        ]

    def test_of_google_and_its_other_times(self, turns):
        def result(channel, word, start):
            return {
                "channelTag": channel,
                "alternatives": [
                    {
                        "transcript": word,
                        "words": [{"word": word, "startOffset": f"{start}s", "endOffset": f"{start + 0.5}s"}],
                    }
                ],
            }

        assert turns({"response": {"results": [result(1, "Oi.", 1.25), result(2, "Bem.", 0.5)]}}) == [
            *(("Channel 2", 0.5, 1.0, "Bem."), ("Channel 1", 1.25, 1.75, "Oi."))
        ]


class TestMarks:
    def test_of_speechmatics_stand_where_they_say(self, turns):
        said_so = [
            ("Dijo", None),
            ("¿", "next"),
            ("qué", None),
            ("?", "previous"),
            ("bem", None),
            ("-", "both"),
            ("vindo", None),
            ("–", "none"),
        ]
        results = [
            {
                "type": "word",
                "start_time": at,
                "end_time": at + 1,
                "alternatives": [{"content": content, "speaker": "S1"}],
            }
            | ({"type": "punctuation", "attaches_to": attaches} if attaches else {})
            for at, (content, attaches) in enumerate(said_so)
        ]
        assert said(turns({"format": "2.9", "metadata": {}, "results": results})) == [("S1", "Dijo ¿qué? bem-vindo –")]


class TestOnce:
    """What a format says twice is read once."""

    def test_google_tags_words_in_its_last_result_again(self, turns):
        plain = {"alternatives": [{"transcript": "oi bem", "words": [{"word": "oi"}, {"word": "bem"}]}]}
        tagged = {"alternatives": [{"words": [{"word": "oi", "speakerTag": 2}, {"word": "bem", "speakerTag": 1}]}]}
        assert said(turns({"results": [plain, tagged]})) == [("Speaker 2", "oi"), ("Speaker 1", "bem")]
        assert said(turns({"results": [tagged, tagged]})) == [*(("Speaker 2", "oi"), ("Speaker 1", "bem")) * 2]

    def test_real_time_messages_of_speechmatics_make_one_meeting(self, turns):
        def message(kind, content, start):
            result = {
                "type": "word",
                "start_time": start,
                "end_time": start + 1,
                "alternatives": [{"content": content, "speaker": "S1"}],
            }
            return {"message": kind, "format": "2.9", "metadata": {}, "results": [result]}

        session = [
            {"message": "RecognitionStarted"},
            message("AddPartialTranscript", "O", 0),
            message("AddTranscript", "Oi", 0),
            message("AddTranscript", "bem", 1),
        ]
        assert turns(session) == [("S1", 0.0, 2.0, "Oi bem")]

    def test_scripts_without_spaces_stay_without(self, turns):
        results = [
            {
                "type": "word",
                "start_time": n,
                "end_time": n + 1,
                "alternatives": [{"content": content, "speaker": "S1"}],
            }
            for n, content in enumerate("会議です")
        ]
        pack = {"language_pack_info": {"word_delimiter": ""}}
        assert said(turns({"format": "2.9", "metadata": pack, "results": results})) == [("S1", "会議です")]

    @pytest.mark.parametrize(
        "marked",
        [
            lambda best: {"result_index": 0, "results": [{"alternatives": [best]}]},
            lambda best: {"results": [{"final": True, "alternatives": [best]}]},
            lambda best: {"results": [{"result_index": 0, "results": [{"alternatives": [best]}]}]},
        ],
    )
    def test_one_mark_is_enough_for_watson_and_a_transcript_without_one_is_not_its(self, put, marked):
        best = {"transcript": "bom dia a todos"}
        [(transcript, meeting)] = meetings_in(put(marked(best)))
        assert (transcript.format, meeting.turns[0].text) == ("IBM Watson", "bom dia a todos")
        plain = found_in(put({"results": [{"alternatives": [best]}]}))
        assert all(getattr(one, "format", None) != "IBM Watson" for one in plain)

    def test_a_silent_recording_of_watson_has_no_words(self, put):
        [found] = found_in(put({"result_index": 0, "results": []}))
        assert "IBM Watson" in str(found)

    @pytest.mark.parametrize("word", [["oi", 0], ["oi", 0, 1, 0.9], [1, 0, 1], "oi", {"word": "oi"}])
    def test_words_of_watson_that_are_none_fail_by_their_field(self, put, word):
        best = {"transcript": "oi CANARY", "timestamps": [["bom", 0, 1], word]}
        [found] = found_in(put({"result_index": 0, "results": [{"final": True, "alternatives": [best]}]}))
        assert isinstance(found, Outcome)
        assert "timestamps" in found.error
        assert "CANARY" not in found.error

    def test_hesitations_of_watson_are_no_words(self, turns):
        timestamps = [["oi", 0, 1], ["%HESITATION", 1, 2], ["bem", 2, 3]]
        interim = {"final": False, "alternatives": [{"transcript": "o", "timestamps": [["o", 0, 1]]}]}
        labels = [{"from": 0, "to": 1, "speaker": 0}, {"from": 2, "to": 3, "speaker": 1}]
        results = [interim, {"final": True, "alternatives": [{"transcript": "oi bem", "timestamps": timestamps}]}]
        assert said(turns({"result_index": 0, "results": results, "speaker_labels": labels})) == [
            ("Speaker 0", "oi"),
            ("Speaker 1", "bem"),
        ]

    @pytest.mark.parametrize(
        ("start", "end", "who"),
        [("start_time", "end_time", {"speaker_tag": 2}), ("start_offset", "end_offset", {"speaker_label": "2"})],
    )
    def test_google_s_names_may_be_those_of_python(self, turns, start, end, who):
        spoken = [
            {"word": "oi", end: "0.500s", **who},
            {"word": "bem", start: {"seconds": 1, "nanos": 200_000_000}, end: 1.5},
        ]
        results = [{"alternatives": [{"transcript": "oi bem", "words": spoken}], "channel_tag": 0}]
        assert turns({"results": results}) == [("Speaker 2", None, 0.5, "oi"), (None, 1.2, 1.5, "bem")]
        results.append({"alternatives": [{"transcript": "sim", "words": []}], "channel_tag": 1})
        assert said(turns({"results": results})) == [
            ("Channel 0, Speaker 2", "oi"),
            ("Channel 0", "bem"),
            ("Channel 1", "sim"),
        ]

    def test_a_last_result_that_alone_has_speakers_may_be_only_the_last_part(self, turns):
        spoken = [("oi", "0s", "1s", {}), ("fim", "3s", "4s", {"speakerLabel": "1"})]
        results = [
            {
                "alternatives": [
                    {"transcript": word, "words": [{"word": word, "startOffset": start, "endOffset": end, **who}]}
                ]
            }
            for word, start, end, who in spoken
        ]
        assert said(turns({"results": results})) == [(None, "oi"), ("Speaker 1", "fim")]


STARTED = {"message": "RecognitionStarted", "id": "x"}


class TestSessionsOfSpeechmatics:
    """A session's messages, a line each, are one meeting and cost one call."""

    @pytest.fixture
    def put_lines(self, tmp_path):
        def write(*messages, name="a.jsonl"):
            path = tmp_path / name
            path.write_text(
                "\n\n".join(json.dumps(message, ensure_ascii=False) for message in messages), encoding="utf-8"
            )
            return path

        return write

    @staticmethod
    def final(content, start, speaker, **fields):
        word = {
            "type": "word",
            "start_time": start,
            "end_time": start + 1,
            "alternatives": [{"content": content, "speaker": speaker}],
        }
        return {
            "message": "AddTranscript",
            "format": "2.9",
            "metadata": {"transcript": content},
            "results": [word],
            **fields,
        }

    @pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a"])
    @pytest.mark.parametrize(
        "before", [[], [STARTED], [STARTED, *[{"message": "AudioAdded", "seq_no": n} for n in range(50)]]]
    )
    def test_are_one_meeting(self, put_lines, before, name):
        messages = [
            self.final("oi\u2028", 0, "S1"),
            {"message": "AddPartialTranscript", "results": []},
            self.final("bem", 2, "S2"),
        ]
        path = put_lines(*before, *messages, {"message": "EndOfTranscript"}, name=name)
        [(transcript, meeting)] = meetings_in(path)
        assert (transcript.source.place, transcript.source.result_path) == (None, name)
        assert [(turn.speaker, turn.start_s, turn.text) for turn in meeting.turns] == [
            ("S1", 0, "oi"),
            ("S2", 2, "bem"),
        ]

    def test_a_message_over_several_lines_is_one_document(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(self.final("oi", 0, "S1")).replace(', "format"', ',\n"format"'), encoding="utf-8")
        [(_, meeting)] = meetings_in(path)
        assert [turn.text for turn in meeting.turns] == ["oi"]

    def test_two_in_a_file_are_refused(self, put_lines):
        one = [STARTED, self.final("oi", 0, "S1")]
        [found] = found_in(put_lines(*one, *one), is_named=False)
        assert isinstance(found, Outcome)
        assert (found.status, "several real-time sessions" in found.error) == (Status.FAILED, True)

    @pytest.mark.parametrize("broken", ['"results": 1, "results"', "]"])
    def test_a_broken_message_loses_no_words_silently(self, put_lines, broken):
        path = put_lines(self.final("oi", 0, "S1"), self.final("bem", 2, "S2"))
        first, last = path.read_text(encoding="utf-8").split("\n\n")
        path.write_text(first + "\n" + last.replace('"results"', broken), encoding="utf-8")
        [found] = found_in(path, is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.FAILED

    def test_without_words_are_no_transcript(self, put_lines):
        [found] = found_in(put_lines(STARTED, {"message": "EndOfTranscript"}), is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.SKIPPED


class TestBroken:
    """A field of a wrong kind is an error that names it: never a crash, never words silently lost."""

    @pytest.mark.parametrize(
        ("document", "says"),
        [
            (
                {"segments": [{"start": 0, "end": 1, "text": "oi"}, {"start": 1, "end": 2, "text": 7}], "text": ""},
                "text is a number",
            ),
            ({"segments": [{"start": 0, "end": 1, "text": "oi"}, "CANARY"], "text": ""}, "segments[2] is text"),
            ({"segments": [{"start": "soon CANARY", "end": 1, "text": "oi"}], "text": ""}, "start is no time"),
            ({"segments": [{"start": -5, "end": 1, "text": "oi"}], "text": ""}, "start is no time in a recording"),
            ({"segments": [{"start": 0, "end": 1, "text": "oi", "speaker": ["CANARY"]}]}, "speaker is a list"),
            ({"id": "x", "status": "error", "audio_url": "u", "error": "CANARY", "text": None}, "transcription failed"),
            (
                {"id": "x", "status": "processing", "audio_url": "u", "text": None},
                "before the transcription was finished",
            ),
            (
                {"data": {"transcript": {"id": "x", "date": 1e99, "sentences": [{"speaker_name": "A", "text": "oi"}]}}},
                "date is neither",
            ),
        ],
    )
    def test_fails_by_its_name(self, put, document, says):
        [found] = found_in(put(document), is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.FAILED
        assert says in found.error
        assert "CANARY" not in found.error

    def test_a_time_just_before_the_start_is_the_start(self, turns):
        assert turns({"segments": [{"start": -0.02, "end": 1, "text": "oi"}], "text": "oi"}) == [(None, 0.0, 1.0, "oi")]


@pytest.mark.parametrize(
    "document",
    [
        {"jobName": "x", "results": {"transcripts": [{"transcript": ""}], "items": []}},
        {
            "metadata": {},
            "results": {"channels": [{"alternatives": [{"transcript": "", "words": []}]}], "utterances": []},
        },
        {"id": "x", "status": "completed", "text": None, "audio_duration": 3, "words": None, "utterances": None},
        {"format": "2.9", "metadata": {}, "results": []},
        {"recognizedPhrases": [], "combinedRecognizedPhrases": []},
        {"monologues": []},
        {"result_index": 0, "results": []},
        {"task": "transcribe", "duration": 3, "text": "", "segments": []},
        {"text": "", "segments": [], "language": "en"},
        {"segments": [], "info": {"language": "en"}},
        {"params": {}, "result": {"language": "en"}, "transcription": []},
        {"data": {"transcript": {"id": "x", "title": "t", "sentences": []}}},
        {"text": "", "usage": {"type": "duration", "seconds": 3}},
    ],
)
def test_silence_is_a_meeting_without_words(turns, document):
    with pytest.raises(InputError, match="nobody says a word"):
        turns(document)


@pytest.mark.parametrize(
    "document",
    [
        {"callTranscripts": "see notes", "crm": [{"note": "called"}]},
        {"records": [{"callId": 1, "notes": "a gong call"}]},
        {"results": [{"name": "x"}], "count": 1},
        {"results": {"items": []}},
        {"segments": [{"id": 1, "name": "premium customers"}]},
        {"words": ["a", "b"], "text": "x"},
        {"transcript": {"url": "https://example.com/a.vtt"}},
        {"id": 1, "status": "open", "text": "a ticket"},
        {"phrases": ["a"]},
        {"data": {"transcripts": [{"id": 1}]}},
        {"phrases": ["a"], "combinedPhrases": []},
        [{"start": "2026-01-01", "end": "2026-01-02"}],
        [{"start": "2026-01-01", "end": "2026-01-02", "text": "a holiday"}],
        {"segments": [{"start": "2026-01-01", "end": "2026-01-02", "text": "a holiday"}]},
        {"segments": [{"startTime": "2026-01-01", "body": "a holiday"}]},
        [{"text": "Apple", "start": 10, "end": 15, "label": "ORG"}],
        [{"text": "Apple", "start": 10, "end": 15, "entity": "B-ORG", "score": 0.9}],
        [{"text": "Apple", "start": 10, "end": 15, "type": "organization"}],
        [[1, 2, 3, 4, 5]],
        {"retval": {"words": []}},
        {"job": {}, "words": [{"name": "x"}]},
        {"data": {"transcript": None}},
        {"conversations": []},
        {"monologues": [{}]},
    ],
)
def test_what_only_looks_alike_is_no_transcript(put, document):
    [skipped] = found_in(put(document), is_named=False)
    [failed] = found_in(put(document))
    assert isinstance(skipped, Outcome)
    assert isinstance(failed, Outcome)
    assert (skipped.status, failed.status) == (Status.SKIPPED, Status.FAILED)
    assert "tried: meetcli JSON" in failed.error
