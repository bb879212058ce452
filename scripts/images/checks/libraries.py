"""Whether the programs of an image that was made of packages find their libraries: some packages are left out."""

import pathlib
import re
import subprocess

from images.checks import problem
from images.facts import Board


def check_libraries(board: Board, root: pathlib.Path) -> None:
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    there = {path.name for path in root.rglob("*.so*")}
    for path in files:
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        said = subprocess.run(["readelf", "--dynamic", path], check=True, capture_output=True, text=True).stdout
        for library in re.findall(r"\(NEEDED\).*\[(.+)\]", said):
            if library not in there:
                problem(board.id, f"{path.relative_to(root)} needs {library}, which is not there")
