"""Names of the offline snapshots of devices, so that nothing loads IBM's client to know them."""

from __future__ import annotations

from difflib import get_close_matches

HERONS = ("FakeTorino", "FakeFez", "FakeMarrakesh", "FakeKingston", "FakeAachen", "FakeBoston",
          "FakePittsburgh")  # fmt: skip
#: Other snapshots with a CZ gate, which are accepted too.
SIMILAR = ("FakeBerlin", "FakeMiami", "FakeNighthawk", "FakePrague")


def why_unknown(name: str, besides: tuple[str, ...] = ()) -> str:
    """Say why a name is no snapshot; ``besides`` are further names to offer.

    Example:
        >>> why_unknown("FakeTorinno").endswith("(did you mean 'FakeTorino'?)")
        True
    """
    quoted = "".join(f"{other!r}, " for other in besides).removesuffix(", ")
    near = get_close_matches(name, (*HERONS, *SIMILAR, *besides), n=1)
    return (
        f"= {name!r} is not a Heron snapshot: give "
        + (f"{quoted} or " if besides else "")
        + f"one of {', '.join(HERONS)}"
        + (f" (did you mean {near[0]!r}?)" if near else "")
    )
