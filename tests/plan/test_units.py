"""Inputs are read in batches that are bounded by number and by size."""

from types import SimpleNamespace

import pytest

from meetcli.discover import discover
from meetcli.plan import units
from meetcli.readers import Unit


@pytest.mark.parametrize(
    ("most_units", "most_bytes", "sizes"),
    [(2, 10**6, [2, 2, 1]), (5, 10**6, [5]), (100, 20, [2, 2, 1]), (100, 21, [3, 2]), (100, 10**6, [5])],
)
def test_batches_end_where_either_bound_is_reached(tmp_path, monkeypatch, most_units, most_bytes, sizes):
    monkeypatch.setattr(units, "BATCH_UNITS", most_units)
    monkeypatch.setattr(units, "BATCH_BYTES", most_bytes)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_bytes(b"Ana: oi%03d" % number)
    inputs = discover(["."], working_folder=tmp_path, stdin_folder=tmp_path)
    ports = SimpleNamespace(deliver=pytest.fail, identify=lambda source: source)
    batches = list(units.batched_units(inputs, 10**6, ports))
    assert [len(batch) for batch in batches] == sizes
    assert all(isinstance(unit, Unit) and len(unit.content) == 10 for batch in batches for unit in batch)
    assert [unit.source.name for batch in batches for unit in batch] == [f"{number}.txt" for number in range(5)]
