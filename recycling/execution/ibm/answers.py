"""What the answers of the service mean: outcomes, metrics, and whether to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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


def outcomes_of(result: PrimitiveResult) -> list[NDArray[np.uint8]]:
    """Bits of each shot as a number, at most eight, the first register lowest."""
    outcomes = []
    for pub in result:
        place = 0
        numbers: NDArray[np.uint8] | None = None
        for bits in pub.data.values():
            register = np.asarray(bits.array, dtype=np.uint8)[..., 0] << np.uint8(place)
            numbers = register if numbers is None else numbers | register
            place += bits.num_bits
        if numbers is None or place > 8:
            raise ValueError(f"a PUB with {place} classical bits: give 1 to 8")
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
