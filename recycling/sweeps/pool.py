"""Chunks by processes of this machine; one that dies is replaced, and its chunk tried again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Any

from recycling.errors import Incomplete
from recycling.sweeps.work import Chunk, Work, chunk_of, pickled

#: Most times that a chunk is given to workers that die.
MOST_TRIES = 3
#: Chunks that wait for each worker, or are at work in it.
_IN_FLIGHT = 2
#: How often to look whether a worker died while nothing comes, s.
_LOOK = 5.0
#: Libraries that would start a thread for each core, by the variable that limits them.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def in_pool(work: Work, numbers: Iterable[int], workers: int) -> Iterator[Chunk]:
    """Compute chunks in other processes; they come in any order.

    Args:
        work: the sweep.
        numbers: of the chunks.
        workers: number of processes; 0 computes in this one, in order.

    Raises:
        Incomplete: workers died over the same chunk again and again.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> [chunk.number for chunk in in_pool(Work.of(experiment), [0], workers=0)]
        [0]
    """
    if workers == 0:
        yield from map(work.chunk, numbers)
        return
    content, waiting = pickled(work), iter(numbers)
    tries: dict[int, int] = {}
    #: Chunks that were given out and have not come back, in this order.
    out: dict[int, None] = {}
    while True:
        with _executor(workers) as executor:
            flying: dict[Future[Chunk], int] = {}
            try:
                for number in out:
                    flying[_submit(executor, content, number)] = number
                while True:
                    for number in islice(waiting, max(0, _IN_FLIGHT * workers - len(flying))):
                        out[number] = None  # first, since the pool may be broken already
                        flying[_submit(executor, content, number)] = number
                    if not flying:
                        return
                    for future in _next(executor, flying):
                        chunk = future.result()
                        del out[flying.pop(future)]
                        yield chunk
            except BrokenProcessPool:
                came = [each for each in flying if each.done() and not each.exception()]
        for future in came:
            del out[flying[future]]
            yield future.result()
        # The oldest were at work: a pool takes them in their order.
        _count_tries(islice(out, workers), tries)


def _submit(executor: ProcessPoolExecutor, content: bytes, number: int) -> Future[Chunk]:
    """Give a chunk to a pool, which may start a worker for it.

    A worker inherits which signals are blocked: Ctrl-C does not reach one that still imports.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return executor.submit(chunk_of, content, number)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(chunk_of, content, number)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _next(executor: ProcessPoolExecutor, flying: Mapping[Future[Chunk], int]) -> set[Future[Chunk]]:
    """Wait for the next chunks.

    Raises:
        BrokenProcessPool: a worker died in the middle of its answer, for whose end the pool waits
            forever.
    """
    lost = False
    while True:
        done, _ = wait(flying, timeout=_LOOK, return_when=FIRST_COMPLETED)
        if done:
            return done
        if lost:
            raise BrokenProcessPool
        processes = (executor._processes or {}).values()
        lost = bool(connection.wait([each.sentinel for each in processes], timeout=0))


def _count_tries(numbers: Iterable[int], tries: dict[int, int]) -> None:
    """Count chunks whose workers died.

    Raises:
        Incomplete: they died too often over one of them.
    """
    for number in numbers:
        tries[number] = tries.get(number, 0) + 1
        if tries[number] == MOST_TRIES:
            raise Incomplete(
                f"workers died {MOST_TRIES} times over chunk {number}, perhaps for want of memory: "
                "nothing finished is lost; go on with fewer --workers"
            )


@contextmanager
def _executor(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes with a thread each; those still at work end with the block, however it ends."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield executor
    finally:
        processes = list((executor._processes or {}).values())
        answers: Any = executor._result_queue
        thread: Any = executor._executor_manager_thread
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
        # The last end for writing: half an answer ends here, and the pool's thread with it.
        answers._writer.close()
        if thread is not None:
            thread.join(_LOOK)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin() -> None:
    """Begin as a worker: Ctrl-C is for the main process, with which this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
