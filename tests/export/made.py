"""What an export made, a file or a folder of parts: looked at and removed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def content_of(path: Path | str) -> Any:
    """Return the bytes of a file, or of each file in a folder of parts."""
    path = Path(path)
    if not path.is_dir():
        return path.read_bytes()
    return {one.name: one.read_bytes() for one in path.iterdir() if one.is_file()}


def is_whole(path: Path) -> bool:
    return (path / "_SUCCESS").exists() if path.is_dir() else path.exists()


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
