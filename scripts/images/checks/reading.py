"""What is on a card, by other programs than those that made it."""

import json
import pathlib
import subprocess

from images.checks import run

SECTOR = 512


def table_of(card: pathlib.Path) -> list[dict]:
    return json.loads(run("sfdisk", "--json", card))["partitiontable"]["partitions"]


def read_at(card: pathlib.Path, offset: int, length: int) -> bytes:
    with card.open("rb") as stream:
        stream.seek(offset)
        return stream.read(length)


def holds(card: pathlib.Path, offset: int, file: pathlib.Path) -> bool:
    return read_at(card, offset, file.stat().st_size) == file.read_bytes()


def on_fat(card: pathlib.Path, partition: dict, path: str) -> bytes:
    at = f"{card}@@{partition['start'] * SECTOR}"
    done = subprocess.run(["mtype", "-i", at, f"::{path}"], capture_output=True)
    return done.stdout if done.returncode == 0 else b""


def mbr_of(card: pathlib.Path) -> list[tuple[int, int]]:
    """Type and first sector of its four entries; 0 where there is none."""
    entries = [read_at(card, 446 + 16 * n, 16) for n in range(4)]
    return [(entry[4], int.from_bytes(entry[8:12], "little")) for entry in entries]
