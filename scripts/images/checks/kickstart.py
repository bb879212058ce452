"""A card that genimage has made, against what the board's kickstart would have wic make of the same files."""

import pathlib
import subprocess

from images import kickstart
from images.checks import problem
from images.checks.reading import SECTOR, holds, mbr_of, table_of
from images.facts import Board
from images.made import kickstart_of


def check_kickstart(board: Board, images: pathlib.Path) -> None:
    path, card = kickstart_of(board), images / "card.img"
    try:
        said = kickstart.read(path.read_text())
    except kickstart.KickstartError as why:
        problem(path, str(why))
        return
    listed = [part for part in said.parts if part.is_listed]
    wanted = [
        (one["name"], one["start"] * SECTOR, one["size"] * SECTOR, one["type"].lower(), one["uuid"].lower())
        for one in table_of(card)
    ]
    found = [(part.name, part.start, part.bytes, part.kind, part.uuid) for part in listed]
    for one, other in zip(wanted, found):
        if one != other:
            problem(path, f"{other} is {one} on the card")
    if len(wanted) != len(found):
        problem(path, f"{len(found)} partitions, and the card has {len(wanted)}")
    in_mbr = [(0x0C, part.start // SECTOR) for part in listed if part.in_mbr]
    if [*in_mbr, (0xEE, 1)] != [entry for entry in mbr_of(card) if entry[0]]:
        problem(path, "its MBR is another one")
    for part in said.parts:
        if part.file and not holds(card, part.start, images / part.file):
            problem(path, f"{part.file} is not at {part.start} of the card")
        if not part.file and (part.fstype, part.label) != file_system(card, part):
            problem(path, f"{part.name}: {part.fstype} {part.label} is {file_system(card, part)} on the card")


def file_system(card: pathlib.Path, part: kickstart.Part) -> tuple[str, ...]:
    """Its type and label, as the kernel's tools see it there."""
    command = ["blkid", "--probe", "--offset", str(part.start), "--size", str(part.bytes), "--output", "value"]
    asked = [subprocess.run([*command, "--match-tag", tag, card], capture_output=True, text=True) for tag in ("TYPE", "LABEL")]
    return tuple(done.stdout.strip() for done in asked)
