"""Is a stored notebook stale? What its cells print now, beside what is stored."""

import base64
import re
import struct

from tests.notebooks.normal import HASHES, hashes, text_of

#: Numbers agree between machines to this relative error before they are printed: sums are rounded
#: in another order there. A printed number may then be off by one in its last place, too.
AGREE = 1e-6
#: Sizes of a picture agree to this share: letters are not equally wide everywhere.
SIZES = 0.1

_NUMBER = re.compile(r"(?<![\w.])[+\-−]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)")


def changed_sources(notebook):
    """One line for each cell that changed since the outputs were stored."""
    stored, now = notebook.metadata.get(HASHES, {}), hashes(notebook)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and stored.get(cell.id) != now[cell.id]:
            yield f"cell {number} ({cell.id}) changed since its outputs were stored"
    if gone := [name for name in stored if name not in now]:
        yield f"cells with stored outputs are gone: {', '.join(gone)}"


def changed_outputs(stored, fresh):
    """One line for each cell of an executed notebook whose outputs are not those stored."""
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True)):
        if old.cell_type == "code" and (reason := _changed(old.outputs, new.outputs)):
            yield f"cell {number} ({old.id}): {reason}"


def _changed(old, new):
    if len(old) != len(new):
        return f"has {len(new)} outputs, stored are {len(old)}"
    for stored, fresh in zip(old, new, strict=True):
        kinds = [sorted(output.get("data", {"text": ""})) for output in (stored, fresh)]
        if kinds[0] != kinds[1]:
            return f"shows {', '.join(kinds[1])}, stored are {', '.join(kinds[0])}"
        if reason := _changed_text(text_of(stored), text_of(fresh)) or _changed_picture(
            stored, fresh
        ):
            return reason
    return None


def _changed_text(old, new):
    if _NUMBER.sub("#", old) == _NUMBER.sub("#", new):
        pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
        for stored, fresh in pairs:
            if not same_number(stored, fresh):
                return f"prints {fresh}, stored is {stored}"
        return None
    lines = zip(old.splitlines(), new.splitlines(), strict=False)
    for stored, fresh in lines:
        if _NUMBER.sub("#", stored) != _NUMBER.sub("#", fresh):
            return f"prints {fresh[:60]!r}, stored is {stored[:60]!r}"
    return "prints more or fewer lines than are stored"


def same_number(stored, fresh):
    """Whether two printed numbers can be the same number, computed on two machines.

    Numbers that agree to AGREE, each rounded to its last printed place, differ by AGREE and one in
    that place at most. Integers count something, and are equal.
    """
    if stored == fresh:
        return True
    if not any(mark in stored for mark in ".eE"):
        return False
    one, other = (float(text.replace("−", "-")) for text in (stored, fresh))
    place = max(_last_place(stored), _last_place(fresh))
    return abs(one - other) <= (AGREE * max(abs(one), abs(other)) + place) * (1 + 1e-9)


def _last_place(text):
    """Unit of the last printed place."""
    digits, _, exponent = text.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def _changed_picture(old, new):
    sizes = [_picture_size(output.get("data", {}).get("image/png")) for output in (old, new)]
    if None in sizes:
        return None
    if any(abs(a - b) > SIZES * a for a, b in zip(*sizes, strict=True)):
        return f"draws {sizes[1]} pixels, stored are {sizes[0]}"
    return None


def _picture_size(encoded):
    """Width and height of a PNG, from its first chunk."""
    return None if encoded is None else struct.unpack(">II", base64.b64decode(encoded)[16:24])
