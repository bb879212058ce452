"""The rules of a BR2_EXTERNAL tree that need no Buildroot; scripts/check-buildroot asks Buildroot itself."""

import pathlib
import re

from images.checks import EXTERNAL, problem, problems


def check_external() -> None:
    desc = dict(line.split(": ", 1) for line in (EXTERNAL / "external.desc").read_text().splitlines())
    if desc.get("name") != "HSV" or not 0 < len(desc.get("desc", "")) <= 40:
        problem(EXTERNAL / "external.desc", "name is HSV, desc has 40 characters at most")
    if "$(wildcard $(BR2_EXTERNAL_HSV_PATH)/package/*/*.mk)" not in (EXTERNAL / "external.mk").read_text():
        problem(EXTERNAL / "external.mk", "does not include the packages")
    sourced = re.findall(r'^source "\$BR2_EXTERNAL_HSV_PATH/(.+)"$', (EXTERNAL / "Config.in").read_text(), re.M)
    if sourced != sorted(str(path.relative_to(EXTERNAL)) for path in EXTERNAL.glob("package/*/Config.in")):
        problem(EXTERNAL / "Config.in", "does not source every package, in order")
    for folder in sorted(EXTERNAL.glob("package/*")):
        check_package(folder)
    for path in sorted(EXTERNAL.rglob("*")):
        if not path.is_file():
            continue
        for named in re.findall(r"\$[({]?BR2_EXTERNAL_HSV_PATH[)}]?/([\w./-]*[\w-])", path.read_text()):
            if not (EXTERNAL / named).exists():
                problem(path, f"names {named}, which is not there")
    hashed = " ".join(path.read_text() for path in EXTERNAL.glob("patches/*/*.hash"))
    for path in sorted(EXTERNAL.glob("configs/*")):
        text = path.read_text()
        wanted = re.findall(r'^BR2_TARGET_UBOOT_CUSTOM_VERSION_VALUE="(.+)"', text, re.M)
        wanted += re.findall(r'^BR2_LINUX_KERNEL_CUSTOM_VERSION_VALUE="(.+)"', text, re.M)
        wanted += re.findall(r'^BR2_LINUX_KERNEL_CUSTOM_TARBALL_LOCATION=".*/(.+)"', text, re.M)
        problems.extend(f"{path.name}: no hash for {one} in patches/" for one in wanted if one not in hashed)
        commit = re.search(r'^BR2_LINUX_KERNEL_CUSTOM_REPO_VERSION="(.*)"', text, re.M)
        if commit and not re.fullmatch(r"[0-9a-f]{40}", commit[1]):
            problem(path, "a kernel from git is named by its whole commit")
        if not commit and "BR2_DOWNLOAD_FORCE_CHECK_HASHES=y" not in text:
            problem(path, "downloads are not checked")


def check_package(folder: pathlib.Path) -> None:
    name, makefile = folder.name, folder / f"{folder.name}.mk"
    prefix = name.upper().replace("-", "_")
    if not makefile.is_file():
        problem(folder, f"no {name}.mk")
        return
    text = makefile.read_text()
    if not text.startswith(f"{'#' * 80}\n#\n# {name}\n#\n{'#' * 80}\n\n"):
        problem(makefile, "no header as Buildroot's")
    if f"config BR2_PACKAGE_{prefix}\n" not in (folder / "Config.in").read_text():
        problem(folder / "Config.in", f"no BR2_PACKAGE_{prefix}")
    for variable in re.findall(r"^(?:define )?([A-Z][A-Z0-9_]*)\b", text, re.M):
        if not variable.startswith(f"{prefix}_"):
            problem(makefile, f"{variable} is not {prefix}_...")
    for variable in ("VERSION", "SITE", "LICENSE", "LICENSE_FILES"):
        if not re.search(rf"^{prefix}_{variable} = .", text, re.M):
            problem(makefile, f"no {prefix}_{variable}")
    if f"{prefix}_SITE_METHOD = local" in text:
        return
    hashes = folder / f"{name}.hash"
    hashed = hashes.read_text() if hashes.is_file() else ""
    version = re.search(rf"^{prefix}_VERSION = (.+)$", text, re.M)
    licences = re.search(rf"^{prefix}_LICENSE_FILES = (.+)$", text, re.M)
    for wanted in [f"{name}-{version[1]}" if version else name, *(licences[1].split() if licences else [])]:
        if not re.search(rf"^sha256  [0-9a-f]{{64}}  {re.escape(wanted)}", hashed, re.M):
            problem(folder, f"no hash for {wanted}")
