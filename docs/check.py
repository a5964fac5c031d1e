"""Runs what the pages show: ``python -m docs.check``; exit code 1 where something is wrong.

* every ```python block of README and pages, in order, each page in a process and a folder of its
  own; a block of ```pycon or text is not run;
* every line ``recycling …`` in a block: its command and options exist;
* every ```toml block: a whole spec is validated, a piece of one as a part of a spec;
* every relative link of README and pages, and every link of the built site, if it is there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from docs._ext.lines import fault_of_line
from docs._ext.links import broken_links, broken_site_links
from docs._ext.specs import fault_of_spec

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(
    r"^(?P<fence>```+)(?P<kind>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.M | re.S
)
#: Seconds that the blocks of one page may take together.
_LONGEST = 600


@dataclass(frozen=True)
class Block:
    """A block of a page: its kind, its text, and the line of the page where it begins."""

    kind: str
    text: str
    line: int


def pages() -> list[Path]:
    """README and every page that is not made from code."""
    made = ("reference", "notebooks", "project", "_ext", "_static")
    docs = sorted((ROOT / "docs").rglob("*.md"))
    return [
        ROOT / "README.md",
        *(p for p in docs if p.relative_to(ROOT / "docs").parts[0] not in made),
    ]


def blocks(text: str) -> Iterator[Block]:
    r"""Blocks of a page.

    Example:
        >>> [block.kind for block in blocks("```python\n1 + 1\n```\n")]
        ['python']
    """
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Block(found["kind"].strip(), found["text"], line)


def run_python(page: Path, code: Sequence[Block]) -> str:
    """Run the blocks of a page one after the other; what went wrong, or nothing."""
    source = page.read_text(encoding="utf-8").splitlines()
    kept = {n for block in code for n in range(block.line, block.line + block.text.count("\n"))}
    # Lines keep their numbers, so that a traceback names those of the page.
    script = "\n".join(line if n in kept else "" for n, line in enumerate(source, 1))
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{page.stem}.py"
        path.write_text(script, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
        done = subprocess.run(
            [sys.executable, "-W", "error", str(path)],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=_LONGEST,
            check=False,
        )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr.strip()


def faults_of(page: Path, *, execute: bool) -> Iterator[str]:
    """What is wrong with the blocks of a page, a text for each fault."""
    name = page.relative_to(ROOT)
    found = list(blocks(page.read_text(encoding="utf-8")))
    for block in found:
        if block.kind in ("", "bash", "console"):
            for at, line in enumerate(block.text.splitlines()):
                fault = fault_of_line(line)
                if fault:
                    yield f"{name}:{block.line + at}: {fault}"
        elif block.kind == "toml":
            fault = fault_of_spec(block.text, ROOT)
            if fault:
                yield f"{name}:{block.line}: {fault}"
    code = [block for block in found if block.kind == "python"]
    if code and execute:
        fault = run_python(page, code)
        if fault:
            yield f"{name}: {fault}"
    yield from (f"{name}: {fault}" for fault in broken_links(page))


def main() -> int:
    """Check every page; print faults."""
    execute = "--no-execute" not in sys.argv
    count = 0
    for page in pages():
        for fault in faults_of(page, execute=execute):
            print(fault, flush=True)
            count += 1
    site = ROOT / "build" / "docs"
    for fault in broken_site_links(site) if site.is_dir() else ():
        print(fault)
        count += 1
    print(f"{len(pages())} pages, {count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
