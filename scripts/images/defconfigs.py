"""What Buildroot is told for each board: the parts of its defconfig, put together."""

from images.facts import ROOT, Board, boards

PARTS = ROOT / "buildroot-external/defconfig"
CONFIGS = ROOT / "buildroot-external/configs"


def parts_of(board: Board) -> list[str]:
    if board.is_pi:
        families = ["raspberrypi"]
    elif board.loader:
        families = ["u-boot", "rockchip"]
    else:
        families = ["u-boot"]
    return ["common", *families, board.id]


def lines_of(board: Board, variant: tuple[str, ...] = ()) -> list[str]:
    """Without the order that Buildroot gives them."""
    lines = [line for part in [*parts_of(board), *variant] for line in (PARTS / part).read_text().splitlines()]
    lines.append(f'BR2_ROOTFS_POST_SCRIPT_ARGS="{" ".join((board.id, *variant))}"')
    if board.device_trees:
        lines += ["BR2_LINUX_KERNEL_DTS_SUPPORT=y", f'BR2_LINUX_KERNEL_INTREE_DTS_NAME="{" ".join(board.device_trees)}"']
    return lines


def symbol(line: str) -> str:
    return line.removeprefix("# ").split("=")[0].split(" ")[0]


def differences() -> list[str]:
    out, expected = [], set()
    for board in boards():
        path = CONFIGS / f"hsv_{board.id.replace('-', '_')}_defconfig"
        expected.add(path)
        wanted = lines_of(board)
        symbols = [symbol(line) for line in wanted]
        out += [f"{board.id}: {one} is set twice" for one in sorted(set(symbols)) if symbols.count(one) > 1]
        there = path.read_text().splitlines() if path.is_file() else []
        name = path.relative_to(ROOT)
        out += [f"{name}: {line} is missing" for line in sorted(set(wanted) - set(there))]
        out += [f"{name}: {line} is in none of its parts" for line in sorted(set(there) - set(wanted))]
    out += [f"{path.relative_to(ROOT)}: no board of this name" for path in sorted(set(CONFIGS.iterdir()) - expected)]
    used = {"dev"} | {part for board in boards() for part in parts_of(board)}
    out += [f"{PARTS.relative_to(ROOT)}/{path.name}: used by no board" for path in PARTS.iterdir() if path.name not in used]
    return out
