"""Words of others in lines of ours. No I/O."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return *text* as one line that commands no terminal and hides nothing.

    Line breaks and other white space become a blank. Control characters, those that change the
    direction of writing, those without a width and halves of characters become a question mark.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in line)
