"""What starts a system, as text: U-Boot's script and what it remembers, the Raspberry Pis' firmware's files, and facts for
shell scripts."""

from images.facts import SLOTS, Board, CrashLog

# What U-Boot and the system say to each other is one sector, so it is written whole or not at all.
ENVIRONMENT_BYTES = 512
# Starts of a system that was never called good; and of one that was, so that pulled plugs do not use it up
TRIES = 3
TRIES_OF_GOOD = 16
# What the kernel does for a system that may be left for the other one: it starts anew
GUARD = "panic=10 watchdog.open_timeout=60"
# And where there is no other one: it stands still, with what it said last on the console
LAST_RESORT = "panic=0 hsv.boot=last-resort"
# Our overlay for the device trees of kernel.org's kernel
CRASH_LOG = "hsv-crash-log"
# Of Rockchip's device trees: a prompt on the console's port for whoever has that
DEBUGGER = "/fiq-debugger"


def fw_env(board: Board) -> str:
    return f"{board.made()}# Device, offset, bytes\n/dev/disk/by-partlabel/bootstate 0x0 {ENVIRONMENT_BYTES:#x}\n"


def crash_log(log: CrashLog) -> list[str]:
    """The node that the kernel's driver reads (Kernel: admin-guide/ramoops). Rockchip's kernel has it for some boards, at the
    same place and with other sizes: it gets ours."""
    lines = [
        "if fdt get value hsv_cells /reserved-memory '#size-cells'; then true; else",
        "  fdt mknode / reserved-memory",
        "  fdt set /reserved-memory '#address-cells' '<0x2>'",
        "  fdt set /reserved-memory '#size-cells' '<0x2>'",
        "  fdt set /reserved-memory ranges",
        "fi",
        f"setenv hsv_log /reserved-memory/{log.node}",
        "if fdt get value hsv_cells ${hsv_log} compatible; then true; else",
        f"  fdt mknode /reserved-memory {log.node}",
        "fi",
        "fdt set ${hsv_log} compatible ramoops",
        f'fdt set ${{hsv_log}} reg "{log.reg}"',
    ]
    lines += [f'fdt set ${{hsv_log}} {name} "{value}"' for name, value in log.sizes.items()]
    return [*lines, "if fdt get value hsv_cells ${hsv_log} console-size; then", '  echo "hsv: a crash is kept at ${hsv_log}"', "fi"]


def vendors_tree(board: Board) -> list[str]:
    """What the device tree of Rockchip's kernel has off: the watchdog, which runs already, and would end what does not feed
    it; the console's port, whose pins the tree gives to the kernel's debugger. Our kernel has none."""
    return [
        f"fdt set {board.watchdog} status okay",
        f"if fdt get value hsv_pins {DEBUGGER} pinctrl-0; then",
        f'  fdt set {board.console_port} pinctrl-0 "<${{hsv_pins}}>"',
        f"  fdt rm {DEBUGGER}",
        "fi",
        f"fdt set {board.console_port} status okay",
    ]


def boot_cmd(board: Board) -> str:
    """U-Boot's script, in the words of RAUC's own back end for U-Boot; both write tries as hexadecimal numbers.

    RAUC takes a slot out of the order and then its tries away, so one that is not in the order and has tries left is
    whole: it comes after those of the order.

    With no try left anywhere it starts the first slot of the order without counting: a camera that perhaps works is
    better than one that certainly does not. A panic does not start it anew; a hand at the plug does, or a
    watchdog that runs, and gets the other one.
    """
    variables = "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"
    tree = board.device_trees[0].rsplit("/", 1)[-1] + ".dtb" if board.device_trees else ""
    known = " || ".join(f'test "${{BOOT_ORDER}}" = {order}' for order in ('"A B"', '"B A"', "A", "B"))
    lines = [
        board.made().rstrip("\n"),
        "# One sector of the partition bootstate holds these three; damaged or missing, both slots are tried.",
        "setenv BOOT_ORDER",
        *(f"setenv BOOT_{slot}_LEFT {TRIES:x}" for slot in SLOTS),
        f'setenv hsv_guard "{GUARD}"',
        "${devtype} dev ${devnum}",
        "if part start ${devtype} ${devnum} bootstate hsv_state; then",
        "  if ${devtype} read ${ramdisk_addr_r} ${hsv_state} 1; then",
        f"    env import -c ${{ramdisk_addr_r}} {ENVIRONMENT_BYTES:#x} {variables}",
        "  fi",
        "fi",
        f'if {known}; then true; else setenv BOOT_ORDER "A B"; fi',
        "setenv hsv_slot",
        "for slot in ${BOOT_ORDER} A B; do",
        '  if test -n "${hsv_slot}"; then true',
    ]
    for slot in SLOTS:
        lines += [
            f'  elif test "${{slot}}" = {slot} && test 0x${{BOOT_{slot}_LEFT}} -gt 0; then',
            f"    setexpr BOOT_{slot}_LEFT ${{BOOT_{slot}_LEFT}} - 1",
            f"    setenv hsv_slot {slot}",
        ]
    lines += [
        "  fi",
        "done",
        "setenv hsv_save 1",
        'if test -n "${hsv_slot}"; then true; else',
        '  echo "hsv: no slot has a try left"',
        f'  setenv hsv_guard "{LAST_RESORT}"',
        '  if test "${BOOT_ORDER}" = "A B"; then',
        "    setenv hsv_slot A",
        '    setenv BOOT_ORDER "B A"',
        '  elif test "${BOOT_ORDER}" = "B A"; then',
        "    setenv hsv_slot B",
        '    setenv BOOT_ORDER "A B"',
        "  else",
        "    setenv hsv_slot ${BOOT_ORDER}",
        "    setenv hsv_save",
        "  fi",
        "fi",
        'if test -n "${hsv_save}"; then',
        f"  env export -c -s {ENVIRONMENT_BYTES:#x} ${{ramdisk_addr_r}} {variables}",
        "  ${devtype} write ${ramdisk_addr_r} ${hsv_state} 1",
        "fi",
    ]
    lines.append('echo "hsv: slot ${hsv_slot}, order ${BOOT_ORDER}, left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"')
    for slot in SLOTS:
        word = "if" if slot == "A" else "elif"
        lines += [
            f'{word} test "${{hsv_slot}}" = {slot}; then',
            f"  part number ${{devtype}} ${{devnum}} boot-{slot.lower()} hsv_part",
            f'  setenv bootargs "{board.command_line(slot, board.console, "${hsv_guard}")}"',
        ]
    lines += ["fi", "load ${devtype} ${devnum}:${hsv_part} ${kernel_addr_r} Image"]
    # A kernel of a distribution has its drivers in there
    lines += [
        "setenv hsv_initrd -",
        "if test -e ${devtype} ${devnum}:${hsv_part} initrd; then",
        "  load ${devtype} ${devnum}:${hsv_part} ${ramdisk_addr_r} initrd",
        "  setenv hsv_initrd ${ramdisk_addr_r}:${filesize}",
        "fi",
    ]
    if tree:
        lines += [
            f"load ${{devtype}} ${{devnum}}:${{hsv_part}} ${{fdt_addr_r}} {tree}",
            "setenv hsv_tree ${fdt_addr_r}",
            "if fdt addr ${fdt_addr_r} && fdt resize 0x1000; then",
        ]
    else:
        # QEMU hands its own over, and U-Boot goes on using that: what is changed is a copy
        lines += [
            "setenv hsv_tree ${fdtcontroladdr}",
            "if fdt addr ${fdtcontroladdr} && fdt move ${fdtcontroladdr} ${scriptaddr} 0x1f0000; then",
            "  setenv hsv_tree ${scriptaddr}",
        ]
    if board.watchdog:
        lines += [f"  {line}" for line in vendors_tree(board)]
    lines += [*(f"  {line}" for line in crash_log(board.crash_log)), "fi"]
    lines.append("booti ${kernel_addr_r} ${hsv_initrd} ${hsv_tree}")
    # Only reached when the kernel is not there: the next round tries the other slot.
    return "\n".join([*lines, "sleep 5", "reset"]) + "\n"


def crash_log_overlay(board: Board) -> str:
    """For the device trees of kernel.org, which the overlay that comes with the firmware's own does not fit."""
    log = board.packages.crash_log
    inner = ['compatible = "ramoops";', f"reg = {log.reg};", *(f"{name} = {value};" for name, value in log.sizes.items())]
    body = "".join(f"\t\t\t\t{line}\n" for line in inner)
    return (
        f'{board.made("//")}/dts-v1/;\n/plugin/;\n\n/ {{\n\tfragment@0 {{\n\t\ttarget-path = "/reserved-memory";\n'
        f"\t\t__overlay__ {{\n\t\t\t{log.node} {{\n{body}\t\t\t}};\n\t\t}};\n\t}};\n}};\n"
    )


# Of every config.txt. The firmware starts the watchdog before the kernel, which feeds it until systemd does.
CONFIG = ["kernel=Image", "arm_64bit=1", "enable_uart=1", "kernel_watchdog_timeout=60"]


def config_txt(board: Board) -> str:
    return board.made() + "\n".join([*CONFIG, "dtparam=watchdog=on", "dtparam=i2c_arm=on", "disable_splash=1", *board.config]) + "\n"


def config_txt_of_packages(board: Board) -> str:
    """kernel.org's device trees know no dtparam, and a distribution's kernel has its drivers in an initrd."""
    lines = [*CONFIG, "disable_splash=1", "initramfs initrd followkernel", f"dtoverlay={CRASH_LOG}", *board.packages.config]
    return board.made() + "\n".join(lines) + "\n"


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
    return {f"{folder}cmdline-{slot.lower()}.txt": board.command_line(slot, console, GUARD) + "\n" for slot in SLOTS}
