import contextlib
import io
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetcli.discover import discover
from meetcli.errors import RunStopped, UsageError
from meetcli.models import Outcome, Source, Status


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


def find(here, *paths, files_from=None, stdin=None):
    spool = here.parent / "spool"
    spool.mkdir(exist_ok=True)
    return discover(paths, files_from=files_from, stdin=stdin, working_folder=here, stdin_folder=spool)


def results(found):
    return [one.result_path for one in found if isinstance(one, Source)]


def shown(found):
    return [one.shown for one in found if isinstance(one, Source)]


def skipped(found):
    return [(one.source.shown, one.reason) for one in found if isinstance(one, Outcome)]


class TestResultPath:
    def test_below_a_folder(self, here):
        put(here, "exports/a.json", "exports/q1/b.vtt")
        assert results(find(here, "exports")) == ["a", "q1/b.vtt"]

    def test_below_the_working_folder_as_a_folder(self, here):
        put(here, "exports/a.json")
        [only] = find(here, ".")
        assert (only.result_path, only.shown) == ("exports/a", "exports/a.json")

    def test_below_the_fixed_prefix_of_a_glob(self, here):
        put(here, "exports/q1/a.json", "exports/q2/a.json")
        assert results(find(here, "exports/*/a.json")) == ["q1/a", "q2/a"]

    def test_below_a_glob_that_matches_folders(self, here):
        put(here, "exports/q1/deep/a.json", "exports/q2/b.json")
        assert results(find(here, "exports/q*")) == ["q1/deep/a", "q2/b"]

    def test_of_a_file_typed_relative_to_the_working_folder(self, here):
        put(here, "exports/a.json")
        assert results(find(here, "./exports/../exports/a.json")) == ["exports/a"]

    @pytest.mark.parametrize("typed", ["../outside/a.json", "{root}/outside/a.json"])
    def test_of_a_file_elsewhere_is_its_name_alone(self, here, typed):
        put(here.parent, "outside/a.json")
        assert results(find(here, typed.format(root=here.parent))) == ["a"]

    def test_never_leaves_the_output_folder_through_a_glob(self, here):
        put(here, "q1/x.json", "y.json")
        put(here.parent, "z.json")
        assert results(find(here, "*/../../*.json")) == ["z"]

    @pytest.mark.parametrize(
        ("name", "result"),
        [("a.json", "a"), ("a.vtt", "a.vtt"), ("a", "a"), (".json", ".json"), ("a.jsonl", "a.jsonl")],
    )
    def test_drops_the_json_suffix_only(self, here, name, result):
        put(here, name)
        assert results(find(here, name)) == [result]


class TestOnce:
    def test_two_spellings(self, here):
        put(here, "a/b.json")
        assert shown(find(here, "a/b.json", "./a/b.json", str(here / "a/b.json"), "a", "a/*.json")) == ["a/b.json"]

    def test_the_named_spelling_wins(self, here):
        put(here, "a/b.json")
        [only] = find(here, "a", "a/b.json")
        assert only.is_named
        assert only.result_path == "a/b"

    def test_a_link_and_its_file_are_one_called_after_the_file(self, here):
        put(here, "in/z.json")
        (here / "in/a.json").symlink_to("z.json")
        assert results(find(here, "in")) == ["z"]

    def test_a_folder_and_a_link_to_it_are_one(self, here):
        put(here, "in/real/x.json")
        (here / "in/also").symlink_to("real")
        assert results(find(here, "in")) == ["real/x"]

    def test_overlapping_folders_in_any_order(self, here):
        put(here, "in/sub/x.json")
        assert find(here, "in", "in/sub") == find(here, "in/sub", "in")

    def test_hard_links_are_two_files(self, here):
        put(here, "in/a.json")
        os.link(here / "in/a.json", here / "in/b.json")
        assert results(find(here, "in")) == ["a", "b"]


def test_inputs_come_in_the_order_of_their_paths(here):
    put(here, "b/2.json", "b/10.json", "a/9.json", "c.json")
    assert shown(find(here, "c.json", "b", "a")) == ["a/9.json", "b/10.json", "b/2.json", "c.json"]


class TestHidden:
    def test_is_skipped_and_counted_inside_a_folder_a_hidden_folder_once(self, here):
        put(here, "in/a.json", "in/.b.json", "in/.git/c.json", "in/.git/d.json")
        found = find(here, "in")
        assert results(found) == ["a"]
        assert skipped(found) == [("in/.b.json", "hidden"), ("in/.git", "hidden")]
        assert all(one.status is Status.SKIPPED for one in found if isinstance(one, Outcome))

    def test_is_taken_when_named(self, here):
        put(here, ".hidden/.a.json", ".hidden/b.json")
        assert results(find(here, ".hidden/.a.json", ".hidden")) == [".hidden/.a", "b"]

    def test_is_not_matched_by_a_glob_unless_it_asks(self, here):
        put(here, "in/.a.json", "in/.x/b.json", "in/c.json")
        assert results(find(here, "in/**/*.json")) == ["c"]
        assert results(find(here, "in/.*.json")) == [".a"]


class TestLinks:
    def test_a_link_out_of_the_folder_is_followed(self, here):
        put(here.parent, "elsewhere/a.json")
        (here / "in").mkdir()
        (here / "in/far").symlink_to(here.parent / "elsewhere")
        (here / "in/near.json").symlink_to(here.parent / "elsewhere/a.json")
        assert results(find(here, "in")) == ["near"]
        (here / "in/near.json").unlink()
        assert results(find(here, "in")) == ["far/a"]

    @pytest.mark.parametrize("target", ["..", "/", "../.."])
    def test_a_folder_that_holds_the_searched_one_is_skipped(self, here, target):
        put(here, "in/sub/a.json")
        (here / "in/sub/loop").symlink_to(target)
        found = find(here, "in")
        assert results(found) == ["sub/a"]
        assert skipped(found) == [("in/sub/loop", "link_loop")]

    def test_a_folder_that_links_to_itself_is_searched_once(self, here):
        put(here, "in/sub/a.json")
        (here / "in/sub/again").symlink_to(".")
        assert results(find(here, "in")) == ["sub/a"]

    def test_two_linked_folders_that_link_to_each_other_end(self, here):
        put(here.parent, "one/a.json", "two/b.json")
        (here.parent / "one/two").symlink_to(here.parent / "two")
        (here.parent / "two/one").symlink_to(here.parent / "one")
        (here / "in").mkdir()
        (here / "in/start").symlink_to(here.parent / "one")
        assert results(find(here, "in")) == ["start/a", "start/two/b"]

    def test_broken_and_circular_links_are_inputs_that_will_fail(self, here):
        (here / "in").mkdir()
        (here / "in/broken.json").symlink_to("gone.json")
        (here / "in/circle.json").symlink_to("circle.json")
        assert results(find(here, "in")) == ["broken", "circle"]
        assert results(find(here, "in/broken.json", "in/circle.json")) == ["in/broken", "in/circle"]


def test_pipes_in_a_folder_are_skipped(here):
    (here / "in").mkdir()
    os.mkfifo(here / "in/pipe.json")
    (here / "in/link.json").symlink_to("pipe.json")
    assert skipped(find(here, "in")) == [("in/link.json", "not_a_file"), ("in/pipe.json", "not_a_file")]


def test_a_folder_that_cannot_be_listed_is_an_input_that_will_fail(here, monkeypatch):
    put(here, "in/open/a.json", "in/shut/b.json")
    scandir = os.scandir

    def refuse(path):
        if path.rstrip("/").endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find(here, "in")
    assert shown(found) == ["in/open/a.json", "in/shut/"]
    assert found[1].name == "shut"


class TestNames:
    def test_with_newlines_and_commands_to_a_terminal_keep_to_their_line(self, here):
        put(here, "in/a\nb\x1b[31m.json")
        [only] = find(here, "in")
        assert only.shown == "in/a\\nb\\x1b[31m.json"
        assert only.name == "a\nb\x1b[31m.json"
        assert only.path.exists()

    def test_that_are_no_utf8_are_written_as_escapes(self, here):
        try:
            Path(os.fsdecode(os.fsencode(here) + b"/a\xff.json")).write_text("{}")
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        for typed in (".", os.fsdecode(b"a\xff.json"), "*.json"):
            [only] = find(here, typed)
            assert (only.name, only.shown, only.result_path) == ("a\\xff.json", "a\\xff.json", "a\\xff")
            assert only.path.exists()

    def test_in_portuguese_stay(self, here):
        put(here, "in/reunião.json")
        assert shown(find(here, "in")) == ["in/reunião.json"]

    def test_that_look_like_globs_are_files_first(self, here):
        put(here, "a[1].json", "a1.json")
        assert shown(find(here, "a[1].json")) == ["a[1].json"]


class TestMissing:
    @pytest.mark.parametrize("typed", ["gone.json", "", "here.json/x", "gone/*.json", "*.xyz", "**x"])
    def test_path_is_a_usage_error(self, here, typed):
        put(here, "here.json")
        with pytest.raises(UsageError):
            find(here, typed)

    def test_path_that_cannot_be_looked_at_says_why(self, here, monkeypatch):
        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "lstat", refuse)
        with pytest.raises(UsageError, match="Permission denied"):
            find(here, "shut/a.json")

    def test_path_in_a_list_names_the_list(self, here):
        (here / "list").write_text("gone.json\n")
        with pytest.raises(UsageError, match=r"gone\.json does not exist \(named in list\)"):
            find(here, files_from="list")

    def test_list_is_a_usage_error(self, here):
        with pytest.raises(UsageError, match="nolist"):
            find(here, files_from="nolist")

    def test_standard_input_is_a_usage_error(self, here):
        with pytest.raises(UsageError):
            find(here, "-")


def test_an_empty_folder_gives_nothing(here):
    assert find(here, ".") == []


class TestFilesFrom:
    @pytest.mark.parametrize(
        "content", [b"a.json\nb c.json\n", b"a.json\r\n\r\nb c.json", b"a.json\0b c.json\0", b"b c.json\0a.json"]
    )
    def test_lines_or_nul(self, here, content):
        put(here, "a.json", "b c.json")
        (here / "list").write_bytes(content)
        assert shown(find(here, files_from="list")) == ["a.json", "b c.json"]

    def test_nul_separated_names_may_hold_line_ends(self, here):
        put(here, "a\nb.json")
        (here / "list").write_bytes(b"a\nb.json\0")
        assert len(find(here, files_from="list")) == 1

    def test_takes_folders_and_names_that_look_like_globs(self, here):
        put(here, "in/a.json", "*.json", "x.json")
        (here / "list").write_bytes(b"in\n*.json\n")
        assert results(find(here, files_from="list")) == ["*", "a"]

    def test_from_standard_input(self, here):
        put(here, "a.json")
        assert shown(find(here, files_from="-", stdin=io.BytesIO(b"a.json\n"))) == ["a.json"]

    def test_standard_input_is_not_both(self, here):
        with pytest.raises(UsageError, match="both"):
            find(here, "-", files_from="-", stdin=io.BytesIO(b"a.json\n"))


def test_standard_input_is_kept_in_a_private_file(here):
    [only] = find(here, "-", "-", stdin=io.BytesIO(b"hello"))
    assert (only.name, only.shown, only.result_path, only.is_named) == ("stdin", "stdin", "stdin", True)
    assert only.path.read_bytes() == b"hello"
    assert only.path.stat().st_mode & 0o777 == 0o600


def test_standard_input_that_cannot_be_kept_stops_the_run(here):
    (here.parent / "spool").mkdir()
    (here.parent / "spool/stdin").symlink_to(here / "elsewhere")
    with pytest.raises(RunStopped):
        find(here, "-", stdin=io.BytesIO(b"hello"))
    assert not (here / "elsewhere").exists()


@given(
    st.sets(
        st.lists(st.sampled_from(["a", "b", ".h", "c.json", "d e"]), min_size=1, max_size=4).map("/".join), max_size=12
    )
)
def test_every_file_of_a_tree_is_found_once_or_counted(tmp_path_factory, names):
    here = tmp_path_factory.mktemp("tree")
    for name in names:
        with contextlib.suppress(OSError):  # a folder where another name has a file
            put(here, name)
    found = discover(["."], working_folder=here, stdin_folder=here)
    files = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
    is_hidden = re.compile(r"(^|/)\.h(/|$)").search
    assert [one.shown for one in found if isinstance(one, Source)] == sorted(
        name for name in files if not is_hidden(name)
    )
    hidden = {name[: match.end()].rstrip("/") for name in files if (match := is_hidden(name))}
    assert {one.source.shown for one in found if isinstance(one, Outcome)} == hidden
    named = discover([*files, "."], working_folder=here, stdin_folder=here)
    assert sum(isinstance(one, Source) for one in named) == len(files)
