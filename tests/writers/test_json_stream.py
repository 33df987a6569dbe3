"""Results on standard output: one compact line a meeting, there as soon as it is done."""

import io
import json

import pytest

from meetcli.errors import RunStopped
from meetcli.writers.json_stream import JsonStream
from tests.results import as_text, result, source


class Stream(io.BytesIO):
    """A stream that counts flushes and may refuse."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error
        self.flushes = 0

    def flush(self):
        self.flushes += 1
        if self.error:
            raise self.error


def test_each_result_is_one_line_and_can_be_read_at_once():
    stream = Stream()
    writer = JsonStream(stream)
    for number in (1, 2):
        made = result(meeting_id=f"M-{number}", summary="Duas linhas:\nsim, 🎉")
        assert writer.write(source("list", number), as_text(made)) is None
        lines = stream.getvalue().decode().splitlines()
        assert (len(lines), json.loads(lines[-1]), stream.flushes) == (number, made, number)
    writer.close()
    assert not stream.closed
    assert "🎉" in lines[-1]


def test_a_full_disk_behind_standard_output_stops_the_run():
    with pytest.raises(RunStopped, match="cannot write to standard output: No space left on device"):
        JsonStream(Stream(OSError(28, "No space left on device"))).write(source("a"), as_text(result()))


def test_a_reader_who_left_is_for_the_caller_to_judge():
    with pytest.raises(BrokenPipeError):
        JsonStream(Stream(BrokenPipeError())).write(source("a"), as_text(result()))
