"""What starts a system, as text: U-Boot's script and what it remembers, the Raspberry Pis' firmware's files, and facts for
shell scripts."""

from images.facts import SLOTS, Board

# What U-Boot and the system say to each other is one sector, so it is written whole or not at all.
ENVIRONMENT_BYTES = 512
TRIES = 3


def fw_env(board: Board) -> str:
    return f"{board.made()}# Device, offset, bytes\n/dev/disk/by-partlabel/bootstate 0x0 {ENVIRONMENT_BYTES:#x}\n"


def boot_cmd(board: Board) -> str:
    """U-Boot's script, in the words of RAUC's own back end for U-Boot.

    With no try left anywhere it starts the first slot of the order without counting: a camera that perhaps works is
    better than one that certainly does not, and a reset would go on for ever.
    """
    variables = "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"
    tree = board.device_trees[0].rsplit("/", 1)[-1] + ".dtb" if board.device_trees else ""
    lines = [
        board.made().rstrip("\n"),
        "# One sector of the partition bootstate holds these three; damaged or missing, both slots are tried.",
        'setenv BOOT_ORDER "A B"',
        *(f"setenv BOOT_{slot}_LEFT {TRIES}" for slot in SLOTS),
        "setenv hsv_counted",
        "${devtype} dev ${devnum}",
        "if part start ${devtype} ${devnum} bootstate hsv_state; then",
        "  if ${devtype} read ${ramdisk_addr_r} ${hsv_state} 1; then",
        f"    env import -c ${{ramdisk_addr_r}} {ENVIRONMENT_BYTES:#x} {variables}",
        "  fi",
        "fi",
        "setenv hsv_slot",
        "for slot in ${BOOT_ORDER}; do",
        '  if test -n "${hsv_slot}"; then true',
    ]
    for slot in SLOTS:
        lines += [
            f'  elif test "${{slot}}" = {slot} && test 0x${{BOOT_{slot}_LEFT}} -gt 0; then',
            f"    setexpr BOOT_{slot}_LEFT ${{BOOT_{slot}_LEFT}} - 1",
            f"    setenv hsv_slot {slot}",
            "    setenv hsv_counted 1",
        ]
    lines += [
        "  fi",
        "done",
        'if test -n "${hsv_counted}"; then',
        f"  env export -c -s {ENVIRONMENT_BYTES:#x} ${{ramdisk_addr_r}} {variables}",
        "  ${devtype} write ${ramdisk_addr_r} ${hsv_state} 1",
        "else",
        "  setenv hsv_slot A",
        '  if test "${BOOT_ORDER}" = "B A" || test "${BOOT_ORDER}" = B; then setenv hsv_slot B; fi',
        '  echo "hsv: no slot has a try left"',
        "fi",
        'echo "hsv: slot ${hsv_slot}, order ${BOOT_ORDER}, left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"',
    ]
    for slot in SLOTS:
        word = "if" if slot == "A" else "elif"
        lines += [
            f'{word} test "${{hsv_slot}}" = {slot}; then',
            f"  part number ${{devtype}} ${{devnum}} boot-{slot.lower()} hsv_part",
            f'  setenv bootargs "{board.command_line(slot, board.console)}"',
        ]
    lines += [
        "fi",
        'if test -z "${hsv_counted}"; then setenv bootargs "${bootargs} hsv.boot=last-resort"; fi',
        "load ${devtype} ${devnum}:${hsv_part} ${kernel_addr_r} Image",
    ]
    # A kernel of a distribution has its drivers in there
    lines += [
        "setenv hsv_initrd -",
        "if test -e ${devtype} ${devnum}:${hsv_part} initrd; then",
        "  load ${devtype} ${devnum}:${hsv_part} ${ramdisk_addr_r} initrd",
        "  setenv hsv_initrd ${ramdisk_addr_r}:${filesize}",
        "fi",
    ]
    if tree:
        lines.append(f"load ${{devtype}} ${{devnum}}:${{hsv_part}} ${{fdt_addr_r}} {tree}")
    # QEMU hands its own over
    lines.append(f"booti ${{kernel_addr_r}} ${{hsv_initrd}} ${{{'fdt_addr_r' if tree else 'fdtcontroladdr'}}}")
    # Only reached when the kernel is not there: the next round tries the other slot.
    return "\n".join([*lines, "sleep 5", "reset"]) + "\n"


# Of every config.txt.
CONFIG = ["kernel=Image", "arm_64bit=1", "enable_uart=1"]


def config_txt(board: Board) -> str:
    return board.made() + "\n".join([*CONFIG, "dtparam=watchdog=on", "dtparam=i2c_arm=on", "disable_splash=1", *board.config]) + "\n"


def config_txt_of_packages(board: Board) -> str:
    """kernel.org's device trees know no dtparam, and a distribution's kernel has its drivers in an initrd."""
    return board.made() + "\n".join([*CONFIG, "disable_splash=1", "initramfs initrd followkernel", *board.packages.config]) + "\n"


def autoboot_txt() -> str:
    """512 bytes at most. Partition 2 is boot-a, 3 is boot-b; no comment, since the slots are swapped in place."""
    return "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"


def image_env(board: Board, trees: list[str]) -> str:
    return (
        f"{board.made()}HSV_BOARD={board.id}\nHSV_FIRMWARE={board.firmware}\nHSV_COMPATIBLE={board.update_compatible}\n"
        f"HSV_DEVICE_TREES='{' '.join(f'{tree}.dtb' for tree in trees)}'\nHSV_LOADER='{board.loader['file'] if board.loader else ''}'\n"
        f"HSV_ENVIRONMENT_BYTES={ENVIRONMENT_BYTES}\nHSV_TRIES={TRIES}\n"
    )


def packages_env(board: Board) -> str:
    its = board.packages
    trees = " ".join(f"{name}.dtb={its.device_trees[name]}.dtb" for name in its.device_trees)
    return image_env(board, list(its.device_trees)) + (
        f"HSV_SUITE={its.suite}\nHSV_PACKAGES='{' '.join(its.packages)}'\nHSV_KERNEL_TREES='{trees}'\n"
        f"HSV_INITRD_DRIVERS='{' '.join(its.initrd_drivers)}'\nHSV_DRIVERS='{' '.join(its.drivers)}'\n"
    )


def command_lines(board: Board, console: str, folder: str = "") -> dict[str, str]:
    return {f"{folder}cmdline-{slot.lower()}.txt": board.command_line(slot, console) + "\n" for slot in SLOTS}
