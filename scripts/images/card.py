"""The card's partitions, once, and as the two programs that make cards want to read them: genimage and wic."""

import uuid
from dataclasses import dataclass

from images.facts import OURS, SLOTS, Board

# Partition types of the GPT, and in the MBR that the oldest Raspberry Pis need beside it.
BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
FAT32_LBA = "0x0c"
# Only `data` has this type: systemd-repart grows what it finds by type.
DATA = uuid.uuid5(OURS, "type data")


@dataclass(frozen=True)
class Partition:
    name: str
    mib: int
    kind: str
    image: str
    """A file that a build leaves behind, or an empty file system: NAME.vfat, NAME.ext4."""
    label: str = ""
    """Of its file system."""
    in_mbr: bool = False

    @property
    def uuid(self) -> str:
        return str(uuid.uuid5(OURS, f"partition {self.name}"))

    @property
    def is_fat(self) -> bool:
        return self.image.endswith(".vfat")

    @property
    def is_ext4(self) -> bool:
        return self.image.endswith(".ext4")


def partitions(board: Board) -> list[Partition]:
    """In the order of the card. The first three also stand in the MBR: the numbers are those of autoboot.txt."""
    sizes, hybrid = board.sizes, board.table == "hybrid"
    out = [Partition("select", sizes["select-mib"], BASIC_DATA, "select.vfat", "HSV", hybrid)]
    for slot in SLOTS:
        name = f"boot-{slot.lower()}"
        out.append(Partition(name, sizes["boot-mib"], BASIC_DATA, f"{name}.vfat", f"HSV-{slot}", hybrid))
    out += [Partition(f"root-{slot.lower()}", sizes["root-mib"], LINUX, "rootfs.erofs") for slot in SLOTS]
    if not board.is_pi:
        out.append(Partition("bootstate", 1, LINUX, "bootstate.bin"))
    out.append(Partition("state", sizes["state-mib"], LINUX, "state.ext4", "hsv-state"))
    out.append(Partition("data", sizes["data-mib"], str(DATA), "data.ext4", "hsv-data"))
    return out


def loader_kib(board: Board) -> int:
    """From where the chip looks for its loader up to the first partition."""
    return board.first_mib() * 1024 - board.loader["kib"]


def genimage(board: Board) -> str:
    """The card. Folders select/, boot-a/ and boot-b/ of the root path are the FAT partitions."""
    out, of_card = [board.made()], partitions(board)
    for one in of_card:
        if one.is_fat:
            made = f'\tvfat {{\n\t\tlabel = "{one.label}"\n\t\textraargs = "-F 32"\n\t}}\n'
        elif one.is_ext4:
            made = f'\text4 {{\n\t\tlabel = "{one.label}"\n\t\tuse-mke2fs = true\n\t}}\n'
        else:
            continue
        out.append(f'image {one.image} {{\n{made}\tmountpoint = "/{one.name}"\n\tsize = {one.mib}M\n}}\n')
    out.append(f"image card.img {{\n\thdimage {{\n\t\tpartition-table-type = {board.table}\n\t\talign = 1M\n\t}}\n")
    if board.loader:
        out.append(
            f'\tpartition loader {{\n\t\tin-partition-table = false\n\t\timage = "{board.loader["file"]}"\n'
            f'\t\toffset = {board.loader["kib"]}K\n\t\tsize = {loader_kib(board)}K\n\t}}\n'
        )
    for one in of_card:
        more = f"\t\tpartition-type = {FAT32_LBA}\n" if one.in_mbr else ""
        more += f"\t\toffset = {board.first_mib()}M\n" if one is of_card[0] else ""
        out.append(
            f"\tpartition {one.name} {{\n\t\tpartition-type-uuid = {one.kind}\n\t\tpartition-uuid = {one.uuid}\n{more}"
            f'\t\timage = "{one.image}"\n\t\tsize = {one.mib}M\n\t}}\n'
        )
    return "\n".join(out) + "}\n"


def kickstart(board: Board) -> str:
    """The same card for wic, Yocto's program. What a FAT partition holds is said by IMAGE_BOOT_FILES_label-LABEL."""
    out = [board.made().rstrip("\n"), f"bootloader --ptable {'gpt-hybrid' if board.table == 'hybrid' else 'gpt'}"]
    if board.loader:
        out.append(
            f"part --no-table --offset {board.loader['kib']}K --fixed-size {loader_kib(board)}K "
            f"--fstype none --source rawcopy --sourceparams file={board.loader['file']}"
        )
    place = f"--offset {board.first_mib()}M"
    for one in partitions(board):
        words = f"part {place} --fixed-size {one.mib}M --part-name {one.name} --part-type {one.kind} --uuid {one.uuid}"
        # Its type in the MBR comes from the file system
        words += " --mbr" if one.in_mbr else ""
        if one.is_fat:
            words += f' --fstype vfat --label {one.label} --mkfs-extraopts "-F 32" --source bootimg_partition'
        elif one.is_ext4:
            words += f" --fstype ext4 --label {one.label}"
        else:
            words += f" --fstype none --source rawcopy --sourceparams file={one.image}"
        out.append(words)
        place = "--align 1024"
    return "\n".join(out) + "\n"
