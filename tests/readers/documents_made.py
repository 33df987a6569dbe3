"""Documents as offices write them, made of the XML of their text. `python -m tests.readers.documents_made` makes the samples anew."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.readers.formats_seen import SAMPLES

WORD_SPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_SPACE = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_OPEN_SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
)


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 6, 15, 9, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def word(body: str, *, head: str = "", part: str = "word/document.xml", space: str = WORD_SPACE) -> bytes:
    """A .docx with this body; `head` stands before the root, where a document type would."""
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document xmlns:w="{space}" '
        f'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>{body}</w:body></w:document>'
    )
    return packed(
        {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, part: xml, "word/media/image1.png": b"\x89PNG\0"}
    )


def open_document(body: str, *, kind: str = "text", head: str = "") -> bytes:
    """An .odt with this body."""
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<office:document-content {_OPEN_SPACES}><office:body>'
        f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return packed({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": xml})


def paragraph(*lines: str, inside: str = "") -> str:
    """A paragraph of Word's with breaks between its lines."""
    runs = "<w:r><w:br/></w:r>".join(f'<w:r><w:t xml:space="preserve">{line}</w:t></w:r>' for line in lines)
    return f"<w:p>{inside}{runs}</w:p>"


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{paragraph(*cell.splitlines())}</w:tc>" for cell in cells) + "</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/>{''.join(rows)}</w:tbl>"


SAID = (
    ("Ana Prado", "Good morning, shall we start?"),
    ("Rui Lima", "Yes. The offer for the pension plan is ready."),
    ("Ana Prado", "Who sends it to the client?"),
    ("Rui Lima", "I will send it by Friday."),
    ("Ana Prado", "Then we are done, thanks."),
)


def samples() -> dict[str, bytes]:
    return {
        "meet.docx": word(
            paragraph("Pension plan (2026-06-15 09:00 GMT) - Transcript")
            + paragraph("Attendees")
            + paragraph("Ana Prado, Rui Lima")
            + paragraph("Transcript")
            + paragraph("00:00:00")
            + "".join(paragraph(f"{name}: {words}") for name, words in SAID)
            + paragraph("Meeting ended after 00:01:00")
            + paragraph("This editable transcript was computer generated and might contain errors.")
        ),
        "table.docx": word(
            table(row("Speaker", "Text"), *(row(name, words.replace(". ", ".\n")) for name, words in SAID))
        ),
        "named-lines.odt": open_document(
            "".join(
                f"<text:p>{name}:<text:s/>{words.replace('. ', '.<text:line-break/>')}</text:p>" for name, words in SAID
            )
        ),
    }


def main() -> None:
    folder: Path = SAMPLES / "documents"
    folder.mkdir(exist_ok=True)
    for name, content in samples().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
