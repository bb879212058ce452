# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an image says that it is made of, and whether the check of it would notice a lie.

Run by scripts/testbench/appliance, which see.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hsv_testkit.appliance import needs_appliance

SBOM = Path(__file__).resolve().parents[4] / "scripts/sbom"
Change = Callable[[dict[str, Any]], None]
pytestmark = needs_appliance


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """The part of the built image's folder that the check reads."""
    built = Path(os.environ["HSV_APPLIANCE"])
    for name in ("packages", "sbom.spdx.json"):
        shutil.copy(built / name, tmp_path)
    shutil.copytree(built / "licences", tmp_path / "licences")
    return tmp_path


def check(images: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SBOM, "--check", images], capture_output=True, text=True)


def named(sbom: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in sbom["packages"] if one["name"] == name)


def test_it_names_the_system_and_our_crates(images: Path) -> None:
    assert (done := check(images)).returncode == 0, done.stdout
    sbom = json.loads((images / "sbom.spdx.json").read_text())
    for name in ("systemd", "libc6", "rauc", "hsvd", "hsvctl", "openh264-sys2", "tokio"):
        licence = named(sbom, name)["licenseDeclared"]
        assert licence not in ("", "NOASSERTION"), name
    # whose C sources lie inside of a crate
    assert list((images / "licences/crates").glob("openh264-sys2-*/**/LICENSE*"))


def forget(name: str) -> Change:
    def change(sbom: dict[str, Any]) -> None:
        gone = named(sbom, name)
        sbom["packages"].remove(gone)
        sbom["relationships"] = [
            one for one in sbom["relationships"] if one["relatedSpdxElement"] != gone["SPDXID"]
        ]

    return change


def set_of(name: str, key: str, value: object) -> Change:
    return lambda sbom: named(sbom, name).update({key: value})


WRONG_SUM = [{"algorithm": "SHA256", "checksumValue": "0" * 64}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (forget("systemd"), "is in the image and not told of"),
        (set_of("systemd", "versionInfo", "1"), "systemd 1 is not in the image"),
        (set_of("tokio", "checksums", WRONG_SUM), "is not that of Cargo.lock"),
        (set_of("tokio", "licenseDeclared", "MIT / LicenseRef-lost"), "has the licence"),
        (set_of("tokio", "SPDXID", "SPDXRef-crate-x_y"), "is no identifier"),
        (lambda sbom: sbom.update(hasExtractedLicensingInfos=[]), "the licence 'LicenseRef-deb-"),
        (lambda sbom: sbom["relationships"].pop(), "belongs to nothing"),
        (lambda sbom: sbom.update(spdxVersion="SPDX-1.0"), "spdxVersion is not"),
    ],
)
def test_a_lie_is_noticed(images: Path, change: Change, says: str) -> None:
    path = images / "sbom.spdx.json"
    sbom = json.loads(path.read_text())
    change(sbom)
    path.write_text(json.dumps(sbom))
    done = check(images)
    assert done.returncode == 1 and says in done.stdout, done.stdout + done.stderr
