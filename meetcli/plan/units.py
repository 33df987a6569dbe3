"""Reads inputs in batches, so that the cache is asked for many at once and only one batch is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meetcli.models import Outcome, Source
from meetcli.plan.ports import PlanPorts
from meetcli.readers import Unit, read

BATCH_UNITS = 256
BATCH_BYTES = 8_000_000


def batched_units(inputs: Iterable[Source | Outcome], max_bytes: int, ports: PlanPorts) -> Iterator[list[Unit]]:
    """Yield the units of the inputs in their order, in batches; deliver what is none."""
    batch: list[Unit] = []
    held = 0
    for unit in _units(inputs, max_bytes, ports):
        batch.append(unit)
        held += len(unit.content)
        if len(batch) == BATCH_UNITS or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _units(inputs: Iterable[Source | Outcome], max_bytes: int, ports: PlanPorts) -> Iterator[Unit]:
    for item in inputs:
        for unit in (item,) if isinstance(item, Outcome) else read(item, max_bytes=max_bytes, identify=ports.identify):
            if isinstance(unit, Outcome):
                ports.deliver(unit, None)
            else:
                yield unit
