"""The system below the daemon: its installation, its units, its firewall."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib

from images.checks import COMMON, problem, run
from images.facts import BOARDS, ROOT, boards

UNITS = COMMON / "root/usr/lib/systemd/system"
DEV_UNITS = COMMON / "dev/usr/lib/systemd/system"


def check_release(root: pathlib.Path, board: str) -> None:
    """Installed again over packages that say something of themselves, with another version."""
    release, workspace = root / "usr/lib/os-release", tomllib.loads((ROOT / "Cargo.toml").read_text())
    ours = f"IMAGE_ID=hsv-{board}\nIMAGE_VERSION="
    if (text := release.read_text()) != f"{ours}{workspace['workspace']['package']['version']}\n":
        problem(board, f"os-release is {text!r}")
    release.write_text(f"NAME=Others\n{text}ID=others")
    run(COMMON / "install", root, board, env={"HSV_VERSION": "10.20.30"})
    if (text := (root / "etc/os-release").read_text()) != f"NAME=Others\nID=others\n{ours}10.20.30\n":
        problem(board, f"os-release is {text!r} after a second time")


def check_root(work: pathlib.Path) -> None:
    """board/common/install on an empty system of every board."""
    for board in boards():
        root = work / f"root-{board.id}"
        (root / "usr/lib").mkdir(parents=True)
        (root / "etc").mkdir()
        (root / "etc/shadow").write_text("root:*:::::::\nhsv:!:::::::\n")
        run(COMMON / "install", root, board.id)
        system = (root / "etc/rauc/system.conf").read_text()
        # RAUC reads its configuration first, and then misses the bundle
        said = subprocess.run(
            ["rauc", f"--conf={root / 'etc/rauc/system.conf'}", "info", work / "no-bundle"], capture_output=True, text=True
        ).stderr
        if "Failed" in said or f"No such file: {work / 'no-bundle'}" not in said:
            problem(board.id, f"rauc: {said.strip()}")
        backend = re.search(r"^bootloader-custom-backend=(.+)$", system, re.M)
        if board.is_pi and not (backend and os.access(root / backend[1].lstrip("/"), os.X_OK)):
            problem(board.id, "RAUC's back end is not installed")
        if board.is_pi == (root / "etc/fw_env.config").exists():
            problem(board.id, "fw_env.config is for U-Boot alone")
        for name in (root / "etc/machine-id", root / "usr/share/hsv/boards" / board.id / "board.toml"):
            if not name.is_file():
                problem(board.id, f"{name.relative_to(root)} is not installed")
        check_release(root, board.id)
    for version in ("1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-rc1", "1.2.3\n"):
        done = subprocess.run([COMMON / "install", root, board.id], env={**os.environ, "HSV_VERSION": version}, capture_output=True)
        if done.returncode == 0:
            problem(COMMON / "install", f"takes {version!r} for a version")
    # Somebody who could log in ends the build, a developer's too; sshd that of an image for a home
    for shadow, program, variant, why in (
        ("root::::::::\n", "", (), "a root without a password"),
        ("root:$6$salt$hash:::::::\n", "", (), "a password"),
        ("root:$6$salt$hash:::::::\n", "sshd", ("dev",), "a developer's password"),
        ("root:*:::::::\n", "sshd", (), "sshd"),
        ("root:*:::::::\n", "sshd", ("dev",), ""),
    ):
        (root / "etc/shadow").write_text(shadow)
        (root / "usr/sbin").mkdir(exist_ok=True)
        if program:
            (root / "usr/sbin" / program).touch()
        done = subprocess.run([COMMON / "install", root, board.id, *variant], capture_output=True)
        if (done.returncode == 0) != (why == ""):
            problem(COMMON / "install", f"accepts {why}" if why else f"refuses a developer's image: {done.stderr.decode()}")
        if program:
            (root / "usr/sbin" / program).unlink()
    if not (root / "usr/lib/hsv/dev-keys").exists():
        problem(COMMON / "install", "a developer's image takes no keys")


def check_units() -> None:
    """The whole start of the image, as far as this machine's systemd has its units: keys, and cycles among all."""
    units = sorted(path for folder in (UNITS, DEV_UNITS) for path in folder.iterdir() if path.is_file())
    ours = [*units, ROOT / "daemon/app/hsvd/dist/hsvd.service"]
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        shutil.copytree(UNITS, place, dirs_exist_ok=True)
        shutil.copytree(DEV_UNITS, place, dirs_exist_ok=True)
        shutil.copy(ours[-1], place)
        for path in [*place.glob("*.service"), *place.glob("*/*.conf")]:
            # The programs are on the board, not here
            path.write_text(re.sub(r"^(Exec\w+=[-+!@]*)/\S+", r"\1/bin/true", path.read_text(), flags=re.M))
        # Enabled, as systemctl preset-all does
        for path in ours:
            for target in re.findall(r"^WantedBy=(.+)$", path.read_text(), re.M):
                (place / f"{target}.wants").mkdir(exist_ok=True)
                (place / f"{target}.wants" / path.name).symlink_to(place / path.name)
        wants = place / "multi-user.target.wants"
        for name in ("systemd-networkd", "systemd-timesyncd"):
            (wants / f"{name}.service").symlink_to(f"/lib/systemd/system/{name}.service")
        # As Buildroot's, over a read-only root
        (place / "var.mount").write_text(
            "[Unit]\nDefaultDependencies=no\nConflicts=umount.target\nBefore=local-fs.target umount.target\n"
            "[Mount]\nWhat=tmpfs\nWhere=/var\nType=tmpfs\n"
        )
        (place / "local-fs.target.wants").mkdir()
        (place / "local-fs.target.wants/var.mount").symlink_to(place / "var.mount")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "multi-user.target"],
            capture_output=True, text=True, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{place}:"},
        )
        said = (done.stdout + done.stderr).replace(f"{place}/", "").splitlines()
        names = {path.name for path in ours}
        for line in said:
            if "cycle" in line or any(name in line for name in names):
                problem(UNITS, line)
        if done.returncode != 0:
            problem(UNITS, f"systemd-analyze verify: {done.returncode}")
    for path in units:
        for program in re.findall(r"^Exec\w+=[-+!@]*(/usr/lib/hsv/\S+)", path.read_text(), re.M):
            if not any(os.access(COMMON / part / program.lstrip("/"), os.X_OK) for part in ("root", "dev")):
                problem(path, f"{program} is not there")


def check_firewall() -> None:
    rules = COMMON / "root/usr/share/hsv/nftables.conf"
    text = rules.read_text()
    # In a network of its own: nft asks the kernel even to check
    done = subprocess.run(["unshare", "--net", "--map-root-user", "nft", "--check", "--file", rules], capture_output=True, text=True)
    if done.returncode != 0:
        problem(rules, f"nft: {done.stderr.strip()}")
    # What a developer's image adds, behind it
    with tempfile.NamedTemporaryFile("w", suffix=".nft") as both:
        both.write(text + (COMMON / "dev/usr/share/hsv/dev.nft").read_text())
        both.flush()
        done = subprocess.run(["unshare", "--net", "--map-root-user", "nft", "--check", "--file", both.name], capture_output=True, text=True)
    if done.returncode != 0:
        problem(COMMON / "dev/usr/share/hsv/dev.nft", f"nft: {done.stderr.strip()}")
    opened = set(re.search(r"tcp dport \{ (.+) \} accept", text)[1].split(", "))
    for path in sorted(BOARDS.glob("*/root/etc/hsv/hsvd.toml")):
        config = tomllib.loads(path.read_text())
        ports = {"hap": 51826, "hds": 51827}
        wanted = {str(config.get(name, {}).get("port", default)) for name, default in ports.items()}
        if opened != wanted or f"udp dport {config['live']['port-range']} accept" not in text:
            problem(rules, f"opens other ports than {path.relative_to(ROOT)}")
