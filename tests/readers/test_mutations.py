"""A small fixed set of broken files; `python -m tests.readers.mutations` reads as many as one has time for."""

import time
import tracemalloc

import pytest

from tests.readers.mutations import (
    FREE_BYTES,
    MAX_S,
    MAX_TIMES,
    mutated,
    outcome_of,
    repeated,
    sample_files,
    unpacked_size,
)

SETS = 10
A_SET = 60


@pytest.mark.parametrize("number", range(SETS))
def test_no_broken_file_crashes_hangs_or_fills_the_memory(number, tmp_path):
    samples = sample_files()
    for seed in range(number * A_SET, (number + 1) * A_SET):
        data, origin = mutated(seed, samples)
        path = tmp_path / ("a", "a.json", "a.vtt", "a.txt")[seed % 4]
        path.write_bytes(data)
        tracemalloc.start()
        started = time.process_time()
        outcome_of(path)
        taken = time.process_time() - started
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert taken < MAX_S, origin
        assert memory < FREE_BYTES + MAX_TIMES * unpacked_size(data), origin


@pytest.mark.parametrize(
    ("name", "start", "line"), [("a.txt", "", "Ana: {}\nBob: {}\n"), ("a.vtt", "WEBVTT\n\n", "{0}<v Ana>{1}\n\n")]
)
def test_a_letter_that_takes_four_bytes_everywhere_fills_no_memory(name, start, line, tmp_path):
    said = "this is what we said the day before, and again yesterday, is it not? " * 4
    block = line.format("00:01.000 --> 00:02.000\n" if start else said, said)
    (tmp_path / name).write_text(
        f"{start}{block.replace('?', '😀')}{block * (500_000 // len(block))}", encoding="utf-8"
    )
    tracemalloc.start()
    outcome_of(tmp_path / name)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert memory < FREE_BYTES + MAX_TIMES * (tmp_path / name).stat().st_size


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.name)
def test_a_file_four_times_as_long_takes_no_more_than_its_length(path, tmp_path):
    """Quadratic work would take sixteen times as long. The best of three is what the work takes, not what the machine
    does besides.
    """

    def taken(size):
        file = tmp_path / f"{size}{path.suffix}"
        file.write_bytes(repeated(path, size))
        attempts = []
        for _ in range(3):
            started = time.process_time()
            assert outcome_of(file) == "understood"
            attempts.append(time.process_time() - started)
        return min(attempts)

    longer = taken(500_000)
    # Some files are read another way from some size on: a step there is no growth, which the next four times show.
    assert longer < 9 * taken(125_000) or taken(2_000_000) < 9 * longer
