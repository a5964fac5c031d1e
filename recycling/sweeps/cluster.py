"""Chunks by the workers of a Dask cluster, which may die and join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any

from recycling.errors import BadInput, Incomplete
from recycling.extras import is_missing
from recycling.sweeps.work import Chunk, Work, chunk_of, pickled

#: How long a scheduler may take to answer, s.
ANSWERS_IN = 10.0
#: Chunks that are given to the cluster at once: as many for each worker, and at least so many.
_FOR_EACH, _AT_LEAST = 3, 16
#: Times that Dask gives a chunk to another worker.
_RETRIES = 3


def on_cluster(work: Work, numbers: Iterable[int], scheduler: str, workers: int) -> Iterator[Chunk]:
    """Compute chunks on a cluster; they come in any order.

    Args:
        work: the sweep.
        numbers: of the chunks.
        scheduler: its address, or "local" for a cluster on this machine.
        workers: number of processes of a local cluster.

    Raises:
        BadInput: Dask is not installed.
        Incomplete: the scheduler does not answer, or workers die over a chunk again and again.

    Example:
        >>> from recycling.sweeps.chunks import Chunks
        >>> from recycling.spec.over import over_of
        >>> from recycling.sweeps.points import Points
        >>> points = Points(over_of({"device.t1": [1e-4]}, {}, ()), seed=0)
        >>> work = Work(points, Chunks(points.sizes, (1,)), {})
        >>> list(on_cluster(work, [], "carrier pigeon", workers=1))
        Traceback (most recent call last):
        recycling.errors.BadInput: scheduler = 'carrier pigeon': give local, or tcp://HOST:PORT
    """
    if scheduler != "local" and not scheduler.startswith(("tcp://", "tls://")):
        raise BadInput(f"scheduler = {scheduler!r}: give local, or tcp://HOST:PORT")
    dask, waiting, content = _dask(), iter(numbers), pickled(work)
    with _client(dask, scheduler, workers) as client:

        def submit(number: int) -> Any:
            return client.submit(
                chunk_of, content, number, key=f"chunk-{number}", pure=False, retries=_RETRIES
            )

        flying = dask.as_completed(map(submit, islice(waiting, _at_once(client))))
        try:
            for future in flying:
                yield future.result()
                future.release()
                for number in islice(waiting, max(0, _at_once(client) - flying.count())):
                    flying.add(submit(number))
        except dask.KilledWorker as error:
            raise Incomplete(
                f"workers of the cluster died over {error.task}: nothing finished is lost; go on "
                "with the same command"
            ) from None


def _dask() -> Any:
    """Dask's scheduler, which ships no types of its own."""
    if is_missing("distributed"):
        raise BadInput(
            "scheduler: Dask is not installed; install thermodynamic-recycling[distributed]"
        )
    return import_module("distributed")


def _at_once(client: Any) -> int:
    return max(_AT_LEAST, _FOR_EACH * len(client.scheduler_info()["workers"]))


@contextmanager
def _client(dask: Any, scheduler: str, workers: int) -> Iterator[Any]:
    if scheduler == "local":
        cluster = dask.LocalCluster(
            n_workers=max(1, workers), threads_per_worker=1, dashboard_address=None
        )
        with cluster, dask.Client(cluster) as client:
            yield client
        return
    try:
        client = dask.Client(scheduler, timeout=ANSWERS_IN)
    except (OSError, TimeoutError, ValueError, TypeError) as error:  # TypeError: TLS without keys
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise Incomplete(
            f"scheduler = {scheduler!r} does not answer in {ANSWERS_IN:.0f} s ({reason}): start "
            "it, or give another; nothing finished is lost"
        ) from None
    with client:
        yield client
