"""The command ``recycling completion``."""

from __future__ import annotations

from typing import Annotated

import typer

from recycling.cli.completing import PROGRAM, words
from recycling.cli.options import Debug
from recycling.cli.terminal import errors

#: Shells, and where their users put the script.
SHELLS = {
    "bash": '~/.bashrc: eval "$(recycling completion bash)"',
    "zsh": '~/.zshrc, behind compinit: eval "$(recycling completion zsh)"',
    "fish": "recycling completion fish > ~/.config/fish/completions/recycling.fish",
    "powershell": "$PROFILE: recycling completion powershell | Out-String | Invoke-Expression",
}
#: The script for bash. Readline takes ":" and "=" for the ends of words, as in fake:FakeFez: words
#: are those of the line here, and what readline has of a word already is taken off the answers.
_BASH = r"""
_recycling_completion() {
    local IFS=$'\n' line="${COMP_LINE:0:COMP_POINT}" current="${COMP_WORDS[COMP_CWORD]}" word n
    [[ $current == [:=] ]] && current=""
    word="${line##*[[:space:]]}"
    [[ $word == --*=* ]] && word="${word#*=}"
    COMPREPLY=( $( env _RECYCLING_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
                   _TYPER_COMPLETE_ARGS="$line" "$1" 2>/dev/null ) )
    for n in "${!COMPREPLY[@]}"; do
        COMPREPLY[n]="${COMPREPLY[n]%%$'\t'*}"
        COMPREPLY[n]="${COMPREPLY[n]#"${word%"$current"}"}"
        [[ ${COMPREPLY[n]} == *[/:=] ]] && compopt -o nospace
    done
}
complete -o default -F _recycling_completion recycling
"""


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL", help="bash, zsh, fish or powershell.", autocompletion=words(*SHELLS)
        ),
    ],
    debug: Debug = False,
) -> None:
    """Print the script that completes this command in a shell; nothing is installed.

    Into ~/.bashrc: eval "$(recycling completion bash)". Into ~/.zshrc, behind compinit: eval
    "$(recycling completion zsh)". For fish: recycling completion fish >
    ~/.config/fish/completions/recycling.fish. Into the profile of PowerShell: recycling completion
    powershell | Out-String | Invoke-Expression
    """
    with errors(debug=debug):
        from recycling.errors import BadInput

        if shell not in SHELLS:
            raise BadInput(f"shell = {shell!r}: give one of {', '.join(SHELLS)}")
        typer.echo(f"# {SHELLS[shell]}")
        typer.echo(_BASH.strip() if shell == "bash" else _script(shell))


def _script(shell: str) -> str:
    from typer._completion_shared import get_completion_script

    return get_completion_script(prog_name=PROGRAM, complete_var="_RECYCLING_COMPLETE", shell=shell)
