"""An update: a bundle of RAUC's, of what a build left behind. RAUC: docs/reference, "Manifest" and "Bundle Formats"."""

import argparse
import configparser
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from images.facts import BOARDS, Board

# By these names RAUC knows what to do with them: any .img is written as it is, a .vfat to where one is expected.
ROOT_IMAGE, BOOT_IMAGE, HOOK = "rootfs.img", "boot.vfat", "hook"
# Since this version RAUC keeps what it does not know in a manifest; Debian 12 has 1.8.
KEEPS_META = (1, 9)
TOOLS = {"rauc": "rauc", "mksquashfs": "squashfs-tools", "fsck.erofs": "erofs-utils", "openssl": "openssl"}
# At the end of a bundle: how long its signature is
LENGTH_BYTES = 8


class BundleError(Exception):
    """Why no update was made, as a sentence."""


def demand(truth: object, why: str) -> None:
    if not truth:
        raise BundleError(why)


def run(*command, env: dict[str, str] | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **(env or {})})
    # RAUC also tells what went well
    said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip() and not line.startswith("rauc-Message")]
    demand(done.returncode == 0, f"{words[0]} failed: {'; '.join(said)}")
    return done.stdout


class Image:
    """What the root says of itself."""

    def __init__(self, board: Board, images: pathlib.Path, work: pathlib.Path) -> None:
        self.root, self.boot = images / "rootfs.erofs", images / "boot-a.vfat"
        for file, slot in ((self.root, "root"), (self.boot, "boot")):
            demand(file.is_file(), f"{file} is not there: was the image built?")
            mib = board.sizes[f"{slot}-mib"]
            size = file.stat().st_size
            demand(0 < size <= mib << 20, f"{file} has {size} bytes, and {board.id}'s slot for it {mib} MiB")
        self.files = work / "root"
        run("fsck.erofs", f"--extract={self.files}", "--no-preserve", self.root)
        release = dict(re.findall(r'(?m)^(\w+)="?(.*?)"?$', self.text("usr/lib/os-release")))
        name, self.version = release.get("IMAGE_ID"), release.get("IMAGE_VERSION", "")
        demand(name == f"hsv-{board.id}", f"{self.root} calls itself {name}, not hsv-{board.id}")
        demand(re.fullmatch(r"\d+\.\d+\.\d+", self.version), f"{self.root} has no version")
        self.system = self.text("etc/rauc/system.conf")
        demand(
            f"compatible={board.update_compatible}\n" in self.system,
            f"{self.root} takes updates for another board than {board.update_compatible}",
        )
        self.keyring = self.files / "etc/rauc/keyring.pem"
        demand(self.keyring.is_file(), f"{self.root} takes no updates: it was built without HSV_KEYRING")
        self.state_schema = self.text("usr/share/hsv/state-schema").strip()
        demand(re.fullmatch(r"[1-9]\d*", self.state_schema), f"{self.root} does not say which format its state has")
        self.build = hashlib.sha256(self.root.read_bytes()).hexdigest()[:16]

    def text(self, name: str) -> str:
        file = self.files / name
        demand(file.is_file(), f"{self.root} has no /{name}")
        return file.read_text()

    def meta(self, offer: dict[str, str]) -> str:
        words = {"state-schema": self.state_schema, "build": self.build, **offer}
        return "[meta.hsv]\n" + "".join(f"{name}={word}\n" for name, word in words.items())

    def manifest(self, board: Board, offer: dict[str, str]) -> str:
        """A camera that has an image's blocks already needs not fetch them again: block-hash-index."""
        hooks = f"[hooks]\nfilename={HOOK}\n\n" if board.is_pi else ""
        boot_hooks = "hooks=post-install\n" if board.is_pi else ""
        return (
            f"[update]\ncompatible={board.update_compatible}\nversion={self.version}\n\n[bundle]\nformat=verity\n\n{hooks}"
            f"[image.root]\nfilename={ROOT_IMAGE}\nadaptive=block-hash-index\n\n"
            f"[image.boot]\nfilename={BOOT_IMAGE}\n{boot_hooks}\n{self.meta(offer)}"
        )


def offer_of(asked: argparse.Namespace) -> dict[str, str]:
    """What the publisher says to cameras that look by themselves (daemon/core/ota/src/offer.rs)."""
    words = {name: getattr(asked, name) for name in ("channel", "staged", "hours", "notes")}
    offer = {name: str(word) for name, word in words.items() if word is not None}
    for name, word in offer.items():
        demand(word.isprintable() and word == word.strip(), f"--{name} is one line")
    demand(0 <= int(offer.get("staged", 100)) <= 100, "--staged is of a hundred cameras")
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    hours = offer.get("hours", "00:00-01:00")
    demand(re.fullmatch(f"{clock}-{clock}", hours) and len(set(hours.split("-"))) == 2, "--hours is HH:MM-HH:MM")
    return offer


def rauc_version() -> tuple[int, ...]:
    said = run("rauc", "--version")
    found = re.search(r"(\d+)\.(\d+)", said)
    demand(found, f"rauc does not say its version: {said}")
    return tuple(int(number) for number in found.groups())


def sign(asked: argparse.Namespace, content: pathlib.Path, out: pathlib.Path) -> None:
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-outform", "DER"]
    command += ["-in", content, "-out", out, "-signer", asked.cert, "-inkey", asked.key]
    if asked.intermediate:
        command += ["-certfile", asked.intermediate]
    env = {}
    if asked.key.startswith("pkcs11:"):
        command += ["-engine", "pkcs11", "-keyform", "engine"]
        if "RAUC_PKCS11_PIN" in os.environ:
            command += ["-passin", "env:RAUC_PKCS11_PIN"]
        if module := os.environ.get("RAUC_PKCS11_MODULE"):
            env["PKCS11_MODULE_PATH"] = module
    run(*command, env=env)


def add_meta(asked: argparse.Namespace, meta: str, bundle: pathlib.Path, work: pathlib.Path) -> None:
    """Signs the manifest once more, with what an older RAUC has left out. It lies in the signature, at the bundle's end."""
    with bundle.open("r+b") as stream:
        stream.seek(-LENGTH_BYTES, os.SEEK_END)
        end = stream.tell()
        length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
        stream.seek(end - length)
        (work / "old.cms").write_bytes(stream.read(length))
        run("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", work / "old.cms", "-out", work / "manifest")
        manifest = (work / "manifest").read_bytes()
        demand(b"[meta." not in manifest, "RAUC has kept what it was said not to keep")
        (work / "manifest").write_bytes(manifest.rstrip(b"\n") + b"\n\n" + meta.encode())
        sign(asked, work / "manifest", work / "new.cms")
        new = (work / "new.cms").read_bytes()
        stream.seek(end - length)
        stream.write(new + len(new).to_bytes(LENGTH_BYTES, "big"))
        stream.truncate()


def check(image: Image, manifest: str, bundle: pathlib.Path, keyring: pathlib.Path, work: pathlib.Path) -> None:
    """As a camera reads it: its settings, its certificates; and that all is in the signed manifest."""
    system = work / "system.conf"
    lines = image.system.replace("path=/etc/rauc/keyring.pem", f"path={keyring.resolve()}")
    lines = re.sub(r"(?m)^(data-directory|mountprefix)=.*$", rf"\1={work}", lines)
    # Not here: it must exist on the machine
    system.write_text(re.sub(r"(?m)^bootloader-custom-backend=.*$", "bootloader-custom-backend=/bin/true", lines))
    run("rauc", f"--conf={system}", "info", bundle)
    with bundle.open("rb") as stream:
        stream.seek(-LENGTH_BYTES, os.SEEK_END)
        length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
        stream.seek(-LENGTH_BYTES - length, os.SEEK_END)
        (work / "read.cms").write_bytes(stream.read(length))
    run("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", work / "read.cms", "-out", work / "signed")
    signed, wanted = configparser.ConfigParser(), configparser.ConfigParser()
    signed.read(work / "signed")
    wanted.read_string(manifest)
    for section in wanted.sections():
        for key, value in wanted[section].items():
            found = signed.get(section, key, fallback="").rstrip(";")
            demand(found == value, f"the bundle says {found!r} where [{section}] {key} is {value!r}")


def make_bundle(board: Board, asked: argparse.Namespace) -> str:
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    demand(not missing, f"please install: {' '.join(missing)}")
    demand(not asked.out.exists(), f"{asked.out} is there already")
    demand(asked.key.startswith("pkcs11:") or pathlib.Path(asked.key).is_file(), f"no key: {asked.key} is not there")
    for file in (asked.cert, asked.intermediate, asked.keyring):
        demand(file is None or file.is_file(), f"no certificate: {file} is not there")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    # Beside the result, so that it appears whole; a system is too large for some computers' /tmp
    with tempfile.TemporaryDirectory(dir=asked.out.parent, prefix=".bundle-") as folder:
        work = pathlib.Path(folder)
        image = Image(board, asked.images, work)
        demand(asked.version in (None, image.version), f"{image.root} is version {image.version}, not {asked.version}")
        content, made = work / "content", work / "made.raucb"
        content.mkdir()
        shutil.copyfile(image.root, content / ROOT_IMAGE)
        shutil.copyfile(image.boot, content / BOOT_IMAGE)
        if board.is_pi:
            shutil.copyfile(BOARDS / "common/bundle-hook", content / HOOK)
            (content / HOOK).chmod(0o755)
        offer = offer_of(asked)
        manifest = image.manifest(board, offer)
        (content / "manifest.raucm").write_text(manifest)
        between = [f"--intermediate={asked.intermediate}"] if asked.intermediate else []
        run("rauc", f"--cert={asked.cert}", f"--key={asked.key}", *between, "bundle", content, made)
        if rauc_version() < KEEPS_META:
            add_meta(asked, image.meta(offer), made, work)
        check(image, manifest, made, asked.keyring or image.keyring, work)
        made.rename(asked.out)
    return f"{asked.out}: {board.update_compatible} {image.version}, {asked.out.stat().st_size >> 10} KiB"
