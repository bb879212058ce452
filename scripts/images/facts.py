"""The facts of the boards that images are made for, from board/<id>/board.toml, checked."""

import pathlib
import re
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = ROOT / "board"
MADE = "Made by scripts/board from board/{id}/board.toml: change that."
SLOTS = ("A", "B")

# Our own names for partitions, so that none is mistaken for another system's.
OURS = uuid.uuid5(uuid.NAMESPACE_DNS, "hsvcam.org")

KEYS = {
    "boot": {"firmware", "update-compatible", "device-trees", "console", "config", "crash-log", "loader", "console-port", "watchdog", "packages"},
    "disk": {"table", "select-mib", "boot-mib", "root-mib", "state-mib", "data-mib"},
}
# Least MiB: FAT32 needs 33 for its clusters, ext4 with a journal 8; a kernel and its device trees, a system.
LEAST_MIB = {"select-mib": 34, "boot-mib": 64, "root-mib": 128, "state-mib": 16, "data-mib": 16}
# All of it must fit on the smallest card that anybody sells, with room to grow.
MOST_MIB = 3500


PACKAGES_KEYS = {
    "suite", "packages", "device-trees", "console", "config", "crash-log", "initrd-drivers", "drivers", "radio-firmware",
}
# The firmware reads no more of a line, its end included.
CONFIG_LINE = 98


class BoardError(Exception):
    """A table that no image can be made of."""


def demand(truth: bool, why: str) -> None:
    if not truth:
        raise BoardError(why)


def checked_console(console: str) -> str:
    demand(re.fullmatch(r"tty[A-Z]+[0-9]+,[0-9]+", console) is not None, "console is a tty, a comma, a baud rate")
    return console


def checked_config(lines: list[str]) -> list[str]:
    demand(all("\n" not in line and len(line) < CONFIG_LINE for line in lines), "the firmware reads 98 characters of a line")
    return lines


class CrashLog:
    """Memory that a reset leaves alone, for what the kernel says last (its driver ramoops): half of it is the console's."""

    RECORD_KIB = 16

    def __init__(self, table: dict) -> None:
        demand({"address", "kib"} <= table.keys() <= {"address", "kib", "size-cells"}, "crash-log has address, kib, size-cells")
        self.address, self.kib = table["address"], table["kib"]
        # Of the device tree's node reserved-memory; an address has two cells in each of them
        self.size_cells = table.get("size-cells", 2)
        demand(self.size_cells in (1, 2), "size-cells of crash-log is 1 or 2")
        demand(self.address % 0x10000 == 0 and self.address + self.kib * 1024 <= 1 << 32, "crash-log is below 4 GiB, on 64 KiB")
        demand(self.kib % (4 * self.RECORD_KIB) == 0 and self.kib <= 1024, "crash-log is 64 KiB or more such, 1 MiB at most")

    @property
    def node(self) -> str:
        return f"ramoops@{self.address:x}"

    @property
    def reg(self) -> str:
        size = f"{self.kib * 1024:#x}"
        return f"<0x0 {self.address:#x} {'0x0 ' * (self.size_cells - 1)}{size}>"

    @property
    def sizes(self) -> dict[str, str]:
        return {"record-size": f"<{self.RECORD_KIB * 1024:#x}>", "console-size": f"<{self.kib * 512:#x}>"}


class Packages:
    """What is otherwise when the image is made of Debian's packages."""

    def __init__(self, table: dict, is_pi: bool) -> None:
        unknown = table.keys() - PACKAGES_KEYS
        demand(not unknown, f"[boot.packages] does not know {', '.join(sorted(unknown))}")
        self.suite = table.get("suite", "")
        self.packages = table.get("packages", [])
        self.initrd_drivers, self.drivers = table["initrd-drivers"], table["drivers"]
        # By the name that the firmware asks for
        self.device_trees: dict[str, str] = table.get("device-trees", {})
        self.radio_firmware: list[str] = table.get("radio-firmware", [])
        words = [self.suite, *self.packages, *self.initrd_drivers, *self.drivers, *self.device_trees.values()]
        demand(all(re.fullmatch(r"[\w./+-]*", word) for word in words), "[boot.packages] has names only")
        its_own = {"console", "config", "crash-log", "device-trees"}
        demand(is_pi == (its_own <= table.keys()), "console, config, crash-log and device-trees of packages are a Raspberry Pi's")
        demand(is_pi or not its_own & table.keys(), "U-Boot starts both kinds of image alike")
        self.console = checked_console(table["console"]) if is_pi else None
        self.config = checked_config(table.get("config", []))
        self.crash_log = CrashLog(table["crash-log"]) if is_pi else None


class Board:
    """The facts of one table, checked."""

    def __init__(self, path: pathlib.Path) -> None:
        table = tomllib.loads(path.read_text())
        boot, disk = table["boot"], table["disk"]
        self.id = table["id"]
        demand(self.id == path.parent.name, f"id {self.id!r} is not the folder's name")
        for name, allowed in KEYS.items():
            unknown = table[name].keys() - allowed
            demand(not unknown, f"[{name}] does not know {', '.join(sorted(unknown))}")
        self.firmware = boot["firmware"]
        demand(self.firmware in ("pi-tryboot", "u-boot"), "firmware is pi-tryboot or u-boot")
        self.is_pi = self.firmware == "pi-tryboot"
        self.update_compatible = boot["update-compatible"]
        demand(re.fullmatch(r"hsv-[a-z0-9-]+", self.update_compatible) is not None, "update-compatible is hsv-NAME")
        self.device_trees = boot["device-trees"]
        self.console = checked_console(boot["console"])
        self.config = checked_config(boot.get("config", []))
        demand(self.is_pi or not self.config, "config is for config.txt, and only a Raspberry Pi has one")
        demand(not self.is_pi or len(self.device_trees) > 0, "a Raspberry Pi's firmware needs its device trees")
        demand(self.is_pi or len(self.device_trees) < 2, "U-Boot is for one board, so there is one device tree at most")
        demand(self.is_pi != ("crash-log" in boot), "crash-log is for U-Boot; a Raspberry Pi's firmware has an overlay")
        self.crash_log = None if self.is_pi else CrashLog(boot["crash-log"])
        self.packages = Packages(boot["packages"], self.is_pi) if "packages" in boot else None
        self.loader = boot.get("loader")
        demand(self.loader is None or self.loader.keys() == {"file", "kib"}, "loader has file and kib")
        # A GPT of 128 entries ends at sector 34
        demand(self.loader is None or self.loader["kib"] * 1024 >= 34 * 512, "loader would overwrite the partition table")
        # Nodes of the device tree, switched on by U-Boot's script
        self.console_port, self.watchdog = boot.get("console-port"), boot.get("watchdog")
        for node in (self.console_port, self.watchdog):
            demand((node is None) == (self.loader is None), "console-port and watchdog are for Rockchip's chips, and both")
            demand(node is None or re.fullmatch(r"/[a-z]+@[0-9a-f]+", node) is not None, "console-port and watchdog are nodes")
        self.table = disk["table"]
        demand(self.table in ("gpt", "hybrid"), "table is gpt or hybrid")
        self.sizes = {name: disk[name] for name in LEAST_MIB}
        for name, least in LEAST_MIB.items():
            demand(isinstance(self.sizes[name], int) and self.sizes[name] >= least, f"{name} is {least} at least")
        demand(self.total_mib() <= MOST_MIB, f"{self.total_mib()} MiB do not fit on a card of 4 GB")

    def first_mib(self) -> int:
        """Where the first partition starts: behind the loader."""
        return 1 if self.loader is None else 16

    def total_mib(self) -> int:
        s = self.sizes
        state = 0 if self.is_pi else 1
        return self.first_mib() + s["select-mib"] + 2 * (s["boot-mib"] + s["root-mib"]) + s["state-mib"] + s["data-mib"] + state + 1

    def made(self, comment: str = "#") -> str:
        return f"{comment} {MADE.format(id=self.id)}\n"

    def command_line(self, slot: str, console: str, guard: str) -> str:
        return (
            f"root=PARTLABEL=root-{slot.lower()} rootfstype=erofs ro rootwait rauc.slot={slot} "
            f"console={console} {guard} fsck.repair=yes"
        )


def boards() -> list[Board]:
    """Every table that has [boot]; a computer with a webcam gets no image."""
    found = []
    for path in sorted(BOARDS.glob("*/board.toml")):
        if "boot" not in tomllib.loads(path.read_text()):
            continue
        try:
            found.append(Board(path))
        except KeyError as missing:
            raise BoardError(f"{path.relative_to(ROOT)}: {missing} is missing") from missing
        except BoardError as why:
            raise BoardError(f"{path.relative_to(ROOT)}: {why}") from why
    compatibles = [board.update_compatible for board in found]
    demand(len(set(compatibles)) == len(compatibles), "two boards would take each other's updates")
    return found
