"""The normal form of a notebook: what of its outputs is the same each time it is executed.

Stored notebooks are in this form, so that a change of a notebook shows what changed and no more.
"""

import base64
import copy
import hashlib
import io
import json
import re

import nbformat
from PIL import Image

#: Metadata of every notebook, beside the hashes of its cells.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: Key of the notebook's metadata with the hash of each code cell whose outputs are stored.
HASHES = "stored"
#: Forms of an output that are kept; scripts and widgets need a kernel or the network.
KEPT = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "image/png")
#: Size of all outputs of a notebook, bytes.
LARGEST = 300_000

_SCRUBBED = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),  # colours of a terminal
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?"), "(time)"),
    (re.compile(r"/tmp/tmp\w+"), "/tmp"),
    (re.compile(r"\b0x[0-9a-f]{9,}\b"), "0x…"),
    (re.compile(r"<dc:date>.*?</dc:date>\s*"), ""),
)
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


def cell_hash(cell):
    """Hash of a cell's source."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def hashes(notebook):
    """Hash of each code cell by its id."""
    return {cell.id: cell_hash(cell) for cell in notebook.cells if cell.cell_type == "code"}


def normal(notebook, places=()):
    """Copy of a notebook without what differs from one execution to the next.

    ``places`` are pairs of a folder's path and what is written in its place, inner folders first.
    The hashes of an executed notebook are those of the sources that were executed.
    """
    notebook = copy.deepcopy(notebook)
    known = notebook.metadata.get(HASHES, {})
    notebook.metadata = nbformat.from_dict(METADATA | ({HASHES: known} if known else {}))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
            kept = (output for output in _joined(cell.outputs) if not _is_axes(output))
            cell.outputs = [_output(output, places) for output in kept]
    return notebook


def text_of(output):
    """What an output says in words: printed text, or the text of its table, or its repr."""
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    if "text/html" in data:
        bare = re.sub(r"<(style|svg|script)\b.*?</\1>", "", data["text/html"], flags=re.DOTALL)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", bare)).strip()
    return data.get("text/plain", "")


def size_of(notebook):
    """Size of all outputs, bytes."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return len(json.dumps(outputs, ensure_ascii=False).encode())


def _joined(outputs):
    """Outputs with the pieces of one stream put together, which arrive as the kernel flushes."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.get("name", "") == last.get("name"):
            last.text += output.text
        else:
            joined.append(copy.deepcopy(output))
    return joined


def _is_axes(output):
    """Whether an output is the repr of axes, whose picture follows."""
    return output.get("data", {}).get("text/plain", "").startswith("<Axes: ")


def _output(output, places):
    if output.output_type == "stream":
        output.text = _scrubbed(output.text, places)
        return output
    output.pop("transient", None)
    output.metadata = nbformat.from_dict({})
    if output.output_type == "execute_result":
        output.execution_count = None
    output.data = nbformat.from_dict(
        {kind: _data(kind, value, places) for kind, value in output.data.items() if kind in KEPT}
    )
    return output


def _data(kind, value, places):
    return _picture(value) if kind == "image/png" else _scrubbed(value, places)


def _scrubbed(text, places):
    # Of a line that is written again and again, such as one with progress, the end is kept.
    text = "\n".join(line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n"))
    for path, name in places:
        text = text.replace(str(path), name)
    for pattern, name in _SCRUBBED:
        text = pattern.sub(name, text)
    seen = {}
    return _UUID.sub(lambda found: f"id-{seen.setdefault(found[0], len(seen))}", text)


def _picture(encoded):
    """A PNG with a palette of at most 256 colours and without notes."""
    given = Image.open(io.BytesIO(base64.b64decode(encoded)))
    if given.mode == "P" and not given.info:
        return encoded
    stream = io.BytesIO()
    flat = Image.new("RGB", given.size, "white")
    flat.paste(given.convert("RGB"), mask=given.convert("RGBA").getchannel("A"))
    flat.quantize(256).save(stream, format="png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()
