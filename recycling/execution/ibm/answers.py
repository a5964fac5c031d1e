"""Meaning of the answers of the service: outcomes, metrics, and whether to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.jobs.outcomes import MOST_BITS, shot_dtype

if TYPE_CHECKING:
    from qiskit.primitives import PrimitiveResult

#: Answers after which another attempt may succeed. 408: the request came too slowly.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
#: Answers for a job that does not exist, or no longer.
GONE = frozenset({404, 410})


def is_transient(error: BaseException) -> bool:
    """Whether another attempt may succeed: after no answer, or an answer that says so.

    Example:
        >>> is_transient(ConnectionError("no route to host")), is_transient(ValueError("bad spec"))
        (True, False)
    """
    from requests.exceptions import RequestException

    code = status_code(error)
    if code not in (None, -1):
        return code in _PASSING
    return code == -1 or any(isinstance(e, (RequestException, OSError)) for e in _chain(error))


def status_code(error: BaseException) -> int | None:
    """Read the status of the answer of the service; −1: no answer, None: unknown.

    Example:
        >>> from types import SimpleNamespace
        >>> error = RuntimeError("the service is overloaded")
        >>> error.response = SimpleNamespace(status_code=503)
        >>> status_code(error)
        503
    """
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
    """Read the bits of each shot as a number, at most 16 bits, the first register lowest.

    Example:
        >>> from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
        >>> bits = BitArray(np.array([[0], [1], [1]], dtype=np.uint8), num_bits=1)
        >>> outcomes_of(PrimitiveResult([SamplerPubResult(DataBin(flag=bits))]))[0].tolist()
        [0, 1, 1]
    """
    outcomes = []
    for pub in result:
        registers = list(pub.data.values())
        count = sum(bits.num_bits for bits in registers)
        if not 1 <= count <= MOST_BITS:
            raise ValueError(f"a PUB with {count} classical bits: give 1 to {MOST_BITS}")
        numbers, place = np.zeros((), dtype=shot_dtype(count)), 0
        for bits in registers:
            # A register is written in bytes, of which the last is lowest.
            for byte, values in enumerate(np.moveaxis(np.asarray(bits.array), -1, 0)[::-1]):
                numbers = numbers | values.astype(numbers.dtype) << (place + 8 * byte)
            place += bits.num_bits
        outcomes.append(numbers)
    return outcomes


def metrics_of(job: Any) -> dict[str, Any]:
    """Read the metrics of a job; empty where the service has none, which must not cost its result.

    Example:
        >>> from types import SimpleNamespace
        >>> metrics_of(SimpleNamespace(metrics=lambda: {"usage": {"seconds": 3}}))
        {'usage': {'seconds': 3}}
    """
    try:
        return dict(job.metrics())
    except Exception as error:
        if status_code(error) not in GONE:
            raise
        return {}
