"""What the answers of the service mean: outcomes, metrics, and whether to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.jobs.outcomes import MOST_BITS, shot_dtype

if TYPE_CHECKING:
    from qiskit.primitives import PrimitiveResult

#: Answers that another attempt may mend. 408: the service waited too long for the request.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
#: Answers that say that a job is not there, or no longer.
GONE = frozenset({404, 410})


def is_transient(error: BaseException) -> bool:
    """Whether another attempt may mend it: no answer, or an answer that says so."""
    from requests.exceptions import RequestException

    code = status_code(error)
    if code not in (None, -1):
        return code in _PASSING
    return code == -1 or any(isinstance(e, (RequestException, OSError)) for e in _chain(error))


def status_code(error: BaseException) -> int | None:
    """Status that the service answered with; −1: there was no answer, None: it is not said."""
    found = None
    for each in _chain(error):
        response = getattr(each, "response", None)
        code = getattr(each if response is None else response, "status_code", None)
        if code not in (None, -1):
            return int(code)
        found = code if found is None else found
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    chain: BaseException | None = error
    while chain is not None:
        yield chain
        chain = chain.__cause__ or chain.__context__


def outcomes_of(result: PrimitiveResult) -> list[NDArray[Any]]:
    """Bits of each shot as a number, at most 16, the first register lowest."""
    outcomes = []
    for pub in result:
        registers = list(pub.data.values())
        count = sum(bits.num_bits for bits in registers)
        if not 1 <= count <= MOST_BITS:
            raise ValueError(f"a PUB with {count} classical bits: give 1 to {MOST_BITS}")
        numbers, place = np.zeros((), dtype=shot_dtype(count)), 0
        for bits in registers:
            # A register is written in bytes, of which the last one is lowest.
            for byte, values in enumerate(np.moveaxis(np.asarray(bits.array), -1, 0)[::-1]):
                numbers = numbers | values.astype(numbers.dtype) << (place + 8 * byte)
            place += bits.num_bits
        outcomes.append(numbers)
    return outcomes


def metrics_of(job: Any) -> dict[str, Any]:
    """Metrics of a job; empty where the service has none, which must not cost its result."""
    try:
        return dict(job.metrics())
    except Exception as error:
        if status_code(error) not in GONE:
            raise
        return {}
