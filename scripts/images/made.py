"""Every made file of the tree, and whether it is as it would be written."""

import pathlib

from images import boot, card
from images.facts import BOARDS, ROOT, SLOTS, Board, boards

# A layer of Yocto has them in a folder of this name.
KICKSTARTS = ROOT / "meta-hsv/files/wic"


def system_conf(board: Board) -> str:
    backend = "custom" if board.is_pi else "uboot"
    out = [board.made(), "[system]", f"compatible={board.update_compatible}", f"bootloader={backend}"]
    # The root cannot be written, so RAUC mounts elsewhere than it would
    out += ["bundle-formats=verity", "data-directory=/var/lib/rauc", "mountprefix=/run/rauc/mnt"]
    if not board.is_pi:
        out += [f"boot-attempts={boot.TRIES_OF_GOOD}", f"boot-attempts-primary={boot.TRIES}"]
    out.append("")
    out += ["[handlers]", "pre-install=/usr/lib/hsv/pre-install"]
    if board.is_pi:
        out.append("bootloader-custom-backend=/usr/lib/hsv/tryboot")
    out.append("")
    # A camera without a clock must be able to check a bundle.
    out += ["[keyring]", "path=/etc/rauc/keyring.pem", "check-purpose=codesign", "use-bundle-signing-time=true", ""]
    for number, slot in enumerate(SLOTS):
        low = slot.lower()
        out += [f"[slot.root.{number}]", f"device=/dev/disk/by-partlabel/root-{low}", "type=raw", f"bootname={slot}", ""]
        out += [f"[slot.boot.{number}]", f"device=/dev/disk/by-partlabel/boot-{low}", "type=vfat", f"parent=root.{number}", ""]
    return "\n".join(out).rstrip("\n") + "\n"


def files_of(board: Board) -> dict[str, str]:
    trees = [tree.rsplit("/", 1)[-1] for tree in board.device_trees]
    files = {"genimage.cfg": card.genimage(board), "system.conf": system_conf(board), "image.env": boot.image_env(board, trees)}
    if board.is_pi:
        files |= {"config.txt": boot.config_txt(board), "autoboot.txt": boot.autoboot_txt()} | boot.command_lines(board, board.console)
    else:
        files |= {"fw_env.config": boot.fw_env(board), "boot.cmd": boot.boot_cmd(board)}
    if board.packages:
        files["packages/image.env"] = boot.packages_env(board)
        if board.is_pi:
            files["packages/config.txt"] = boot.config_txt_of_packages(board)
            files[f"packages/{boot.CRASH_LOG}.dts"] = boot.crash_log_overlay(board)
            files |= boot.command_lines(board, board.packages.console, "packages/")
    return files


def common_files() -> dict[str, str]:
    grow = (
        "# Made by scripts/board. systemd-repart: data takes the rest of the card at the first start.\n"
        f"[Partition]\nType={card.DATA}\nLabel=data\n"
    )
    return {"repart.d/10-data.conf": grow}


def everything() -> dict[pathlib.Path, str]:
    wanted = {BOARDS / "common/generated" / name: text for name, text in common_files().items()}
    for board in boards():
        wanted |= {BOARDS / board.id / "generated" / name: text for name, text in files_of(board).items()}
        wanted[kickstart_of(board)] = card.kickstart(board)
    return wanted


def kickstart_of(board: Board) -> pathlib.Path:
    return KICKSTARTS / f"hsv-{board.id}.wks"


def there() -> set[pathlib.Path]:
    """Made files, and what lies in their folders."""
    found = [*BOARDS.glob("*/generated/**/*"), *KICKSTARTS.glob("**/*")]
    return {path for path in found if path.is_file()}


def differences() -> list[str]:
    """What is not as it would be written."""
    wanted, found = everything(), there()
    out = [f"{path.relative_to(ROOT)}: not made by scripts/board" for path in sorted(found - wanted.keys())]
    for path, text in sorted(wanted.items()):
        if path not in found or path.read_text() != text:
            out.append(f"{path.relative_to(ROOT)}: run scripts/board")
    return out


def write() -> None:
    wanted = everything()
    for path in there() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
