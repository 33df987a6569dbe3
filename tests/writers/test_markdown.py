from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from meetcli.minutes import read_minutes
from meetcli.writers.markdown import escaped, minutes_page
from tests.results import action, evidence, result

HERE = Path(__file__).parent


def page(made) -> str:
    return minutes_page(read_minutes(made), made["task"], made["source"])


PORTUGUESE = result(
    "analyze",
    language="pt-BR",
    meet_date="2026-08-05T09:00:00-03:00",
    summary="A cooperativa pediu seis milhões.",
    action_items=[action("Enviar o cálculo", due_text="até sexta-feira", due_date="2026-08-07", status="tentative")],
)


@pytest.mark.parametrize(
    ("made", "golden"),
    [(result(), "minutes_en.md"), (result("analyze"), "sentiment_en.md"), (PORTUGUESE, "sentiment_pt.md")],
)
def test_minutes_read_as_a_person_would_write_them(made, golden):
    assert page(made) == (HERE / golden).read_text(encoding="utf-8")


def test_what_is_absent_leaves_no_trace():
    empty = dict.fromkeys(result()) | {"task": "extract", "source": "q3.json"}
    assert page(empty) == "# q3.json\n\n<!-- meetcli: extract of q3.json -->\n"


@pytest.mark.parametrize(
    "spoiled", [7, "x", ["x", 3, None], {"a": 1}, [{"evidence": 4, "text": 5, "description": []}], True]
)
def test_a_result_of_the_wrong_shape_still_makes_a_page(spoiled):
    made = dict.fromkeys(result() | result("analyze"), spoiled) | {"task": "extract", "source": "q3.json"}
    assert page(made).endswith("<!-- meetcli: extract of q3.json -->\n")


def test_the_mark_is_one_comment_whatever_the_file_is_called():
    assert page(result(source="a --> <script>\n-- b.json")).endswith(
        "<!-- meetcli: extract of a -- -script- - b.json -->\n"
    )


def seen(tokens: list[Token]) -> tuple[str, set[str]]:
    """The text a reader sees, and the kinds of markup in it."""
    text, kinds = "", set()
    for token in tokens:
        kinds.add(token.type)
        inner, more = seen(token.children or [])
        text += inner if token.children else token.content
        kinds |= more
    return text, kinds


@given(st.text(alphabet=st.sampled_from("ab 1.)-+*_#>[](){}<!&;:\\`~|=/\"'x"), min_size=1).map(str.strip).filter(bool))
def test_no_text_acts_as_markup(text):
    flat = " ".join(text.split())
    found, kinds = seen(MarkdownIt("commonmark").parse(f"- {escaped(flat)}"))
    assert found == flat
    assert kinds <= {"bullet_list_open", "list_item_open", "paragraph_open", "inline", "text", "text_special"} | {
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    }


def test_a_hostile_transcript_is_text():
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) \x1b[31m\u2028\u202e ![i](http://a.example/i.png)"
    made = result(
        summary=hostile,
        customer_name=hostile,
        decisions=[{"text": hostile, "rationale": hostile, "evidence": evidence(hostile, hostile)}],
    )
    _, kinds = seen(MarkdownIt("commonmark").parse(page(made).rpartition("<!--")[0]))
    assert not kinds & {"html_inline", "html_block", "link_open", "image"}
    assert not {char for char in page(made) if not char.isprintable()} - {"\n"}
