"""Tables in a narrow terminal: nothing is cut off, and no number goes on in the next line."""

from types import SimpleNamespace

import pytest

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
