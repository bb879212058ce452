"""Whether an image that was made of packages could join Wi-Fi: iwd, what it has the kernel compute, driver and firmware."""

import pathlib
import subprocess

from images.checks import problem
from images.facts import Board

# As the kernel asks for them (crypto/algapi.c, crypto/af_alg.c), for iwd's hashes, ciphers and keys.
COMPUTED = ["algif-hash", "algif-skcipher", "pkcs8_key_parser"]
COMPUTED += [f"crypto-{name}" for name in "aes cbc cmac ctr ecb hmac des md4 md5 sha1 sha256 sha512".split()]
# A user's keyring, and Diffie-Hellman with it: parts of the kernel that are no modules
BUILT_IN = ("CONFIG_KEYS=y", "CONFIG_KEY_DH_OPERATIONS=y", "CONFIG_ASYMMETRIC_KEY_TYPE=y")
PROGRAM = "usr/libexec/iwd"
STARTED = ("etc/systemd/system/multi-user.target.wants/iwd.service", "etc/systemd/system/multi-user.target.wants/hsv-join.service")


def check_wifi(board: Board, images: pathlib.Path, root: pathlib.Path) -> None:
    for name in (PROGRAM, *(f"usr/lib/firmware/{name}" for name in ("regulatory.db", *board.packages.radio_firmware))):
        path = root / name
        if not path.is_file() or path.stat().st_size == 0:
            problem(board.id, f"{name} is not in the root")
    for name in STARTED:
        if not (root / name).is_symlink():
            problem(board.id, f"{name}: it is not started")
    releases = [path.name for path in root.glob("usr/lib/modules/*")]
    if len(releases) != 1:
        problem(board.id, f"kernels {releases}")
        return
    for name in [*COMPUTED, *board.packages.drivers]:
        command = ["modprobe", "--dirname", root, "--set-version", releases[0], "--show-depends", name]
        done = subprocess.run(command, capture_output=True, text=True)
        # A file that another one needs and that is gone is told of, and no failure
        if done.returncode != 0 or done.stderr:
            problem(board.id, f"{name}: {done.stderr.strip()}")
        for line in done.stdout.splitlines():
            kind, _, file = line.strip().partition(" ")
            if kind == "insmod" and not pathlib.Path(file.split()[0]).is_file():
                problem(board.id, f"{name} needs {file}, which is not there")
    config = (images / "kernel.config").read_text().splitlines()
    for line in BUILT_IN:
        if line not in config:
            problem(board.id, f"its kernel lacks {line}")
