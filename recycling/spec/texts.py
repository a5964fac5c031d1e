"""The text of a spec: of a file, complete with what the file names, or of a preset."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from circuits.algorithms.reading import LARGEST_FILE, Content
from recycling.errors import BadInput
from recycling.spec.files import lines_of, read_spec_file


def spec_text(spec: str | Path) -> str:
    """Read the text of a spec: a path, or the name of a preset.

    Where the spec names the file of a circuit, the content of that file is appended, so that the
    spec of a run needs no other file.

    Raises:
        BadInput: it is neither a readable file nor a preset, or longer than a spec can be.

    Example:
        >>> [line for line in spec_text("theory").splitlines() if line.startswith("name")][0]
        'name = "theory"'
    """
    path = Path(spec)
    try:
        is_file = path.is_file()
    except OSError as error:  # a name that is too long
        raise BadInput(f"spec = {str(spec)!r}: {error.strerror}; give another file") from None
    if is_file:
        return _complete(read_spec_file(path), path)
    preset_file = resources.files("recycling.spec") / "presets" / f"{spec}.toml"
    if str(spec) in preset_names():
        return preset_file.read_text(encoding="utf-8")
    raise BadInput(
        f"spec = {str(spec)!r} is neither a file nor a preset: give a path or one of "
        + ", ".join(preset_names())
    )


def preset_names() -> list[str]:
    """List the names of the presets.

    Example:
        >>> preset_names()
        ['paper', 'payoff', 'theory']
    """
    folder = resources.files("recycling.spec") / "presets"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def _complete(text: str, path: Path) -> str:
    """Text with the content of ``algorithm.file`` behind it, where it names a file.

    Raises:
        BadInput: the file cannot be read.
    """
    import tomli_w

    try:
        section = tomllib.loads(text).get("algorithm")
    except (ValueError, RecursionError):
        return text  # the reader of the spec says what is wrong
    if not isinstance(section, dict) or "content" in section:
        return text
    file = section.get("file")
    if not isinstance(file, str):
        return text
    line = lines_of(text).get(("algorithm", "file"), 0)
    place = f"{path}:{line}: " if line else f"{path}: "
    content = _content(path.parent / file, f"{place}algorithm.file = {file[:200]!r}")
    table = {"algorithm": {"content": content.model_dump(exclude_none=True)}}
    added = tomli_w.dumps(table, multiline_strings=True)
    complete = (
        f"{text.rstrip()}\n\n# Content of algorithm.file: this spec needs no other file.\n{added}"
    )
    try:
        tomllib.loads(complete)
    except tomllib.TOMLDecodeError:
        raise BadInput(f"{place}algorithm is an inline table: write it as [algorithm]") from None
    return complete


def _content(file: Path, field: str) -> Content:
    try:
        if not file.is_file():
            raise BadInput(f"{field} is no file beside the spec: give the file of a circuit")
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{field}: {reason}; give another file") from None
    if len(content) > LARGEST_FILE:
        raise BadInput(f"{field} is longer than {LARGEST_FILE} bytes: give a smaller circuit")
    try:
        return Content.of_file(content)
    except UnicodeDecodeError:
        raise BadInput(f"{field} is neither OpenQASM 3 nor QPY: give a circuit") from None
