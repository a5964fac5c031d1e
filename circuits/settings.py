"""Settings of algorithms, tasks and links as a spec gives them, and their classes by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Settings(BaseModel):
    """What a section of a spec holds; a subclass has the field ``name`` and builds what it names.

    A validator raises ValueError with one line that begins with the name of the field: field,
    value, mend.

    Example:
        >>> from circuits.links import Link
        >>> class PhaseFlipSettings(Settings):
        ...     name: str = "phase flip"
        ...     def build(self):
        ...         return Link(self.name, [[[1, 0], [0, -1]]])
        >>> PhaseFlipSettings().build().name
        'phase flip'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Fields that do not make another experiment: left out of the hash of a spec.
    unhashed: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.build()
        return self

    def build(self) -> Any:
        """Build what the settings describe.

        Raises:
            ValueError: the settings contradict each other; one line: field, value, mend.
        """
        raise NotImplementedError


def settings_of(name: object, known: Mapping[str, str], group: str) -> type[Settings]:
    """Find the settings class of a name: a built-in class, else that of an installed package.

    Only an unknown name is looked up in installed packages, so no package can replace a built-in
    class.

    Args:
        name: what a spec gives.
        known: module and class of each built-in name.
        group: entry point group in which installed packages add names.

    Raises:
        ValueError: the name is unknown, or the package that has it is broken; one line.

    Example:
        >>> from circuits.tasks import GROUP, TASKS
        >>> settings_of("erasure", TASKS, GROUP).__name__
        'ErasureSettings'
    """
    if isinstance(name, str) and name in known:
        loaded: type[Settings] = EntryPoint(name, known[name], group).load()
        return loaded
    installed = {entry.name: entry for entry in entry_points(group=group)}
    if not isinstance(name, str) or name not in installed:
        names = [repr(each) for each in (*known, *sorted(set(installed) - set(known)))]
        *first, last = names
        mend = f"{', '.join(first)} or {last}" if first else last
        raise ValueError(f"name = {_shown(name)}: give {mend}")
    return _loaded(installed[name])


def _loaded(entry: EntryPoint) -> type[Settings]:
    """Settings class that an installed package names.

    Raises:
        ValueError: the package is broken; one line.
    """
    package = entry.dist.name if entry.dist else entry.value
    try:
        settings = entry.load()
    except Exception as error:  # whatever a foreign package does when it is imported
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise ValueError(
            f"name = {entry.name!r}: the installed package {package!r} cannot be loaded "
            f"({reason}); repair or remove it"
        ) from None
    if not (isinstance(settings, type) and issubclass(settings, Settings)):
        raise ValueError(
            f"name = {entry.name!r}: {entry.value!r} of the installed package {package!r} is no "
            "subclass of circuits.settings.Settings; repair or remove it"
        )
    return settings


def _shown(value: object) -> str:
    """A wrong value as text, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or a deep table
        return f"({type(value).__name__} too long to show)"
    return text if len(text) <= 60 else f"{text[:60]}…"
