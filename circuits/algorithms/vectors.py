"""Vectors and matrices of 2ⁿ entries on n qubits, qubit 0 the lowest bit of an entry's number."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import TypeAdapter

Complex = NDArray[np.complex128]

#: Most qubits of a vector.
LARGEST = 4


def qubits_of(matrix: Complex) -> int:
    """Number of qubits that a matrix of 2ⁿ rows acts on.

    Example:
        >>> qubits_of(np.eye(8))
        3
    """
    return len(matrix).bit_length() - 1


def product_vector(angle: ArrayLike, qubits: int) -> NDArray[np.float64]:
    """(cos θ, sin θ) on each of n qubits (array of shape (..., 2ⁿ)), by θ in rad.

    Example:
        >>> product_vector(np.pi / 4, qubits=2).round(3).tolist()
        [0.5, 0.5, 0.5, 0.5]
    """
    angle = np.asarray(angle, dtype=float)
    single = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    product = single
    for _ in range(qubits - 1):
        product = (product[..., :, None] * single[..., None, :]).reshape(*angle.shape, -1)
    return product


def as_vector(entries: ArrayLike, size: int) -> Complex:
    """Normalised vector of the right-hand side b, read-only.

    Raises:
        ValueError: it has another size, an entry that is not finite, or no entry but zeros.

    Example:
        >>> as_vector([3, 4j], 2).round(4).tolist()
        [(0.6+0j), 0.8j]
    """
    vector: Complex = np.array(entries, dtype=complex)
    if vector.shape != (size,):
        raise ValueError(f"b has shape {vector.shape}: give {size} entries, one for each row")
    if not np.all(np.isfinite(vector)):
        raise ValueError("b has an entry that is not finite: give finite numbers")
    largest = np.abs(vector).max()
    if largest == 0:
        raise ValueError("b has no entry but zeros: give one that is not zero")
    vector /= largest  # so that no square overflows
    vector /= np.linalg.norm(vector)
    vector.setflags(write=False)
    return vector


def sized_matrix(rows: Any) -> tuple[tuple[complex, ...], ...]:
    """Read a square matrix of as many entries a row as it has rows: 4, 8 or 16, or else 2.

    Raises:
        pydantic.ValidationError: an entry is no number, or a row has another length.

    Example:
        >>> sized_matrix([[1, "2j"], ["-2j", 1]])
        (((1+0j), 2j), (-2j, (1+0j)))
    """
    sizes = [2**qubits for qubits in range(2, LARGEST + 1)]
    number = len(rows) if isinstance(rows, list | tuple) else 0
    return _reader(number if number in sizes else 2).validate_python(rows)


@cache
def _reader(size: int) -> TypeAdapter[tuple[tuple[complex, ...], ...]]:
    row: Any = tuple.__class_getitem__((complex,) * size)
    square: Any = tuple.__class_getitem__((row,) * size)
    return TypeAdapter(square)
