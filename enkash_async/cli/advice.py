"""What the SDK advises its callers, as advice to who types a command."""

from __future__ import annotations

import re

import click

# Names of one word are words of other sentences, too.
_ARGUMENT = re.compile(r'\b([a-z]+(?:_[a-z]+)+)\b(?:=("?)([^"\s,;()]+)\2)?')

_METHOD = re.compile(r"\b([Uu]se) (search|crawl)\(\)")


def as_options(text: str) -> str:
    """Return *text* with the options of the command at work for the arguments that it names.

    So `offset_unit="pages"` becomes `--offset-unit pages`. What is no option stays as it is.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return text
    params = (param for param in context.command.params if isinstance(param, click.Option))
    options = {param.name: param.opts[-1] for param in params}

    def option(found: re.Match[str]) -> str:
        name = options.get(found[1])
        if name is None:
            return found[0]
        return f"{name} {found[3]}" if found[3] else name

    text = _ARGUMENT.sub(option, text)
    if "method" in options:
        text = _METHOD.sub(r"\1 --method \2", text)
    return text.replace("the resume token", "--resume") if "resume" in options else text
