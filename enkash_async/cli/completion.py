"""`completion`: a script that completes the commands and options in a shell by itself.

It holds all their names, so that no key press starts Python or imports the SDK.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

_SCRIPT = """\
_enkash_async() {{
    local path="" word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$path $word" in
{paths}
        esac
    done
    case "$path" in
{words}
    esac
}}
complete -o default -F _enkash_async enkash-async
"""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> int:
    """Print a script that completes commands and options in bash or zsh.

    \b
    bash: enkash-async completion bash > ~/.local/share/bash-completion/completions/enkash-async
    zsh:  enkash-async completion zsh >> ~/.zshrc
    """
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    found = [*_commands(root, "")]
    script = _SCRIPT.format(
        paths="\n".join(f'            "{path}") path="{path}" ;;' for path, _ in found if path),
        words="\n".join(_case(path, words) for path, words in found),
    )
    if shell == "zsh":
        click.echo("autoload -U +X bashcompinit && bashcompinit")
    click.echo(script, nl=False)
    return 0


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, list[str]]]:
    """Walk over all commands: by which words they are called, and what may follow."""
    options = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    names = [name for name in options if name.startswith("--")] + ["--help"]
    if not isinstance(command, click.Group):
        yield path, names
        return
    yield path, [*command.commands, *names]
    for name, part in command.commands.items():
        yield from _commands(part, f"{path} {name}")


def _case(path: str, words: list[str]) -> str:
    return (
        f'        "{path}") COMPREPLY=($(compgen -W "{" ".join(words)}"'
        ' -- "${COMP_WORDS[COMP_CWORD]}")) ;;'
    )
