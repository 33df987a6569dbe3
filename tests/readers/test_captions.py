"""Captions of SubStation Alpha and Timed Text: who speaks and when, by what each file says about itself."""

from __future__ import annotations

import pytest

from meetcli.meetings.normalize import normalize
from tests.readers.formats_seen import found_in

ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
{format}
{lines}
"""
COLUMNS = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
TTML = (
    '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:ttm="http://www.w3.org/ns/ttml#metadata" {root}><head><metadata>'
    '<ttm:agent xml:id="a" type="person"><ttm:name type="full">Ana  Prado</ttm:name></ttm:agent>'
    '<ttm:agent xml:id="r" type="person"><ttm:name type="full">Rui Lima</ttm:name></ttm:agent>'
    "</metadata></head><body>{body}</body></tt>"
)


@pytest.fixture
def turns_of(tmp_path):
    def read(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        [found] = found_in(path, is_named=False)
        return [(turn.start_s, turn.end_s, turn.speaker, turn.text) for turn in normalize(found.mapping).turns]

    return read


@pytest.fixture
def error_of(tmp_path):
    def read(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        [found] = found_in(path, is_named=False)
        return found.error

    return read


def ass(*lines, columns=COLUMNS):
    return ASS.format(format=columns, lines="\n".join(f"Dialogue: {line}" for line in lines))


class TestSubStationAlpha:
    def test_takes_columns_in_the_order_that_the_file_says(self, turns_of):
        columns = "Format: Start, End, Actor, Style, Text"
        lines = ("0:00:01.00,0:00:02.00,Ana,Default,Good morning, Rui", "1:00:00.50,1:00:01.00,Rui,Default,Hi.")
        assert turns_of("a.ass", ass(*lines, columns=columns)) == [
            (1.0, 2.0, "Ana", "Good morning, Rui"),
            (3600.5, 3601.0, "Rui", "Hi."),
        ]

    def test_takes_the_usual_order_where_it_says_none(self, turns_of):
        lines = ("0,0:00:01.00,0:00:02.00,D,Ana,0,0,0,,a, b", "0,0:00:02.00,0:00:03.00,D,Rui,0,0,0,,c")
        assert [turn[2:] for turn in turns_of("a", ass(*lines, columns=";"))] == [("Ana", "a, b"), ("Rui", "c")]

    def test_of_the_older_version_too(self, turns_of):
        columns = "Format: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
        lines = ("Marked=0,0:00:01.00,0:00:02.00,D,Ana,0,0,0,,a", "Marked=0,0:00:02.00,0:00:03.00,D,Rui,0,0,0,,b")
        assert [turn[2:] for turn in turns_of("a.ssa", ass(*lines, columns=columns))] == [("Ana", "a"), ("Rui", "b")]

    def test_leaves_out_what_is_drawn_marked_up_or_shown_twice(self, turns_of):
        prefix = "0,0:00:01.00,0:00:02.00,D,Ana,0,0,0,,"
        lines = (
            prefix + r"{\an8\i1}Good{\i0}\Nmorning\h{a note}!",
            prefix + r"{\an8\i1}Good{\i0}\Nmorning\h{a note}!",
            r"0,0:00:01.00,0:00:09.00,D,,0,0,0,,{\p1}m 0 0 l 1 1{\p0}",
            "0,0:00:03.00,0:00:04.00,D,Rui,0,0,0,,Hi",
        )
        text = ass(*lines).replace(
            "Dialogue: 0,0:00:03", "Comment: 0,0:00:02.00,0:00:03.00,D,X,0,0,0,,no\nDialogue: 0,0:00:03"
        )
        assert [(speaker, words.split()) for _, _, speaker, words in turns_of("a.ass", text)] == [
            ("Ana", ["Good", "morning", "!"]),
            ("Rui", ["Hi"]),
        ]

    def test_finds_names_in_the_words_where_the_column_is_empty(self, turns_of):
        lines = [f"0,0:00:0{n}.00,0:00:0{n + 1}.00,D,,0,0,0,,[SPEAKER_0{n % 2}]: words {n}." for n in range(1, 5)]
        assert [turn[2:] for turn in turns_of("a.ass", ass(*lines))] == [
            ("SPEAKER_01", "words 1."),
            ("SPEAKER_00", "words 2."),
            ("SPEAKER_01", "words 3."),
            ("SPEAKER_00", "words 4."),
        ]

    @pytest.mark.parametrize(
        ("line", "columns", "told"),
        [
            ("0,0:00:01.00,soon,D,Ana,0,0,0,,a", COLUMNS, "line 10 has no time"),
            ("0,0:00:01.00", COLUMNS, "line 10 has 2 columns where 10 are named"),
            ("a", "Format: Text, Start, End", "the columns of its dialogue"),
        ],
    )
    def test_that_breaks_its_rules_says_where(self, error_of, line, columns, told):
        assert told in error_of("a.ass", ass(line, columns=columns))

    def test_without_dialogue_says_so(self, error_of):
        assert "no line of dialogue" in error_of("a.ass", "[Script Info]\n")


class TestTimedText:
    @pytest.mark.parametrize(
        ("root", "times", "expected"),
        [
            ("", 'begin="00:00:01.5" end="00:01:02"', (1.5, 62.0)),
            ("", 'begin="1.5s" dur="500ms"', (1.5, 2.0)),
            ("", 'begin="1m" end="0.5h"', (60.0, 1800.0)),
            ("", 'begin="00:00:01:15" end="60f"', (1.5, 2.0)),
            ('ttp:frameRate="25"', 'begin="00:00:01:05" end="50f"', (1.2, 2.0)),
            ('ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"', 'begin="30f" end="60f"', (1.001, 2.002)),
            ('ttp:tickRate="10000000"', 'begin="10000000t" end="25000000t"', (1.0, 2.5)),
            ('ttp:frameRate="25"', 'begin="25t" end="50t"', (1.0, 2.0)),
        ],
    )
    def test_reads_every_kind_of_time(self, turns_of, root, times, expected):
        [(start_s, end_s, *_)] = turns_of("a.ttml", TTML.format(root=root, body=f"<div><p {times}>a b c.</p></div>"))
        assert (start_s, end_s) == pytest.approx(expected)

    def test_counts_times_from_those_around_them(self, turns_of):
        body = (
            '<div begin="10s" end="20s"><p begin="1s" ttm:agent="a">one</p>'
            '<p ttm:agent="r"><span begin="5s" end="6s">two </span><span begin="6s" end="7s">three</span></p></div>'
        )
        assert turns_of("a.dfxp", TTML.format(root="", body=body)) == [
            (11.0, 20.0, "Ana Prado", "one"),
            (15.0, 17.0, "Rui Lima", "two three"),
        ]

    def test_knows_who_speaks_by_agents_of_any_element(self, turns_of):
        body = (
            '<div ttm:agent="a"><p begin="1s" end="2s">one<br/>two</p>'
            '<p begin="3s" end="4s"><span>three</span> <span ttm:agent="r">four</span> five</p></div>'
            '<div><p begin="5s" end="6s" ttm:agent="a r">both</p><p begin="7s" end="8s" ttm:agent="x">who</p></div>'
        )
        assert [turn[2:] for turn in turns_of("a.ttml", TTML.format(root="", body=body))] == [
            ("Ana Prado", "one two three"),
            ("Rui Lima", "four"),
            ("Ana Prado", "five"),
            ("Ana Prado and Rui Lima", "both"),
            ("x", "who"),
        ]

    def test_finds_names_in_the_words_where_it_has_no_agents(self, turns_of):
        body = "".join(
            f'<p begin="{n}s" end="{n + 1}s">{("Ana", "Rui")[n % 2]}: words {n} &lt;&#233;.</p>' for n in range(4)
        )
        turns = turns_of("a", f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- x -->\n{TTML.format(root="", body=body)}')
        assert [turn[2] for turn in turns] == ["Ana", "Rui", "Ana", "Rui"]
        assert turns[0] == (0.0, 1.0, "Ana", "words 0 <é.")

    def test_of_older_drafts_and_with_prefixes_too(self, turns_of):
        old = '<tt xmlns="http://www.w3.org/2006/10/ttaf1"><body><div><p begin="0:00:01" end="0:00:02">oi.</p></div></body></tt>'
        new = '<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:p begin="1s" end="2s">oi.</tt:p></tt:body></tt:tt>'
        for text in (old, new):
            assert turns_of("a.xml", text) == [(1.0, 2.0, None, "oi.")]

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ('<p begin="soon">a</p>', "a time that is none"),
            ('<div timeContainer="seq"><p begin="1s">a</p></div>', "count from one caption to the next"),
            ("<p>", "is not valid XML"),
            ("<p/>", "has no caption"),
        ],
    )
    def test_that_breaks_its_rules_says_how(self, error_of, body, told):
        assert told in error_of("a.ttml", TTML.format(root="", body=body))

    def test_resolves_no_entity(self, error_of):
        head = '<!DOCTYPE tt [<!ENTITY h SYSTEM "file:///etc/passwd">]>'
        text = head + TTML.format(root="", body='<p begin="1s">&h;</p>')
        assert "declares a document type" in error_of("a.ttml", text)
