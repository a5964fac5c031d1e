"""Clocks: how far the service's is ahead of ours, within bounds by the times of jobs.

Interface: ``clock_offset(sent, server, received)`` → (low, high) or ``BadInput``;
``clock_segments(…)`` → spans of jobs whose times agree; the clock jumped at the first job of each
but the first.

The service stamps a job between our sending the request and our receiving the answer. So the
offset, its clock minus ours, is between ``server − received`` and ``server − sent``, for every job.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Segment:
    """Jobs ``first`` up to, but not with, ``stop``, and the offset that all of them allow, s.

    ``low`` and ``high`` bound the service's clock minus ours.
    """

    first: int
    stop: int
    low: float
    high: float


def clock_offset(
    sent: ArrayLike, server: ArrayLike, received: ArrayLike
) -> tuple[np.float64 | Floats, np.float64 | Floats]:
    """Bound the offset of the service's clock: server − ours in [max, min] over all jobs.

    Args:
        sent: our time of sending (..., jobs), s.
        server: time that the service gave the job (..., jobs), s.
        received: our time of receiving the answer (..., jobs), s.

    Returns:
        Lower and upper bound (...), s; scalars for one series of jobs.

    Raises:
        BadInput: an answer was received before it was asked for, or the jobs contradict each
            other: no offset fits all of them, so a clock has jumped or drifted in between.

    Example:
        >>> low, high = clock_offset(sent=[0.0, 10.0], server=[5.2, 15.1], received=[0.5, 10.3])
        >>> round(float(low), 9), round(float(high), 9)
        (4.8, 5.1)
    """
    lows, highs = _bounds(sent, server, received)
    low, high = lows.max(axis=-1), highs.min(axis=-1)
    if (empty := np.asarray(low > high)).any():
        series = tuple(int(i) for i in np.argwhere(empty)[0])
        first, second = sorted((int(lows[series].argmax()), int(highs[series].argmin())))
        contradiction = float(np.asarray(low - high)[empty].flat[0])
        raise BadInput(
            f"server of the jobs {first + 1} and {second + 1}: the clocks contradict each other by "
            f"{contradiction:.3g} s, no offset fits both; give the jobs before and after the jump "
            "apart"
        )
    return low, high


def clock_segments(sent: ArrayLike, server: ArrayLike, received: ArrayLike) -> list[Segment]:
    """Cut a series of jobs where the clock jumped: one segment where it did not.

    Each segment is as long as possible, from the first job on. A drift that has grown above the
    time of a request is cut as well.

    Args:
        sent: our time of sending (jobs), s, in the order in which jobs were sent.
        server: time that the service gave the job (jobs), s.
        received: our time of receiving the answer (jobs), s.

    Raises:
        BadInput: an answer was received before it was asked for.

    Example:
        >>> sent, received = [0.0, 10.0, 20.0], [0.5, 10.5, 20.5]
        >>> segments = clock_segments(sent, [0.2, 10.3, 3620.2], received)
        >>> [(segment.first, segment.stop) for segment in segments]
        [(0, 2), (2, 3)]
    """
    lows, highs = _bounds(sent, server, received)
    if lows.ndim != 1:
        raise BadInput(f"server has the shape {lows.shape}: give one series of jobs")
    segments = [Segment(0, 1, float(lows[0]), float(highs[0]))]
    for job in range(1, lows.size):
        last = segments[-1]
        low, high = max(last.low, float(lows[job])), min(last.high, float(highs[job]))
        if low <= high:
            segments[-1] = Segment(last.first, job + 1, low, high)
        else:
            segments.append(Segment(job, job + 1, float(lows[job]), float(highs[job])))
    return segments


def _bounds(sent: ArrayLike, server: ArrayLike, received: ArrayLike) -> tuple[Floats, Floats]:
    """Bounds on the offset from each job (..., jobs)."""
    before, stamp, after = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(time, np.float64)) for time in (sent, server, received))
    )
    if before.shape[-1] == 0:
        raise BadInput("server: there are no jobs; give one or more")
    if not np.isfinite([before, stamp, after]).all():
        raise BadInput("sent, server, received: a time is not finite; give the times of each job")
    if (wrong := after < before).any():
        job = int(np.argwhere(wrong)[0][-1])
        raise BadInput(
            f"received = {after[wrong].flat[0]:.9g} s of job {job + 1}: it is before it was sent, "
            f"{before[wrong].flat[0]:.9g} s; our clock jumped: leave the job out"
        )
    return stamp - after, stamp - before
