# SPDX-License-Identifier: MIT OR Apache-2.0
"""Updates of the appliance under test: the image that runs, with another version and, if wanted,
a fault; and a web server to stream them from, which counts what was fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hsv_testkit.accessory import REPOSITORY

Change = Callable[[Path, Path], None]
"""Of a root's folder and a boot partition's image."""

HURRY = """[Service]
ExecStart=
ExecStart=/usr/bin/hsv-update --proof 12 --patience 75
"""
UNITS = "usr/lib/systemd/system"


def run(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def nothing(_root: Path, _boot: Path) -> None:
    """It works."""


def hsvd_crashes(root: Path, _boot: Path) -> None:
    folder = root / UNITS / "hsvd.service.d"
    (folder / "90-fault.conf").write_text("[Service]\nExecStart=\nExecStart=/bin/false\n")


def no_pictures(root: Path, _boot: Path) -> None:
    """A driver that is missing: the source is a node that nobody makes."""
    file = root / "etc/hsv/hsvd.toml"
    text = re.sub(r'(?m)^source = ".*"$', 'source = "v4l2:/dev/video9"', file.read_text())
    if text == file.read_text():
        text += '\n[video]\nsource = "v4l2:/dev/video9"\n'
    file.write_text(text)


def hap_is_deaf(root: Path, _boot: Path) -> None:
    file = root / "usr/share/hsv/nftables.conf"
    text = file.read_text()
    assert "\t\tiif lo accept\n" in text
    file.write_text(
        text.replace("\t\tiif lo accept\n", "\t\ttcp dport 51826 drop\n\t\tiif lo accept\n")
    )


def kernel_does_not_boot(_root: Path, boot: Path) -> None:
    rubbish = boot.with_name("rubbish")
    rubbish.write_bytes(b"\x00" * 4096)
    run("mcopy", "-o", "-i", boot, rubbish, "::Image")


def root_is_not_mounted(_root: Path, boot: Path) -> None:
    """The initrd has no driver for it."""
    folder = boot.with_name("initrd")
    folder.mkdir()
    run(
        "sh",
        "-c",
        f"cd {folder} && : > init && chmod 755 init && printf 'init\\n' | "
        "cpio -o -H newc --quiet | gzip > ../initrd.gz",
    )
    run("mcopy", "-o", "-i", boot, boot.with_name("initrd.gz"), "::initrd")


def state_is_too_new(root: Path, _boot: Path) -> None:
    (root / "usr/share/hsv/state-schema").write_text("2\n")


class Bundles:
    """Makes them, and serves them over HTTP with ranges, as RAUC's streaming wants."""

    def __init__(self, images: Path, work: Path) -> None:
        self.images, self.work = images, work
        self.folder = work / "served"
        self.folder.mkdir(parents=True)
        self.sent: dict[str, int] = {}
        self._root = work / "root"
        run("fsck.erofs", f"--extract={self._root}", "--preserve-perms", images / "rootfs.erofs")
        bundles = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_words: object) -> None:
                """Quiet."""

            def do_HEAD(self) -> None:
                self._serve(is_wanted=False)

            def do_GET(self) -> None:
                self._serve(is_wanted=True)

            def _serve(self, is_wanted: bool) -> None:
                file = bundles.folder / self.path.lstrip("/")
                if not file.is_file():
                    self.send_error(404)
                    return
                size = file.stat().st_size
                asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
                first = int(asked[1]) if asked else 0
                last = min(int(asked[2]), size - 1) if asked and asked[2] else size - 1
                if first > last:
                    self.send_error(416)
                    return
                self.send_response(206 if asked else 200)
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(last - first + 1))
                if asked:
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                self.end_headers()
                if is_wanted:
                    with file.open("rb") as stream:
                        stream.seek(first)
                        body = stream.read(last - first + 1)
                    self.wfile.write(body)
                    name = file.name
                    bundles.sent[name] = bundles.sent.get(name, 0) + len(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def make(self, name: str, version: str, change: Change = nothing) -> str:
        """The bundle's address, as the guest sees it."""
        work = self.work / name
        root, images = work / "root", work / "images"
        images.mkdir(parents=True)
        run("cp", "-a", self._root, root)
        release = root / "usr/lib/os-release"
        text = re.sub(r"(?m)^IMAGE_VERSION=.*$", f"IMAGE_VERSION={version}", release.read_text())
        assert version in text
        release.write_text(text)
        hurry = root / UNITS / "hsv-update.service.d"
        hurry.mkdir(exist_ok=True)
        (hurry / "50-hurry.conf").write_text(HURRY)
        shutil.copy(self.images / "boot-a.vfat", images)
        change(root, images / "boot-a.vfat")
        # As the image was made, so that blocks which have not changed are the same
        run("mkfs.erofs", "-zlz4hc,9", "-T0", "--all-root", images / "rootfs.erofs", root)
        keys = self.images.parent / "keys"
        run(
            REPOSITORY / "scripts/make-bundle",
            "qemu-virt",
            images,
            self.folder / f"{name}.raucb",
            "--cert",
            keys / "signing.cert.pem",
            "--key",
            keys / "signing.key.pem",
        )
        shutil.rmtree(work)
        return f"http://10.0.2.2:{self.port}/{name}.raucb"

    def stick(self, *names: str) -> Path:
        """A USB stick with FAT and these bundles on it."""
        image = self.work / "stick.img"
        files = [self.folder / f"{name}.raucb" for name in names]
        size = sum(file.stat().st_size for file in files) + (16 << 20)
        with image.open("wb") as stick:
            stick.truncate(size)
        run("mformat", "-i", image, "-F", "::")
        run("mcopy", "-i", image, *files, "::")
        return image

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._root)
