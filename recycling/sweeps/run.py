"""A sweep from its spec to its results: what is missing is computed, what is finished stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from recycling.errors import Incomplete
from recycling.spec.named import Source, load
from recycling.store.given import path_given
from recycling.sweeps.frame import coordinates_of, notes_of, store_of
from recycling.sweeps.pool import in_pool
from recycling.sweeps.size import SweepSize, check_fits, sweep_size
from recycling.sweeps.store import Store, opened
from recycling.sweeps.variables import bytes_per_point
from recycling.sweeps.work import Work

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes:
        done: points that are finished, also those of before.
        points: all points.
        rate: points finished a second, since this process began.
    """

    done: int
    points: int
    rate: float

    @property
    def left(self) -> float:
        """Time that is left at this rate, s."""
        return (self.points - self.done) / self.rate if self.rate > 0 else float("inf")


def sweep(
    experiment: Source,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    arrays: str = "numpy",
    progress: Callable[[Progress], None] = lambda _progress: None,
    note: Callable[[str], None] = lambda _line: None,
) -> xr.Dataset:
    """Run the sweep of a spec, or go on with it, and open its results.

    Args:
        experiment: experiment, path or preset of a spec with ``[sweep.over]``.
        out: folder of the sweep; one that holds part of the same sweep is gone on with.
        workers: number of processes, by default that of the cores; 0 computes in this process.
        scheduler: of a Dask cluster, as "tcp://host:8786", or "local" for one on this machine.
        arrays: library that evolves the points: "numpy", "jax" or "cupy".
        progress: called after each chunk.
        note: called with a line on whatever was found damaged.

    Returns:
        Dataset of the variables of results.nc, with a dim for each listed axis and "sample" for
        the random and Sobol axes, whose values are coordinates. Values are read when used.

    Raises:
        BadInput: the spec has no sweep, the folder holds another one, the library is not there,
            or this machine has too little memory or disk.
        Incomplete: it was interrupted; what is finished stays.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     dataset = sweep(experiment, folder, workers=0).load()
        >>> dataset["heat"].dims
        ('cz_error', 'arm', 'theta', 'p_x')
    """
    work = Work.of(experiment := load(experiment), arrays)
    store = store_of(path_given(out, "out"), experiment, work)
    count = workers if workers is not None else os.cpu_count() or 1
    # First: what does not fit may have more points than one can look at.
    size = sweep_size(work, bytes_per_point(experiment), 0 if scheduler else count)
    check_fits(size, store.folder, there=store.size())
    work.check()
    with opened(store, experiment):
        store.create(coordinates_of(experiment, work), notes_of(experiment))
        missing = _missing(store, work, note)
        with _resumable(out):
            _compute(store, work, missing, count, scheduler, progress)
    return store.open()


def _missing(store: Store, work: Work, note: Callable[[str], None]) -> list[int]:
    """Chunks that are not finished; calls a function with a line on what was damaged."""
    finished, wrong = store.finished()
    for line in wrong:
        note(line)
    return [number for number in work.chunks if number not in finished]


def dry_run(
    experiment: Experiment,
    out: Path,
    *,
    workers: int | None = None,
    arrays: str = "numpy",
    step: Callable[[str], None] = lambda _text: None,
) -> SweepSize:
    """Say what a sweep would take, by a small probe; nothing is written.

    Raises:
        BadInput: as ``sweep``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> dry_run(experiment, Path(".")).points
        2
    """
    work = Work.of(experiment, arrays)
    count = (os.cpu_count() or 1) if workers is None else workers
    number_bytes = bytes_per_point(experiment)
    check_fits(sweep_size(work, number_bytes, count), out)
    work.check()
    step("probing")
    return sweep_size(work, number_bytes, count, probe=True)


def _compute(
    store: Store,
    work: Work,
    missing: list[int],
    workers: int,
    scheduler: str | None,
    progress: Callable[[Progress], None],
) -> None:
    """Compute and store the missing chunks."""
    points = work.points.count
    left = sum(map(work.chunks.points, missing))
    done, started = points - left, perf_counter()
    progress(Progress(done, points, 0.0))
    if not missing:
        return
    if scheduler is None:
        chunks = in_pool(work, missing, min(workers, len(missing)))
    else:
        from recycling.sweeps.cluster import on_cluster

        chunks = on_cluster(work, missing, scheduler, workers)
    before = done
    for chunk in chunks:
        store.write(chunk.number, chunk.values, chunk.seconds)
        done += work.chunks.points(chunk.number)
        progress(Progress(done, points, (done - before) / (perf_counter() - started)))
    if done < points:
        raise Incomplete(
            f"{points - done} points did not come back: nothing finished is lost; go on with the "
            "same command"
        )


@contextmanager
def _resumable(out: str | Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise Incomplete(
            f"interrupted; nothing finished is lost; go on with the same command: --out {out}"
        ) from None
