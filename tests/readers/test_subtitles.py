"""What real captions do that the samples do not show."""

import pytest

from meetcli.models import Outcome, Status
from tests.readers.formats_seen import found_in, meetings_in

HEAD = "WEBVTT\n\n"
TIMES = "00:00:01.000 --> 00:00:02.000"


@pytest.fixture
def turns(tmp_path):
    def read(text, name="a.vtt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        [(_, meeting)] = meetings_in(path)
        return [(turn.speaker, turn.start_s, turn.end_s, turn.text) for turn in meeting.turns]

    return read


def said(found):
    return [(speaker, text) for speaker, _, _, text in found]


class TestTimes:
    @pytest.mark.parametrize(
        ("line", "start", "end"),
        [
            ("00:00:01.000 --> 00:00:02.500", 1, 2.5),
            ("00:01.000 --> 00:02.500", 1, 2.5),
            ("0:0:13.540 --> 0:0:17.850", 13.54, 17.85),
            ("100:00:00.000 --> 100:00:01.000", 360_000, 360_001),
            ("00:00:01,000 --> 00:00:02,500 X1:40 X2:600", 1, 2.5),
            ("00:00:01.5 --> 00:00:02.25 align:start position:0%", 1.5, 2.25),
            ("00:00:01 --> 00:00:02", 1, 2),
            ("125:01.000 --> 125:02.500", 7501, 7502.5),
            ("  00:00:01.000  -->  00:00:02.500  ", 1, 2.5),
        ],
    )
    def test_are_read_as_they_are_written(self, turns, line, start, end):
        assert turns(f"{HEAD}{line}\noi\n") == [(None, start, end, "oi")]

    @pytest.mark.parametrize("line", ["00:00:01.000 --> soon", "00:00:01.000 -->", "00:00:01.000 --> 00:00:02.000x"])
    def test_that_are_none_fail_by_line(self, tmp_path, line):
        path = tmp_path / "a.vtt"
        path.write_text(f"{HEAD}{TIMES}\noi CANARY\n\n{line}\noi\n", encoding="utf-8")
        [found] = found_in(path, is_named=False)
        assert isinstance(found, Outcome)
        assert "line 6 is no time of a cue" in found.error
        assert "CANARY" not in found.error

    def test_that_overlap_are_put_in_order(self, turns):
        text = f"{HEAD}00:05.000 --> 00:06.000\n<v B>later\n\n00:01.000 --> 00:09.000\n<v A>first\n"
        assert said(turns(text)) == [("Speaker A", "first"), ("Speaker B", "later")]


def labelled(*lines):
    return HEAD + "\n\n".join(
        f"00:{number:02}.000 --> 00:{number + 1:02}.000\n{line}" for number, line in enumerate(lines)
    )


class TestLabels:
    """Zoom writes a name before every cue, whatever people call themselves."""

    @pytest.mark.parametrize(
        "name",
        [
            "Ana Souza | Banco X",
            "João / TI",
            "ana@banco.com",
            "15551234567",
            "+55 11 99999-1234",
            'Robert "Bob" Smith',
            "Bom Kim",
            "Sim Wei Ling",
            "🎉 Ana",
            "(Guest) Pedro",
            "Maria Aparecida dos Santos da Silva Oliveira de Souza",
        ],
    )
    def test_that_come_back_are_names_where_every_cue_has_one(self, turns, name):
        found = turns(labelled(f"{name}: oi", "Bob: tudo: bem?", f"{name}: sim", "Bob: vamos"))
        assert said(found) == [(name, "oi"), ("Bob", "tudo: bem?"), (name, "sim"), ("Bob", "vamos")]

    def test_that_stand_in_a_cue_that_goes_on_are_speech(self, turns):
        cues = ["Ana: oi", "Bob: tudo bem?"] * 6
        found = turns(labelled(*cues, "so: we begin", "at last", "Ana: sim"))
        assert said(found)[-2:] == [("Bob", "tudo bem? so: we begin at last"), ("Ana", "sim")]

    def test_that_stand_once_beside_a_cue_without_one_are_names_by_their_looks(self, turns):
        cues = ["Ana: oi", "rui lima: sim"] * 5
        found = turns(labelled("Rita: bom dia", "zé: oi", "zé: sim", *cues, "so: we begin", "at last", "Ana / TI: oi"))
        assert found[0][0] == "Rita"
        assert {speaker for speaker, _ in said(found)} == {"Rita", "zé", "Ana", "rui lima"}
        assert said(found)[-1] == ("rui lima", "sim so: we begin at last Ana / TI: oi")

    def test_are_speakers_however_they_are_written_where_no_cue_lacks_one(self, turns):
        names = ["Ana", "rui lima", "Doris | Northwind", "so", "4", "Ana"]
        found = turns(labelled(*(f"{name}: oi" for name in names)))
        assert [speaker for speaker, _ in said(found)] == [
            "Ana",
            "rui lima",
            "Doris | Northwind",
            "so",
            "Speaker 4",
            "Ana",
        ]

    def test_in_few_cues_stay_to_be_judged_by_their_looks(self, turns):
        assert said(turns(labelled("Ana / TI: oi", "tudo", "bem?", "Ana / TI: sim"))) == [
            (None, "Ana / TI: oi tudo bem?"),
            (None, "Ana / TI: sim"),
        ]


class TestVoices:
    def test_two_in_one_cue_are_two_turns(self, turns):
        assert said(turns(f"{HEAD}{TIMES}\n<v Ana>oi</v> <v Bob>tudo bem?\n")) == [("Ana", "oi"), ("Bob", "tudo bem?")]

    def test_last_over_lines_and_to_the_end_of_their_cue(self, turns):
        text = f"{HEAD}{TIMES}\n<v.loud Chen, Alice>oi\ntudo\n\n00:03.000 --> 00:04.000\nbem\n"
        assert said(turns(text)) == [("Chen, Alice", "oi tudo"), (None, "bem")]

    def test_keep_entities_and_lose_tags(self, turns):
        assert said(turns(f"{HEAD}{TIMES}\n<v A &amp; B><b>5 &lt; 6</b> &amp; <c.x>so</c></v>\n")) == [
            ("A & B", "5 < 6 & so")
        ]

    def test_keep_what_a_transcriber_heard_beside_words(self, turns):
        text = "<v Ana>oi <laugh> <c.colorE5E5E5>tudo</c><br/>bem &lt;cough&gt; R&D &copy</v>"
        assert said(turns(f"{HEAD}{TIMES}\n{text}\n")) == [("Ana", "oi <laugh> tudo bem <cough> R&D &copy")]

    def test_may_be_named_on_the_next_line_or_in_the_id_of_a_cue(self, turns):
        assert said(turns(f"{HEAD}{TIMES}\n<v\nAna Sá>oi</v>\n")) == [("Ana Sá", "oi")]
        text = f'{HEAD}1 "Ana Sá" (123)\n{TIMES}\noi\n\n2 "Bob" (45)\n00:00:03.000 --> 00:00:04.000\ntudo\nbem?\n'
        assert said(turns(text)) == [("Ana Sá", "oi"), ("Bob", "tudo bem?")]

    def test_without_a_name_are_unknown(self, turns):
        assert said(turns(f"{HEAD}{TIMES}\n<v Unknown Speaker>oi</v>\n")) == [(None, "oi")]


class TestNames:
    def test_hold_until_the_next_one(self, turns):
        cues = ["Ana Sá (Bank): oi", "so: we go", "Bob: tudo bem?", "tudo"]
        text = HEAD + "\n".join(
            f"{number}\n00:0{number}.000 --> 00:0{number}.900\n{cue}\n" for number, cue in enumerate(cues, 1)
        )
        assert turns(text) == [("Ana Sá (Bank)", 1.0, 2.9, "oi so: we go"), ("Bob", 3.0, 4.9, "tudo bem? tudo")]

    def test_one_in_the_middle_is_nobody(self, turns):
        cues = ["It is late", "Remember: go home", "now."]
        text = HEAD + "".join(f"00:0{number}.000 --> 00:0{number}.900\n{cue}\n\n" for number, cue in enumerate(cues, 1))
        assert said(turns(text)) == [(None, "It is late Remember: go home now.")]

    def test_in_brackets_are_speakers_and_sounds_are_not(self, turns):
        cues = ["[SPEAKER_00]: oi", "[music] plays", "[Speaker 1] tudo bem?", "[laughs] sim"]
        text = "\n".join(
            f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{cue}\n" for number, cue in enumerate(cues, 1)
        )
        assert said(turns(text, "a.srt")) == [
            ("SPEAKER_00", "oi [music] plays"),
            ("Speaker 1", "tudo bem? [laughs] sim"),
        ]

    def test_behind_the_marks_of_broadcasters_are_names(self, turns):
        cues = ["&gt;&gt; ANA: oi", "well - no: we go", "- BOB: tudo bem?\n- ANA: tudo"]
        text = "\n".join(
            f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{cue}\n" for number, cue in enumerate(cues, 1)
        )
        assert said(turns(text, "a.srt")) == [("ANA", "oi well - no: we go"), ("BOB", "tudo bem?"), ("ANA", "tudo")]


class TestBlocks:
    def test_that_are_no_cues_are_left_out(self, turns):
        text = f"WEBVTT - title\nKind: captions\n\nNOTE a\nnote\n\nSTYLE\n::cue {{}}\n\nREGION\n\nguid-1-0\n{TIMES}\noi\n\nNOTE end\n"
        assert said(turns(text)) == [(None, "oi")]

    def test_apart_from_their_cue_lose_no_word(self, turns):
        assert said(
            turns(
                "1\n00:00:01,000 --> 00:00:02,000\noi\n\n42 people\n\n2\n00:00:03,000 --> 00:00:04,000\ntudo\n", "a.srt"
            )
        ) == [(None, "oi 42 people tudo")]

    def test_without_blank_lines_or_numbers(self, turns):
        text = "00:00:01,000 --> 00:00:02,000\noi\n2\n00:00:03,000 --> 00:00:04,000\ntudo\n00:00:05,000 --> 00:00:06,000\n{\\an8}<i>bem</i>"
        assert said(turns(text, "a.srt")) == [(None, "oi tudo bem")]

    @pytest.mark.parametrize("name", ["a.vtt", "a.srt"])
    @pytest.mark.parametrize("text", ["", " \n", "WEBVTT\n", "hello\n", "NOTE only\n"])
    def test_none_at_all_fail_also_in_a_folder(self, tmp_path, name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        [found] = found_in(tmp_path / name, is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.FAILED

    def test_of_silence_fail_as_a_meeting_without_words(self, tmp_path):
        from meetcli.errors import InputError

        (tmp_path / "a.vtt").write_text(f"{HEAD}{TIMES}\n\n", encoding="utf-8")
        with pytest.raises(InputError, match="nobody says a word"):
            meetings_in(tmp_path / "a.vtt")


class TestRolling:
    def test_repeats_are_dropped_where_captions_roll(self, turns):
        lines = ["so we start", "with the renewal", "and then", "go on", "to the price", "now"]
        blocks = []
        for number, (before, line) in enumerate(zip(["", *lines], lines, strict=False)):
            blocks.append(
                f"00:{number:02}.000 --> 00:{number:02}.990\n{before or ' '}\n{line.replace(' ', '<00:00:01.000><c> ', 1)}\n"
            )
            blocks.append(f"00:{number:02}.990 --> 00:{number + 1:02}.000\n{line}\n \n")
        assert " ".join(text for _, text in said(turns(HEAD + "\n".join(blocks)))) == " ".join(lines)

    def test_without_marks_it_takes_many_repeats(self, turns):
        lines = [f"line {number}" for number in range(8)]
        rolling = "\n".join(
            f"{number + 1}\n00:00:0{number},000 --> 00:00:0{number},900\n{lines[number - 1] if number else ''}\n{lines[number]}\n"
            for number in range(8)
        )
        assert " ".join(text for _, text in said(turns(rolling, "a.srt"))) == " ".join(lines)

    def test_what_is_said_twice_is_said_twice(self, turns):
        cues = ["yes", "yes", "no", "no", "well", "go", "on"]
        text = HEAD + "".join(
            f"00:0{number}.000 --> 00:0{number}.900\nAna: {cue}\n\n" for number, cue in enumerate(cues)
        )
        assert said(turns(text)) == [("Ana", " ".join(cues))]


def test_what_is_no_utf_8_says_so(tmp_path):
    for name, data in (
        ("a.vtt", (HEAD + TIMES + "\nnão\n").encode("latin-1")),
        ("a.srt", (TIMES + "\noi\n").encode("utf-16")),
    ):
        (tmp_path / name).write_bytes(data)
        [found] = found_in(tmp_path / name, is_named=False)
        assert isinstance(found, Outcome)
        assert found.status is Status.FAILED
        assert "UTF-8" in found.error


def timed(*cues):
    """Cues of (start, end, lines) in minutes and seconds."""
    return HEAD + "\n\n".join(f"{start} --> {end}\n{lines}" for start, end, lines in cues) + "\n"


class TestOrder:
    """Time that runs backwards."""

    def test_of_two_recordings_in_one_file_is_the_files(self, turns):
        first = timed(("00:01.000", "00:02.000", "Ana: oi"), ("10:00.000", "10:04.000", "Bob: até já"))
        second = timed(("00:02.000", "00:03.000", "Ana: voltamos"), ("00:06.000", "00:07.000", "Bob: sim"))
        found = turns(first + second)
        assert said(found) == [("Ana", "oi"), ("Bob", "até já"), ("Ana", "voltamos"), ("Bob", "sim")]
        assert [start for _, start, _, _ in found] == [1, 600, 606, 610]

    @pytest.mark.parametrize("head", ["WEBVTT\n", "\ufeffWEBVTT - part 2\n", "WEBVTT\nKind: captions\n"])
    def test_of_a_second_head_adds_no_word(self, turns, head):
        cue = f"{TIMES}\nAna: oi\n"
        assert said(turns(f"{HEAD}{cue}{head}\n{cue}")) == [("Ana", "oi oi")]

    def test_of_a_clock_that_starts_again_is_the_files(self, turns):
        starts = ["00:01", "05:00", "09:59", "00:02", "00:09"]
        found = turns(timed(*((f"{at}.000", f"{at}.900", f"{'AB'[n % 2]}na: {n}") for n, at in enumerate(starts))))
        assert [(text, start) for _, start, _, text in found] == [
            ("0", 1),
            ("1", 300),
            ("2", 599),
            ("3", None),
            ("4", None),
        ]

    def test_is_kept_where_one_time_is_a_slip(self, turns):
        starts = ["40:01", "40:05", "58:09", "40:12", "40:20"]
        found = turns(timed(*((f"{at}.000", f"{at}.900", f"{'AB'[n % 2]}na: {n}") for n, at in enumerate(starts))))
        assert [text for _, text in said(found)] == ["0", "1", "2", "3", "4"]

    def test_of_nobody_known_is_the_files(self, turns):
        cues = [("00:09.000", "00:11.000", "we met"), ("00:08.000", "00:12.000", "in March.")]
        assert said(turns(timed(*cues))) == [(None, "we met in March.")]


class TestMarks:
    """What says who speaks and is no `Name:`."""

    def test_of_microsoft_graph_are_json(self, turns):
        cue = '{{"startDateTime":"2026-01-01T00:00:00Z","speakerName":"{}","spokenText":"{}","spokenLanguage":"pt"}}'
        cues = [
            ("00:01.000", "00:02.000", cue.format("Ana Sá", "Oi: tudo?")),
            ("00:03.000", "00:04.000", cue.format("Bob", "Sim.")),
        ]
        assert said(turns(timed(*cues))) == [("Ana Sá", "Oi: tudo?"), ("Bob", "Sim.")]

    def test_may_be_braces_that_somebody_read_out(self, turns):
        assert said(turns(timed(("00:01.000", "00:02.000", "{not json}")))) == [(None, "{not json}")]

    @pytest.mark.parametrize("line", ["({})", "[{}]", "{}", "({}):"])
    def test_alone_above_the_words_are_names(self, turns, line):
        ana, bob = line.format("Ana Sá"), line.format("Bob Lee")
        cues = [
            ("00:01.000", "00:02.000", f"{ana}\noi, tudo"),
            ("00:02.000", "00:03.000", f"{ana}\nbem?\n-\n \n{bob}\nSim."),
            ("00:03.000", "00:04.000", f"{bob}\nE você?\n(laughs)"),
        ]
        assert said(turns(timed(*cues))) == [("Ana Sá", "oi, tudo bem?"), ("Bob Lee", "Sim. E você? (laughs)")]

    def test_of_whisper_cpp_are_speakers(self, turns):
        cues = [("00:01.000", "00:02.000", "(speaker 0) oi,"), ("00:02.000", "00:03.000", "(speaker 1) sim?")]
        assert said(turns(timed(*cues))) == [("Speaker 0", "oi,"), ("Speaker 1", "sim?")]

    def test_chevrons_open_the_words_of_somebody_else(self, turns):
        cues = [
            ("00:01.000", "00:02.000", "&gt;&gt; Good morning. This is"),
            ("00:02.000", "00:03.000", "the council. Roll call.->> Here."),
            ("00:03.000", "00:04.000", ">>> ANA: Present."),
            ("00:04.000", "00:05.000", ">> ANA: Thanks."),
        ]
        assert said(turns(timed(*cues))) == [
            (None, "Good morning. This is the council. Roll call."),
            (None, "Here."),
            ("ANA", "Present. Thanks."),
        ]

    def test_that_stand_twice_are_no_words(self, turns):
        assert said(turns(timed(("00:01.000", "00:02.000", "<v Ana>Ana: oi</v>")))) == [("Ana", "oi")]
        twice = labelled("Ana: Ana: oi", "Bob: Bob: tudo", "Ana: Ana: sim")
        assert said(turns(twice)) == [("Ana", "oi"), ("Bob", "tudo"), ("Ana", "sim")]


def in_cues(*lines):
    cues = (f"00:00:{n:02}.000 --> 00:00:{n:02}.900\n{line}\n" for n, line in enumerate(lines, 1))
    return "WEBVTT\n\n" + "\n".join(cues)


def test_every_label_speaks_where_each_stands_once(turns):
    found = turns(in_cues("Dr. Mia Roth: Hello.", "JON (he/him): Hello.", "4ever guest: Two things: a, b.", "kim: ok"))
    assert said(found) == [
        ("Dr. Mia Roth", "Hello."),
        ("JON (he/him)", "Hello."),
        ("4ever guest", "Two things: a, b."),
        ("kim", "ok"),
    ]


def test_names_in_square_brackets_speak_where_nearly_all_cues_have_one(turns):
    found = turns(in_cues("[Mia Roth] Hello.", "[Jon Bay] Hi.", "[Mia Roth] Who writes?", "[Jon Bay] I do."))
    assert said(found) == [
        ("Mia Roth", "Hello."),
        ("Jon Bay", "Hi."),
        ("Mia Roth", "Who writes?"),
        ("Jon Bay", "I do."),
    ]


def test_sounds_in_square_brackets_do_not(turns):
    found = turns(in_cues("[Music] plays on", "We sold the field.", "[Music] again", "Nobody minded."))
    assert {speaker for speaker, _ in said(found)} == {None}


def test_the_head_of_a_second_file_is_no_speech_with_its_fields(turns):
    second = "WEBVTT - Part 2\nKind: captions\nLanguage: en\n\nNOTE after lunch\n\n00:00:01.500 --> 00:00:03.000\n"
    found = turns(f"{in_cues('<v Mia>Hello.</v>', '<v Jon>Hi.</v>')}\n{second}<v Mia>Again.</v>\n")
    assert said(found) == [("Mia", "Hello."), ("Jon", "Hi."), ("Mia", "Again.")]
