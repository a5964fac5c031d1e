import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from tests.notebooks.difference import changed_outputs, changed_sources, same_number
from tests.notebooks.normal import HASHES, hashes, normal, text_of


def printed(*texts, name="stdout"):
    """A notebook with a cell that printed texts."""
    outputs = [new_output("stream", name=name, text=text) for text in texts]
    return new_notebook(cells=[new_code_cell("print(1)", id="one", outputs=outputs)])


def normal_text(*texts, places=()):
    (output,) = normal(printed(*texts), places).cells[0].outputs
    return output.text


def drawn(size, colour):
    stream = io.BytesIO()
    Image.new("RGBA", size, colour).save(stream, format="png")
    data = {"image/png": base64.b64encode(stream.getvalue()).decode(), "text/plain": "<Figure>"}
    outputs = [new_output("display_data", data=data)]
    return normal(new_notebook(cells=[new_code_cell("draw()", id="one", outputs=outputs)]))


def test_pieces_of_a_stream_are_put_together():
    assert normal_text("one ", "two\n", "three\n") == "one two\nthree\n"


def test_paths_times_and_ids_are_the_same_each_time():
    text = "/home/me/recycling/runs/x at 2026-11-28T05:06:17.803+00:00, <f at 0x7f3a5b2c1d90>"
    shown = normal_text(text, places=(("/home/me/recycling", ".."),))
    assert shown == "../runs/x at (time), <f at 0x…>"
    one, other = "8d7a1d9e-5c2f-4a53-9d3a-0f2c53a1b111", "8d7a1d9e-5c2f-4a53-9d3a-0f2c53a1b222"
    assert normal_text(f"{other} {one} {other}") == "id-0 id-1 id-0"


def test_progress_and_colours_leave_what_a_terminal_shows_in_the_end():
    assert normal_text("10 %\r90 %\rdone\n\x1b[1;32mbelow\x1b[0m\n") == "done\nbelow\n"


def test_axes_are_shown_by_their_picture_alone():
    outputs = [new_output("execute_result", data={"text/plain": "<Axes: xlabel='θ'>"})]
    notebook = new_notebook(cells=[new_code_cell("draw()", id="one", outputs=outputs)])
    assert normal(notebook).cells[0].outputs == []


def test_a_long_line_takes_no_longer_than_it_must():
    assert normal_text("x" * 1_000_000) == "x" * 1_000_000


def test_the_normal_form_is_its_own_normal_form():
    given = printed("1\r2 at 2026-11-28 05:06:17")
    given.cells[0].execution_count, given.cells[0].metadata = 7, {"execution": {"at": "noon"}}
    once = normal(given)
    assert once == normal(once)
    assert once.cells[0].execution_count is None
    assert once.cells[0].metadata == {}
    nbformat.validate(once)


def test_the_normal_form_of_a_picture_is_small_and_lasts():
    once = drawn((30, 20), (255, 0, 0, 128))
    assert once == normal(once)


def test_a_table_is_compared_by_its_words():
    data = {"text/html": "<style>b {}</style><table><tr><td>ΔS</td><td>0.5</td></tr></table>"}
    assert text_of(nbformat.from_dict({"output_type": "display_data", "data": data})) == "ΔS 0.5"


@pytest.mark.parametrize(
    ("stored", "fresh", "same"),
    [
        ("0.4231", "0.4232", True),  # rounded in the last place
        ("0.4231", "0.4233", False),
        ("−1.00e-23", "−1.01e-23", True),
        ("-1.00e-23", "-1.02e-23", False),
        ("0.4231", "-0.4231", False),
        ("1234567.5", "1234568.7", True),  # 1e-6 of it, and a place
        ("200", "201", False),  # a count
        ("nan", "nan", True),
    ],
)
def test_printed_numbers_agree_as_far_as_machines_do(stored, fresh, same):
    assert same_number(stored, fresh) is same


@pytest.mark.parametrize(
    ("stored", "fresh", "reason"),
    [
        ("z = 5.3 above\n", "z = 5.3 below\n", "prints 'z = 5.3 below', stored is 'z = 5.3 above'"),
        ("in 98 % of 200\n", "in 97 % of 200\n", "prints 97, stored is 98"),
        ("one\n", "one\ntwo\n", "prints more or fewer lines than are stored"),
    ],
)
def test_a_stale_cell_is_named_with_what_changed(stored, fresh, reason):
    assert list(changed_outputs(printed(stored), printed(fresh))) == [f"cell 0 (one): {reason}"]
    assert list(changed_outputs(printed(stored), printed(stored))) == []


def test_pictures_are_compared_by_presence_and_size():
    stored = drawn((300, 200), "red")
    assert list(changed_outputs(stored, drawn((301, 199), "blue"))) == []
    (line,) = changed_outputs(stored, drawn((300, 300), "red"))
    assert line == "cell 0 (one): draws (300, 300) pixels, stored are (300, 200)"
    assert len(list(changed_outputs(stored, printed("text")))) == 1


def test_a_changed_source_makes_a_notebook_stale():
    notebook = printed("1\n")
    notebook.metadata[HASHES] = hashes(notebook)
    assert list(changed_sources(notebook)) == []
    notebook.cells[0].source = "print(2)"
    line = "cell 0 (one) changed since its outputs were stored"
    assert list(changed_sources(notebook)) == [line]
    notebook.cells.clear()
    assert list(changed_sources(notebook)) == ["cells with stored outputs are gone: one"]
