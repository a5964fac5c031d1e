"""Names of the offline snapshots that a device can be: known without loading IBM's client."""

from __future__ import annotations

from difflib import get_close_matches

HERONS = ("FakeTorino", "FakeFez", "FakeMarrakesh", "FakeKingston", "FakeAachen", "FakeBoston",
          "FakePittsburgh")  # fmt: skip
#: Other snapshots with a CZ gate, which do as well.
SIMILAR = ("FakeBerlin", "FakeMiami", "FakeNighthawk", "FakePrague")


def why_unknown(name: str, besides: tuple[str, ...] = ()) -> str:
    """What to say of a name that is none; ``besides`` are names that would do too."""
    quoted = "".join(f"{other!r}, " for other in besides).removesuffix(", ")
    near = get_close_matches(name, (*HERONS, *SIMILAR, *besides), n=1)
    return (
        f"= {name!r} is not a Heron snapshot: give "
        + (f"{quoted} or " if besides else "")
        + f"one of {', '.join(HERONS)}"
        + (f" (did you mean {near[0]!r}?)" if near else "")
    )
