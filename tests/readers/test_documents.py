"""Documents: what a person reads in them, with changes accepted; what is no transcript; what would do harm."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile

import docx
import pytest

from meetcli.meetings.normalize import normalize
from meetcli.models import Outcome, Status
from meetcli.readers import Rereader, Transcript, Unit, parse, read
from meetcli.readers.documents import document_text
from tests.readers.documents_made import (
    SAID,
    STRICT_SPACE,
    open_document,
    packed,
    paragraph,
    row,
    samples,
    table,
    word,
)
from tests.readers.formats_seen import found_in, source_of

SPOKEN = "".join(paragraph(f"{name}: {words}") for name, words in SAID)


@pytest.fixture
def put(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def said(found):
    return [(turn.speaker, turn.text) for turn in normalize(found.mapping).turns]


def lines(body, **how):
    return document_text(word(body, **how)).split("\n")


class TestText:
    def test_of_a_document_that_the_library_wrote_is_what_it_shows(self):
        document = docx.Document()
        document.add_heading("Pension plan", 0)
        spoken = document.add_paragraph()
        spoken.add_run("Ana Prado").bold = True
        spoken.add_run("   0:03").add_break()
        spoken.add_run("Good\tmorning")
        document.add_page_break()
        document.add_paragraph("&lt; é 😀 — fim", style="List Bullet")
        cells = document.add_table(rows=1, cols=2).rows[0].cells
        cells[0].text, cells[1].text = "Rui Lima\n0:12", "Yes.\nGo on."
        stream = io.BytesIO()
        document.save(stream)
        shown = ["Pension plan", "Ana Prado   0:03", "Good\tmorning"]
        assert document_text(stream.getvalue()).split("\n") == [
            *shown,
            "",
            "",
            "&lt; é 😀 — fim",
            "Rui Lima   0:12",
            "Yes.",
            "Go on.",
        ]

    def test_keeps_lines_tabs_and_blanks(self):
        inner = (
            '<w:r><w:t xml:space="preserve"> a </w:t><w:tab/><w:t>b</w:t><w:cr/><w:t>c</w:t><w:noBreakHyphen/></w:r>'
        )
        tabs = '<w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr>'
        assert lines(f"<w:p>{tabs}{inner}</w:p><w:p/>") == [" a \tb", "c-", ""]

    def test_stands_in_links_controls_and_boxes_too_and_once(self):
        box = (
            "<w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent>"
            "</mc:Choice><mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:r>"
        )
        link = "<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink>"
        field = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        control = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('control')}</w:sdtContent></w:sdt>"
        assert lines(f"<w:p>{link}{field}{box}</w:p>{control}") == ["box", "link", "control"]

    def test_is_read_in_the_strict_form_and_under_another_name(self):
        assert lines(paragraph("Ana: oi"), space=STRICT_SPACE) == ["Ana: oi"]
        assert lines(paragraph("Ana: oi"), part="word/document2.xml") == ["Ana: oi"]


class TestChanges:
    """Tracked changes are read as accepted."""

    def test_inserted_text_is_in_and_deleted_text_is_out(self):
        body = (
            '<w:p><w:r><w:t xml:space="preserve">pay </w:t></w:r>'
            '<w:del w:id="1"><w:r><w:delText>twice</w:delText></w:r><w:r><w:t>twice</w:t></w:r></w:del>'
            '<w:ins w:id="2"><w:r><w:t>once</w:t></w:r><w:del w:id="3"><w:r><w:t>more</w:t></w:r></w:del></w:ins>'
            "<w:moveFrom><w:r><w:t>from</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t> to</w:t></w:r></w:moveTo></w:p>"
        )
        assert lines(body) == ["pay once to"]

    def test_a_deleted_end_of_a_paragraph_joins_two(self):
        mark = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
        assert lines(paragraph("Ana: good ", inside=mark) + paragraph("morning") + paragraph("x")) == [
            "Ana: good morning",
            "x",
        ]
        assert lines(paragraph("Ana: good", inside=mark)) == ["Ana: good"]

    def test_a_deleted_row_is_out(self):
        gone = row("Ana", "gone").replace("<w:tr>", "<w:tr><w:trPr><w:del/></w:trPr>")
        assert lines(table(row("Ana", "one"), gone, row("Rui", "two"))) == ["Ana: one", "Rui: two"]

    def test_of_an_open_document_too(self):
        body = (
            "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
            '</text:changed-region></text:tracked-changes><text:p>Ana: <text:change text:change-id="a"/>oi'
            "<office:annotation><text:p>note</text:p></office:annotation>,\n   tudo"
            '<text:s text:c="3"/>bem<text:tab/>?</text:p><text:h>Fim</text:h>'
        )
        assert document_text(open_document(body)).split("\n") == ["Ana: oi, tudo   bem\t?", "Fim"]


class TestTables:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (("Ana", "oi"), ["Ana: oi"]),
            (("Ana:", "oi\ntudo bem"), ["Ana: oi", "tudo bem"]),
            (("00:01:02", "Ana", "oi"), ["Ana   00:01:02", "oi"]),
            (("Ana", "[1:02]", "oi"), ["Ana   1:02", "oi"]),
            (("Ana\n0:03", "oi"), ["Ana   0:03", "oi"]),
            (("00:01 - 00:05", "Ana", "oi"), ["Ana   00:01", "oi"]),
            (("0:03", "oi"), ["[0:03] oi"]),
            (("", "Ana", "oi"), ["Ana: oi"]),
            (("oi",), ["oi"]),
            (("a", "b", "c"), ["a", "b", "c"]),
            (("0:01", "0:02", "oi"), ["0:01", "0:02", "oi"]),
            (("Time", "Speaker:", "Text"), []),
            (("", ""), []),
        ],
    )
    def test_a_row_is_a_turn_where_it_says_who_or_when(self, cells, expected):
        assert document_text(word(paragraph("-") + table(row(*cells)))).split("\n")[1:] == expected

    def test_of_names_beside_other_text_are_no_turns_without_times_or_titles(self):
        rows = [row("Ana", "Send the report."), row("Rui", "Call the client.")]
        text = paragraph("The board has met and decided what follows, and who does it until when, on the next day.")
        assert lines(text + table(*rows))[1:] == ["Ana", "Send the report.", "Rui", "Call the client."]
        assert lines(text + table(row("Speaker", "Text"), *rows))[1:] == [
            "Ana: Send the report.",
            "Rui: Call the client.",
        ]

    def test_inside_a_cell_stays_there(self):
        inner = table(row("b", "c"))
        nested = f"<w:tbl><w:tr><w:tc>{paragraph('Ana')}</w:tc><w:tc>{inner}{paragraph('d')}</w:tc></w:tr></w:tbl>"
        assert lines(nested) == ["Ana: b: c", "d"]


class TestFiles:
    @pytest.mark.parametrize("is_named", [True, False])
    def test_a_transcript_is_read_under_any_name(self, put, is_named):
        for name in ("a.docx", "a"):
            [found] = found_in(put(name, word(SPOKEN)), is_named=is_named)
            assert (found.format, found.is_by_naming, said(found)) == ("document", False, list(SAID))
            assert (found.source.place, found.source.result_path) == (None, name)

    def test_a_letter_is_none(self, put):
        letter = word(
            paragraph("Dear Ana,") + paragraph("Thank you for your letter of 12 May. We will answer soon.") * 9
        )
        path = put("letter.docx", letter)
        [met] = found_in(path, is_named=False)
        [named] = found_in(path)
        assert (met.status, met.reason) == (Status.SKIPPED, "no_transcript")
        assert named.status is Status.FAILED
        assert "is a document without a transcript" in named.error

    def test_the_date_of_its_head_is_the_meetings(self, put):
        [found] = found_in(put("meet.docx", samples()["meet.docx"]))
        assert normalize(found.mapping).meet_date == "2026-06-15T09:00:00+00:00"

    @pytest.mark.parametrize("is_named", [True, False])
    def test_in_archives_are_files_like_others(self, put, is_named):
        document = word(SPOKEN)
        members = {"b/a.docx": document, "a.docx.gz": gzip.compress(document), "letter.docx": word(paragraph("x"))}
        path = put("e.zip", packed({**members, "in.zip": packed({"a.docx": document})}))
        *found, letter, inner = found_in(path, is_named=is_named)
        assert [(one.source.place, said(one)) for one in found] == [(1, list(SAID)), (2, list(SAID))]
        assert (letter.status, inner.status) == (Status.SKIPPED, Status.SKIPPED)
        [packed_alone] = found_in(put("a.docx.gz", gzip.compress(document)), is_named=is_named)
        assert said(packed_alone) == list(SAID)

    def test_are_found_again(self, put):
        document = word(SPOKEN)
        paths = (
            put("a.docx", document),
            put("a.docx.gz", gzip.compress(document)),
            put("e.zip", packed({"a.docx": document, "b.odt": samples()["named-lines.odt"]})),
        )
        rereader = Rereader()
        for path in paths:
            for unit in read(source_of(path)):
                assert isinstance(unit, Unit)
                [one] = parse(unit)
                assert rereader.read(one.source, unit.sha256).mapping == one.mapping

    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\0", "is a PDF"),
            ("a.rtf", b"{\\rtf1\\ansi Ana: oi\\par Rui: oi\\par Ana: oi\\par Rui: oi}", "is a document in RTF"),
            ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is a document of an old Office"),
            ("a.docx", word(SPOKEN)[:-30], "is not a valid zip archive"),
            ("a.docx", word("<w:p>"), "is a document that is damaged"),
        ],
    )
    def test_that_are_not_read_say_what_they_are_and_what_to_do(self, put, name, content, told):
        for path in (put(name, content), put(f"{name}.gz", gzip.compress(content))):
            [met] = found_in(path, is_named=False)
            [named] = found_in(path)
            assert (met.status, met.reason) == (Status.SKIPPED, "unread")
            assert named.status is Status.FAILED
            assert told in named.error
            assert ".vtt" in named.hint
        *_, member = found_in(put("e.zip", packed({"a.txt": "Ana: oi\nRui: oi\n" * 3, name: content})), is_named=False)
        assert (member.status, member.reason) == (Status.SKIPPED, "unread")

    @pytest.mark.parametrize(
        "content", [open_document("<table:table/>", kind="spreadsheet"), packed({"mimetype": "x"})]
    )
    def test_of_other_kinds_are_archives_without_a_transcript(self, put, content):
        [found] = found_in(put("a.ods", content), is_named=False)
        assert (found.status, found.reason) == (Status.SKIPPED, "no_transcript")


BOMB = (
    "<!DOCTYPE w ["
    + "".join(
        f'<!ENTITY {name} "{f"&{inner};" * 10 if inner else "laugh" * 10}">'
        for name, inner in zip("abcdefgh", " abcdefg", strict=True)
    ).replace("& ;", "laugh")
    + "]>"
)


class TestHarm:
    @pytest.mark.parametrize("make", [word, open_document])
    @pytest.mark.parametrize(
        "head",
        [
            BOMB,
            '<!DOCTYPE w [<!ENTITY h SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE w SYSTEM "http://127.0.0.1:9/w.dtd">',
            '<!DOCTYPE w [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
        ],
    )
    def test_no_entity_is_resolved(self, put, make, head):
        body = paragraph("Ana: &h;") if make is word else "<text:p>Ana: &h;</text:p>"
        path = put("a.docx", make(body, head=head))
        tracemalloc.start()
        [found] = found_in(path)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
        tracemalloc.stop()
        assert "declares a type of its own" in found.error

    @pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-7", "cp037", "rot13", "nope"])
    def test_no_encoding_hides_one(self, put, encoding):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{BOMB}<document>&h;</document>'
        content = text.encode("utf-16" if encoding == "utf-16" else "ascii")
        [found] = found_in(put("a.docx", packed({"[Content_Types].xml": "", "word/document.xml": content})))
        assert isinstance(found, Outcome)
        assert "declares a type of its own" in found.error or "damaged" in found.error

    def test_it_holds_no_more_than_a_file_may(self, put):
        path = put("a.docx", word(SPOKEN * 20))
        assert path.stat().st_size < 3_000
        [found] = read(source_of(path), max_bytes=3_000)
        assert "larger than 3,000 bytes" in found.error

    def test_it_grows_no_more_than_an_archive(self, put):
        path = put("a.docx", word(paragraph("Ana: " + "oi " * 2_000_000)))
        for name in ("a.docx", "e.zip"):
            content = path.read_bytes() if name == "a.docx" else packed({"a.docx": path.read_bytes()})
            found = [one for one in found_in(put(name, content)) if isinstance(one, Outcome)]
            assert [one.status for one in found] == [Status.FAILED]
            assert "200 times its size" in found[0].error

    def test_deep_nesting_and_many_paragraphs_take_no_more_than_their_length(self, put):
        deep = "<w:sdt>" * 20_000 + paragraph("Ana: oi") + "</w:sdt>" * 20_000
        assert lines(deep) == ["Ana: oi"]
        [found] = found_in(put("a.docx", packed({"[Content_Types].xml": "", "word/document.xml": b"<" * 100})))
        assert "damaged" in found.error

    def test_memory_is_that_of_the_text(self, put):
        words = " ".join(f"word{number}" for number in range(40))
        content = word(
            "".join(paragraph(f"{name}: {words} {number}") for number in range(5_000) for name in ("Ana", "Rui"))
        )
        path = put("a.docx", content)
        size = zipfile.ZipFile(io.BytesIO(content)).getinfo("word/document.xml").file_size
        tracemalloc.start()
        [found] = found_in(path)
        assert tracemalloc.get_traced_memory()[1] < 6 * size
        tracemalloc.stop()
        assert isinstance(found, Transcript)
        assert len(normalize(found.mapping).turns) == 10_000
