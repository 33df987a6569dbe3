"""The first room: which inputs this run has. Lists folders and follows links; never opens a transcript."""

from __future__ import annotations

import heapq
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from meetcli.errors import RunStopped, UsageError
from meetcli.models import Outcome, Source, Status

_STDIN = "-"
_MAGIC = re.compile(r"[*?\[]")


class _Found(NamedTuple):
    """One input before duplicates go: `identity` is the same for every spelling of one file, but not for hard links."""

    identity: str
    is_link: bool
    item: Source | Outcome


def discover(
    paths: Sequence[str],
    *,
    files_from: str | None = None,
    stdin: BinaryIO | None = None,
    working_folder: Path,
    stdin_folder: Path,
) -> list[Source | Outcome]:
    """Return every input once, in the order of its path: a `Source` to read, or a `skipped` `Outcome` to count.

    A path is a file, a folder, a glob or `-`; a file whose name looks like a glob is that file. `files_from` names a
    list of files and folders, one a line or NUL-separated, itself `-` for standard input; nothing in it is a glob.
    Relative paths start at `working_folder`. Standard input is copied to a private file in `stdin_folder`, which the
    caller removes. Inside a folder hidden names are skipped; a folder behind a link is searched, but no folder twice
    and none that holds the searched folder itself. A folder that cannot be listed is a `Source` that fails when it is
    read, as any other input. Raises `UsageError` for a path that does not exist and a glob that matches nothing.
    """
    found: list[_Found] = []
    folders = _RealFolders()
    for typed in sorted(set(paths)):
        if typed == _STDIN:
            if files_from == _STDIN:
                raise UsageError("standard input cannot be both the list of files and a transcript")
            found.append(_keep_stdin(_stream(stdin), stdin_folder))
        else:
            found.extend(_expand(typed, working_folder, folders))
    for listed in sorted(set(_listed(files_from, stdin, working_folder))) if files_from is not None else ():
        found.extend(_typed(listed, working_folder, folders, where=f" (named in {_shown(str(files_from))})"))
    return _each_once(found)


def _each_once(found: list[_Found]) -> list[Source | Outcome]:
    # A file that was named must fail where one that was merely met is skipped, and a result is called after the file,
    # not after a link to it: so the named spelling wins, then the real one, then the first path in order.
    found.sort(key=lambda one: (not (isinstance(one.item, Source) and one.item.is_named), one.is_link))
    unique: dict[str, Source | Outcome] = {}
    for one in found:
        unique.setdefault(one.identity, one.item)
    return sorted(unique.values(), key=_order)


def _order(item: Source | Outcome) -> tuple[str, str]:
    source = item if isinstance(item, Source) else item.source
    return source.shown, str(source.path)


class _RealFolders(dict[str, str]):
    """Folders as typed and what they really are: resolving one takes longer than reading a transcript."""

    def __missing__(self, folder: str) -> str:
        self[folder] = os.path.realpath(folder)
        return self[folder]

    def identity(self, path: Path, *, is_link: bool) -> str:
        return os.path.realpath(path) if is_link else f"{self[str(path.parent)].rstrip('/')}/{path.name}"


def _expand(typed: str, working_folder: Path, folders: _RealFolders) -> Iterator[_Found]:
    if not _MAGIC.search(typed) or os.path.lexists(working_folder / typed):
        return _typed(typed, working_folder, folders)
    return _matching(typed, working_folder, folders)


def _typed(typed: str, working_folder: Path, folders: _RealFolders, *, where: str = "") -> Iterator[_Found]:
    """Yield what one literal path stands for."""
    path = working_folder / typed
    try:
        if not typed:
            raise FileNotFoundError
        mode = path.lstat().st_mode
    except PermissionError as error:
        raise UsageError(f"{_shown(typed)} cannot be looked at{where}: {error.strerror}") from error
    except OSError as error:
        raise UsageError(
            f"{_shown(typed) or 'an empty path'} does not exist{where}", hint="check the spelling of the path"
        ) from error
    is_link = stat.S_ISLNK(mode)
    if stat.S_ISDIR(mode) or (is_link and _is_folder(path)):
        yield from _below(str(path), shown=_prefix(typed), result="")
        return
    source = _source(str(path), str(Path(typed)), _contained(typed), is_named=True)
    yield _Found(folders.identity(path, is_link=is_link), is_link, source)


def _matching(typed: str, working_folder: Path, folders: _RealFolders) -> Iterator[_Found]:
    """Yield what a glob matches; a match is met, not named, and its result lies below the glob's fixed prefix."""
    parts = Path(typed).parts
    fixed = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    prefix = _prefix(str(Path(*parts[:fixed])))
    root = working_folder / prefix
    wants_hidden = any(part.startswith(".") for part in parts[fixed:])
    try:
        matches = sorted(match.relative_to(root) for match in root.glob(str(Path(*parts[fixed:]))))
    except ValueError as error:
        raise UsageError(f"{_shown(typed)} is no glob: {error}", hint="`**` stands alone between slashes") from error
    matches = [match for match in matches if wants_hidden or not any(part.startswith(".") for part in match.parts)]
    if not matches:
        raise UsageError(f"nothing matches {_shown(typed)}", hint="check the spelling of the glob")
    for match in matches:
        path = root / match
        if _is_folder(path):
            yield from _below(str(path), shown=_prefix(f"{prefix}{match}"), result=_prefix(_contained(str(match))))
        else:
            source = _source(str(path), f"{prefix}{match}", _contained(str(match)), is_named=False)
            is_link = path.is_symlink()
            yield _Found(folders.identity(path, is_link=is_link), is_link, source)


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - `Path.is_dir` raises for a link into a folder that is closed to us


def _contained(below: str) -> str:
    """Return a relative path without `..`, and the last name alone where it leads out or starts at the root."""
    normal = os.path.normpath(below)
    return Path(normal).name if normal.startswith(("/", "..")) else normal


def _prefix(folder: str) -> str:
    """Return what stands before the names in a folder: nothing for the working folder."""
    normal = str(Path(folder))
    return "" if normal == "." else f"{normal.rstrip('/')}/"


class _Folder(NamedTuple):
    """A folder to search, as prefixes that end in a slash: of what is shown, of paths, of real paths, of results."""

    shown: str
    path: str
    identity: str
    result: str
    is_link: bool

    def inside(self, name: str, *, identity: str | None = None, is_link: bool = False) -> _Folder:
        real = f"{identity or self.identity + name}/"
        return _Folder(
            f"{self.shown}{name}/", f"{self.path}{name}/", real, f"{self.result}{name}/", is_link or self.is_link
        )

    def source(self, name: str) -> Source:
        return _source(f"{self.path}{name}", f"{self.shown}{name}", f"{self.result}{name}", is_named=False)

    def skipped(self, name: str, reason: str) -> _Found:
        return _Found(self.identity + name, self.is_link, Outcome(self.source(name), Status.SKIPPED, reason=reason))


def _below(path: str, *, shown: str, result: str) -> Iterator[_Found]:
    """Yield every file below a folder, in no order that matters.

    Links to folders wait until the real folders are done, so that a file is called by its own path wherever it has one.
    """
    root = f"{os.path.realpath(path).rstrip('/')}/"
    pending = [_Folder(shown, f"{path.rstrip('/')}/", root, result, is_link=False)]
    linked: list[_Folder] = []
    searched: set[str] = set()
    while pending or linked:
        folder = pending.pop() if pending else heapq.heappop(linked)
        if folder.identity in searched:
            continue
        searched.add(folder.identity)
        try:
            with os.scandir(folder.path) as listing:
                entries = list(listing)
        except OSError:
            yield _Found(folder.identity, folder.is_link, folder.source(""))
            continue
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                yield folder.skipped(name, "hidden")
            elif entry.is_symlink():
                yield from _behind_link(folder, name, root, linked)
            elif entry.is_dir(follow_symlinks=False):
                pending.append(folder.inside(name))
            elif entry.is_file(follow_symlinks=False):
                yield _Found(folder.identity + name, folder.is_link, folder.source(name))
            else:
                yield folder.skipped(name, "not_a_file")


def _behind_link(folder: _Folder, name: str, root: str, linked: list[_Folder]) -> Iterator[_Found]:
    """Yield what a link met in a folder leads to; a link to a folder is put in `linked` instead."""
    path = f"{folder.path}{name}"
    identity = os.path.realpath(path)
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        mode = stat.S_IFREG  # broken or circular: a file that fails when it is read, and says why
    if stat.S_ISREG(mode):
        yield _Found(identity, True, folder.source(name))
    elif not stat.S_ISDIR(mode):
        yield folder.skipped(name, "not_a_file")
    elif root.startswith(f"{identity.rstrip('/')}/"):
        yield folder.skipped(
            name, "link_loop"
        )  # the searched folder lies in it: a loop, or a way out to the whole disk
    else:
        heapq.heappush(linked, folder.inside(name, identity=identity, is_link=True))


def _source(path: str, shown: str, result_path: str, *, is_named: bool) -> Source:
    where = Path(path)
    if where.name != ".json":
        result_path = result_path.removesuffix(".json")
    return Source(where, _unicode(where.name), _shown(shown or "."), _unicode(result_path), is_named)


def _unicode(name: str) -> str:
    """Return a name with bytes that are no UTF-8 written as escapes, for everything that must encode."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _shown(path: str) -> str:
    """Return a path that keeps to its line and cannot command a terminal."""
    path = _unicode(path)
    if path.isprintable():
        return path
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in path
    )


def _stream(stdin: BinaryIO | None) -> BinaryIO:
    if stdin is None:
        raise UsageError("there is no standard input to read")
    return stdin


def _keep_stdin(stdin: BinaryIO, stdin_folder: Path) -> _Found:
    path = stdin_folder / "stdin"
    # O_EXCL and 0600 before the first byte: nobody else reads it, and a link planted under its name is not followed.
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
            shutil.copyfileobj(stdin, kept)
    except OSError as error:
        raise RunStopped(
            f"standard input cannot be kept in {stdin_folder}: {error.strerror}", hint="free some space, or set TMPDIR"
        ) from error
    return _Found(str(path), is_link=False, item=Source(path, "stdin", "stdin", "stdin", is_named=True))


def _listed(files_from: str, stdin: BinaryIO | None, working_folder: Path) -> Iterable[str]:
    """Return the paths of a list: separated by NUL where it holds one, else one a line."""
    try:
        content = _stream(stdin).read() if files_from == _STDIN else (working_folder / files_from).read_bytes()
    except OSError as error:
        raise UsageError(f"the list {_shown(files_from)} cannot be read: {error.strerror}") from error
    separated = (
        content.split(b"\0") if b"\0" in content else [line.removesuffix(b"\r") for line in content.split(b"\n")]
    )
    return [os.fsdecode(path) for path in separated if path]
