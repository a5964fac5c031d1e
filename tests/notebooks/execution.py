"""Execute one notebook in a kernel, with the loopback service in place of IBM Quantum."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.notebooks.difference import changed_outputs, changed_sources
from tests.notebooks.normal import HASHES, LARGEST, hashes, normal, size_of
from tests.with_loopback import loopback_environment

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
BUILD = ROOT / "build" / "notebooks"
#: One thread a notebook: sums are the same on any number of cores.
QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1"}


def execute(path):
    """Execute a notebook; returns it in its normal form."""
    notebook = nbformat.read(path, 4)
    with loopback_environment() as environment, TemporaryDirectory() as profile:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],  # no advice on the sockets of this machine
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env=environment | QUIET | {"IPYTHONDIR": profile})
        places = (
            (environment["RECYCLING_RUNS"], "../runs"),
            (ROOT, ".."),
            (Path.home(), "~"),
        )
        notebook.metadata[HASHES] = hashes(notebook)
        return normal(notebook, places)


def faults(notebook):
    """What no stored notebook may have, a line each."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                line = output.text.strip().partition("\n")[0]
                yield f"cell {number} ({cell.id}) writes to stderr: {line[:100]}"
    if (size := size_of(notebook)) > LARGEST:
        yield f"its outputs have {size:,} bytes; {LARGEST:,} are allowed"


def failed(error):
    """One line on a cell that raised: its error, and its first line."""
    first = str(error).partition("------------------\n")[2].partition("\n")[0]
    return f"the cell {first!r} raises {error.ename}: {error.evalue}"


def attempt(path, store):
    """Execute one; returns its path, its seconds and what is wrong, a line each."""
    began = time.monotonic()
    stored = nbformat.read(path, 4)
    unstored = store or HASHES not in stored.metadata
    wrong = [] if unstored else list(changed_sources(stored))
    if not wrong:
        try:
            fresh = execute(path)
        except CellExecutionError as error:
            return path, time.monotonic() - began, [failed(error)]
        BUILD.mkdir(parents=True, exist_ok=True)
        nbformat.write(fresh, BUILD / path.name)
        wrong = [*faults(fresh), *([] if unstored else changed_outputs(stored, fresh))]
        if store and not wrong:
            nbformat.write(fresh, path)
    return path, time.monotonic() - began, wrong
