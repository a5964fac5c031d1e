"""Values as strict JSON has them: it knows neither NaN nor infinity."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf, isnan
from typing import Any


def strict(value: Any) -> Any:
    """Replace NaN by null and infinity by text, wherever they are in a value.

    Example:
        >>> strict({"z": float("nan"), "limits": (1.0, -float("inf"))})
        {'z': None, 'limits': [1.0, '-inf']}
    """
    if isinstance(value, Mapping):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    if isinstance(value, float) and isnan(value):
        return None
    return str(value) if isinstance(value, float) and isinf(value) else value
