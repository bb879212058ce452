# SPDX-License-Identifier: MIT OR Apache-2.0
"""The list of what is in an image of Buildroot's, on data like its own: a lost licence is noticed.

What is in an image of packages: appliance/test_sbom.py.
"""

from __future__ import annotations

import json
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hsv_testkit.accessory import REPOSITORY

KEPT = {
    "systemd-258": ["LICENSE.GPL2", "LICENSES/README.md"],
    "rockchip-mpp-refs_heads_main": ["LICENSES/MIT"],
    "hsv-daemon-0.1.0": ["LICENSE-MIT"],
}
SHOW_INFO: dict[str, dict[str, Any]] = {
    "systemd": {"version": "258", "license_files": KEPT["systemd-258"]},
    "rockchip-mpp": {"version": "refs/heads/main", "license_files": ["LICENSES/MIT"]},
    "hsv-daemon": {"version": "0.1.0", "license_files": ["LICENSE-MIT"]},
    "skeleton": {"version": "", "license_files": ["of-no-files"]},
    "udev": {"virtual": True},
    "host-cmake": {"type": "host", "version": "3.31", "license_files": ["not-on-the-card"]},
}


@pytest.fixture
def sbom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script; our crates are another matter."""
    loader = SourceFileLoader("sbom", str(REPOSITORY / "scripts/sbom"))
    spec = spec_from_loader("sbom", loader)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "crates", lambda folder: [])
    return module


@pytest.fixture
def images(tmp_path: Path) -> Path:
    told = {name: {"type": "target", "name": name} | info for name, info in SHOW_INFO.items()}
    (tmp_path / "show-info.json").write_text(json.dumps(told))
    for name, files in KEPT.items():
        for file in files:
            path = tmp_path / "licences/buildroot" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("You may.")
    return tmp_path


def problems(sbom: ModuleType, images: Path) -> list[str]:
    found: list[str] = sbom.problems_of(sbom.document("rock-5b", images), images, [])
    return found


def test_with_all_texts_there_is_nothing_to_say(sbom: ModuleType, images: Path) -> None:
    assert problems(sbom, images) == []


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name, files in KEPT.items() for file in files]
)
def test_a_text_that_is_lost_or_empty_is_noticed(
    sbom: ModuleType, images: Path, name: str, file: str
) -> None:
    path = images / "licences/buildroot" / name / file
    told = [f"{name} has no {file} in licences/buildroot"]
    path.write_text("")
    assert problems(sbom, images) == told
    path.unlink()
    assert problems(sbom, images) == told
