"""Cards of stand-ins: files of the names that a build leaves behind, made into card.img as a build does."""

import os
import pathlib
import re
import shutil
import subprocess

from images import boot
from images.checks import EXTERNAL, problem, run
from images.facts import Board

# Kernel: arch/arm64/booting. At byte 56 of the file.
KERNEL_MAGIC = b"ARM\x64"


def stand_ins(board: Board, kind: str, images: pathlib.Path) -> None:
    """Files of the names that a build leaves behind."""
    images.mkdir()
    (images / "Image").write_bytes(bytes(56) + KERNEL_MAGIC)
    (images / "rootfs.erofs").write_bytes(b"root" * 1024)
    if kind == "packages":
        (images / "initrd").write_bytes(b"drivers")
    for tree in trees_of(board, kind):
        (images / tree).write_bytes(tree.encode())
    if board.loader:
        (images / board.loader["file"]).write_bytes(b"loader" * 1000)
    if board.is_pi:
        firmware = images / "rpi-firmware"
        (firmware / "overlays").mkdir(parents=True)
        (firmware / "overlays/README").write_bytes(b"of the overlays")
        for line in its_config(board, kind).splitlines():
            if match := re.fullmatch(r"(?:start|fixup)_file=(.+)", line):
                (firmware / match[1]).write_bytes(b"firmware")
            if match := re.fullmatch(r"dtoverlay=([^,]+).*", line):
                (firmware / f"overlays/{match[1]}.dtbo").write_bytes(b"overlay")
        if board.table == "hybrid":
            (firmware / "bootcode.bin").write_bytes(b"firmware")
        (firmware / "config.txt").write_text("not ours")
        (firmware / "cmdline.txt").write_text("not ours")


def trees_of(board: Board, kind: str) -> list[str]:
    """By the names that firmware or U-Boot ask for."""
    names = board.packages.device_trees if kind == "packages" else board.device_trees
    return [tree.rsplit("/", 1)[-1] + ".dtb" for tree in names]


def its_config(board: Board, kind: str) -> str:
    return boot.config_txt_of_packages(board) if kind == "packages" else boot.config_txt(board)


def make_card(board: Board, kind: str, work: pathlib.Path) -> pathlib.Path:
    """Of stand-ins, as a build makes it; the folder of images."""
    images = work / f"{board.id}-{kind or 'buildroot'}"
    stand_ins(board, kind, images)
    made = {"BR2_EXTERNAL_HSV_PATH": str(EXTERNAL), "HOST_DIR": "/usr"}
    run(EXTERNAL / "scripts/post-image.sh", images, board.id, *([kind] if kind else []), env=made)
    return images


def check_budget(board: Board, work: pathlib.Path) -> None:
    """Every defconfig has one, and a root beyond it ends the build; one that just fits does not."""
    for path in sorted(EXTERNAL.glob("configs/*")):
        if 'BR2_ROOTFS_POST_IMAGE_SCRIPT_ARGS="most-mib=64"\n' not in path.read_text():
            problem(path, "a root of any size would do")
    images = work / "budget"
    stand_ins(board, "", images)
    for extra in (0, 1):
        os.truncate(images / "rootfs.erofs", (64 << 20) + extra)
        command = [EXTERNAL / "scripts/post-image.sh", images, board.id, "most-mib=64"]
        env = {**os.environ, "BR2_EXTERNAL_HSV_PATH": str(EXTERNAL), "HOST_DIR": "/usr"}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        if (done.returncode == 0) != (extra == 0):
            problem(EXTERNAL / "scripts/post-image.sh", f"64 MiB and {extra}: {done.returncode} {done.stderr}")
    shutil.rmtree(images)
