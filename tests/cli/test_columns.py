"""Tables in a narrow terminal: nothing is cut off, and no number goes on in the next line."""

import os
import re
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.cli.terminal import print_table

NAMES = ("trial-0", "calibration-between-the-trials")
NUMBERS = ("+0.1234 ± 0.0054", "-12.34")


@pytest.mark.parametrize("columns", ["20", "40", "60", "120"])
def test_a_narrow_terminal_loses_nothing(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    rows = [(name, "2026-11-28T13:19:09", *NUMBERS) for name in NAMES]
    table = SimpleNamespace(columns=("job", "since (UTC)", "ΔQ_B", "z"), rows=rows, note="")
    print_table(table)
    text = capsys.readouterr().out
    assert "…" not in text
    for number in ("+0.1234", "0.0054", "-12.34"):
        assert text.count(number) == len(rows)
    for letters in ("calibration-between-the-trials", "2026-11-28T13:19:09"):
        assert all(text.count(letter) >= letters.count(letter) for letter in set(letters))


def printed(columns, table, title="", **environment):
    """What is printed of a table on a terminal of some width."""
    with (
        patch.dict(os.environ, {"COLUMNS": str(columns), **environment}),
        redirect_stdout(StringIO()) as out,
    ):
        print_table(table, title)
    return out.getvalue()


words = st.text(st.sampled_from("abcXYZθλ−_/.:"), min_size=1, max_size=70)
numbers = st.floats(-1e9, 1e9).map("{:+.4g}".format)
cells = st.lists(words | numbers, max_size=4).map(" ".join)


@settings(max_examples=30)
@given(
    st.integers(40, 200),
    st.integers(1, 12).flatmap(
        lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=2, max_size=5)
    ),
    words,
    cells,
)
def test_no_letter_is_lost_at_any_width(width, rows, title, note):
    columns, *rows = rows
    text = printed(width, SimpleNamespace(columns=columns, rows=rows, note=note), title)
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())
    expected = Counter("".join([title, note, *columns, *(cell for row in rows for cell in row)]))
    if len(rows) > 1 and "─" not in text:  # a list for each row: with the headings in each
        expected += Counter("".join(columns) * (len(rows) - 1))
    found = Counter(text.replace("─", ""))
    for counter in (expected, found):
        del counter[" "], counter["\n"]
    assert found == expected


# -- colour --------------------------------------------------------------------------------------

VERDICTS = SimpleNamespace(columns=("verdict",), rows=[("below -5.1",), ("not resolved",)], note="")


@pytest.mark.parametrize(("environment", "coloured"), [
    ({}, False),
    ({"FORCE_COLOR": "1", "TERM": "xterm"}, True),
    ({"FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": "1"}, False),
    ({"FORCE_COLOR": "1", "TERM": "dumb"}, False),
])  # fmt: skip
def test_verdicts_have_a_colour_where_one_is_wanted(environment, coloured):
    text = printed(80, VERDICTS, **environment)
    assert ("\x1b[32m" in text) == coloured
    assert re.search(r"below -5.1", text)
