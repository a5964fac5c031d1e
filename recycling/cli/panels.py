"""Help by panels: what a command is for, in a line of a narrow terminal; nothing is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

#: Names that ask for help, and how wide help may be.
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Panels(TyperGroup):
    """A group whose help lists commands by their panels, in the order in which they were added."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands of each panel, their short help complete."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is None or command.hidden:
                continue
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            short = command.short_help or (command.help or "").strip().partition("\n\n")[0]
            panels.setdefault(panel, []).append((name, short))
        width = max((len(name) for rows in panels.values() for name, _ in rows), default=0)
        for panel, rows in panels.items():
            with formatter.section(panel):  # names of equal width, so that panels are one table
                formatter.write_dl([(f"{name:{width}}", short) for name, short in rows])
