"""A card that was made: its table, and what starts from it."""

import pathlib
import re
import tempfile

from images import boot
from images.card import DATA
from images.checks import COMMON, problem, run
from images.checks.reading import SECTOR, holds, mbr_of, on_fat, read_at, table_of
from images.checks.stand_ins import KERNEL_MAGIC, its_config, trees_of
from images.facts import BOARDS, Board


def check_card(board: Board, kind: str, images: pathlib.Path) -> None:
    card, sizes = images / "card.img", board.sizes
    table = table_of(card)
    names = ["select", "boot-a", "boot-b", "root-a", "root-b", *([] if board.is_pi else ["bootstate"]), "state", "data"]
    if [one["name"] for one in table] != names:
        problem(board.id, f"partitions are {[one['name'] for one in table]}")
        return
    by_name = {one["name"]: one for one in table}
    for name, one in by_name.items():
        mib = 1 if name == "bootstate" else sizes[f"{name.split('-')[0]}-mib"]
        if one["size"] * SECTOR != mib << 20 or one["start"] * SECTOR % (1 << 20):
            problem(board.id, f"{name} is not {mib} MiB on a whole MiB")
        if (one["type"].lower() == str(DATA)) != (name == "data"):
            problem(board.id, f"{name} has the wrong type")
    if len({one["uuid"] for one in table}) != len(table):
        problem(board.id, "two partitions of one identity")
    run("sgdisk", "--verify", card)
    check_mbr(board, card, by_name)
    if board.loader and not holds(card, board.loader["kib"] * 1024, images / board.loader["file"]):
        problem(board.id, "the loader is not where the chip looks for it")
    for slot in ("a", "b"):
        check_boot(board, kind, images, by_name[f"boot-{slot}"], slot)
        if not holds(card, by_name[f"root-{slot}"]["start"] * SECTOR, images / "rootfs.erofs"):
            problem(board.id, f"root-{slot} is not the system")
    if board.is_pi:
        autoboot = on_fat(card, by_name["select"], "autoboot.txt").decode()
        if autoboot != boot.autoboot_txt() or len(autoboot) > 512:
            problem(board.id, "autoboot.txt is not on the first partition")
        if (board.table == "hybrid") != bool(on_fat(card, by_name["select"], "bootcode.bin")):
            problem(board.id, "bootcode.bin is where the chip's ROM reads it, and only there")
    else:
        check_u_boot(board, card, by_name)
    # e2fsck reads what genimage wrote
    for name in ("state", "data"):
        run("e2fsck", "-fn", images / f"{name}.ext4")


def check_mbr(board: Board, card: pathlib.Path, by_name: dict[str, dict]) -> None:
    """A protective MBR, or the three FAT partitions at the places that autoboot.txt counts, before the 0xee entry."""
    entries = mbr_of(card)
    kinds = [kind for kind, _ in entries]
    if board.table == "gpt":
        if kinds != [0xEE, 0, 0, 0]:
            problem(board.id, "the MBR is not a protective one")
        return
    if kinds != [0x0C, 0x0C, 0x0C, 0xEE]:
        problem(board.id, f"the MBR has types {kinds}")
    for (_, start), name in zip(entries, ("select", "boot-a", "boot-b")):
        if start != by_name[name]["start"]:
            problem(board.id, f"{name} is not where the MBR says")


def check_boot(board: Board, kind: str, images: pathlib.Path, partition: dict, slot: str) -> None:
    """What starts a slot's system: every file that is named is there, and is the one that was built."""

    def there(name: str) -> bytes:
        return on_fat(images / "card.img", partition, name)

    def demand(truth: object, text: str) -> None:
        if not truth:
            problem(board.id, f"boot-{slot}: {text}")

    demand(there("Image") == (images / "Image").read_bytes(), "no kernel")
    demand(there("Image")[56:60] == KERNEL_MAGIC, "its kernel is none of arm64")
    if kind == "packages":
        demand(there("initrd") == (images / "initrd").read_bytes(), "no initrd")
    for tree in trees_of(board, kind):
        built = next(images.rglob(tree), None)
        demand(built and there(tree) == built.read_bytes(), f"lacks {tree}")
    if not board.is_pi:
        return
    console = board.packages.console if kind == "packages" else board.console
    line = there("cmdline.txt").decode()
    for word in (f"root=PARTLABEL=root-{slot}", f"rauc.slot={slot.upper()}", f"console={console}"):
        demand(word in line.split(" ") and line.count("\n") == 1, f"its command line has no {word}")
    config = there("config.txt").decode()
    demand(config == its_config(board, kind), "config.txt is not ours")
    demand(there("shipped/config.txt").decode() == config, "no second config.txt to tell what the owner changed")
    named = re.findall(r"^(?:kernel|start_file|fixup_file)=(.+)$", config, re.M)
    named += re.findall(r"^initramfs (\S+)", config, re.M)
    named += [f"overlays/{name}.dtbo" for name in re.findall(r"^dtoverlay=([^,\n]+)", config, re.M)]
    for name in named:
        demand(there(name), f"config.txt names {name}, which is not there")


def check_u_boot(board: Board, card: pathlib.Path, by_name: dict[str, dict]) -> None:
    script = on_fat(card, by_name["select"], "boot.scr")
    if script[:4] != b"\x27\x05\x19\x56" or (BOARDS / board.id / "generated/boot.cmd").read_bytes() not in script:
        problem(board.id, "boot.scr is not its script")
    with tempfile.TemporaryDirectory() as folder:
        sector = pathlib.Path(folder) / "bootstate"
        sector.write_bytes(read_at(card, by_name["bootstate"]["start"] * SECTOR, SECTOR))
        # libubootenv reads what mkenvimage wrote, with the configuration of the image
        config = pathlib.Path(folder) / "fw_env.config"
        ours = (BOARDS / board.id / "generated/fw_env.config").read_text()
        config.write_text(ours.replace("/dev/disk/by-partlabel/bootstate", str(sector)))
        read = run("fw_printenv", "-c", config).split("\n")
    if sorted(read) != ["", f"BOOT_A_LEFT={boot.TRIES}", f"BOOT_B_LEFT={boot.TRIES}", "BOOT_ORDER=A B"]:
        problem(board.id, f"U-Boot's words are {read}")


def check_growth(card: pathlib.Path) -> None:
    """On a card eight times as large."""
    hybrid = read_at(card, 446, 64)
    before = table_of(card)
    with card.open("r+b") as stream:
        stream.truncate(8 << 30)
    run("systemd-repart", "--dry-run=no", f"--definitions={COMMON / 'generated/repart.d'}", card)
    after = table_of(card)
    run("sgdisk", "--verify", card)
    if after[:-1] != before[:-1]:
        problem("growth", "something else than data has moved")
    if after[-1] | {"size": 0} != before[-1] | {"size": 0} or after[-1]["size"] * SECTOR < 6 << 30:
        problem("growth", f"data is {after[-1]}")
    if hybrid[4] == 0x0C and read_at(card, 446, 48) != hybrid[:48]:
        problem("growth", "the oldest Raspberry Pis would not start any more")
