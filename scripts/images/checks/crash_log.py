"""A Raspberry Pi's image of packages: its overlay for the kernel's last words, laid on each device tree as firmware does."""

import pathlib
import subprocess
import tempfile

from images.boot import CRASH_LOG
from images.checks import problem, run
from images.facts import Board

NODE = "/reserved-memory"


def check_crash_log(board: Board, images: pathlib.Path) -> None:
    log, overlay = board.packages.crash_log, images / f"rpi-firmware/overlays/{CRASH_LOG}.dtbo"
    for tree in sorted((images / "trees").glob("*.dtb")):
        with tempfile.TemporaryDirectory() as folder:
            both = pathlib.Path(folder) / "both.dtb"
            try:
                run("fdtoverlay", "-i", tree, "-o", both, overlay)
                cells = [int(run("fdtget", both, NODE, name)) for name in ("#address-cells", "#size-cells")]
                reg = [int(word, 16) for word in run("fdtget", "-t", "x", both, f"{NODE}/{log.node}", "reg").split()]
            except subprocess.CalledProcessError as failed:
                problem(board.id, f"{tree.name}: {failed.output.strip()}")
                continue
        if cells != [2, log.size_cells] or reg != [0, log.address, *[0] * (log.size_cells - 1), log.kib * 1024]:
            problem(board.id, f"{tree.name}: {NODE}/{log.node} has {reg}, and {cells} cells are read")
