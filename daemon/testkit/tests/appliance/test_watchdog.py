# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who watches whom: the kernel's and the hardware's watchdog over systemd, systemd over the camera;
what is kept of a crash; its sandbox; what a start waits for; and a partition `data` without room.

One start of a card with an order on it (`Appliance.order`), since nobody can log in.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from pathlib import Path

from life import START_S, Used, session_of

from hsv_testkit import database as db
from hsv_testkit.appliance import KERNEL_STARTS, Appliance, needs_appliance
from hsv_testkit.gdb import hang

pytestmark = needs_appliance
CODE = Path(__file__).parents[1] / "data" / "network_code.txt"
ORDER = """
[ -e /data/crashed ] || { touch /data/crashed; sync; echo c > /proc/sysrq-trigger; }
until systemctl is-active -q hsvd; do sleep 1; done
while systemd-analyze time 2>&1 | grep -q 'not yet finished'; do sleep 1; done
systemd-analyze --no-pager critical-chain hsvd.service | sed 's/^/order: chain: /'
systemctl show -p RuntimeWatchdogUSec -p WatchdogDevice -p NTPSynchronized | sed 's/^/order: /'
readlink /proc/1/fd/* | grep watchdog | sed 's/^/order: init has /'
findmnt -n -o FSTYPE,OPTIONS / | sed 's/^/order: root is /'
grep -l 'sysrq triggered crash' /data/crash/* | sed 's/^/order: kept: /'
units=/usr/lib/systemd/system
sed -e '/^ExecSt/d;/^Type/d;/^Watchdog/d;/^Restart/d' -e 's/^\\[Service\\]/&\\nType=oneshot\\
ExecStart=\\/usr\\/bin\\/hsvd --read-code\\nStandardInput=file:\\/data\\/picture\\
StandardOutput=file:\\/run\\/read/' $units/hsvd.service > /run/systemd/system/read.service
systemctl daemon-reload
systemctl start read
sed 's/^/order: read: /' /run/read
echo
dd if=/dev/zero of=/data/filler bs=1M 2>&1 | sed 's/^/order: filler: /'
systemctl restart hsv-state-copy
cd /state/hsv
sha256sum * > /run/sums
cd /data/state/hsv && sha256sum --check --quiet /run/sums && echo 'order: the copy has room'
touch /usr/anything || echo 'order: nothing is written there'
pid=$(systemctl show -P MainPID hsvd)
kill -STOP "$pid"
echo 'order: the camera stands still'
while [ "$(systemctl show -P MainPID hsvd)" = "$pid" ]; do sleep 1; done
until systemctl is-active -q hsvd; do sleep 1; done
why=$(journalctl -u hsvd -o cat --grep 'Failed with result' -n 1)
echo "order: started again $(systemctl show -P NRestarts hsvd) times, for $why"
"""


def ordered(appliance: Appliance, what: str, timeout: float = START_S) -> re.Match[str]:
    return appliance.wait_line(re.compile(f"order: {what}"), timeout)[1]


def picture_of_a_code() -> bytes:
    """As hsvd gives one to its reader: 640 by 360, the code of test_shown_network.py in it."""
    width, height, square = 640, 360, 6
    code = CODE.read_text().splitlines()
    luma = bytearray([180]) * (width * height)
    for row, squares in enumerate(code):
        for column, one in enumerate(squares):
            for y in range(row * square, row * square + square if one == "#" else 0):
                at = (y + 60) * width + column * square + 200
                luma[at : at + square] = bytes([40]) * square
    return struct.pack("<HH", width, height) + luma


def nth_start(appliance: Appliance, number: int) -> float:
    """When the kernel started for that time since the plug."""
    deadline = time.monotonic() + START_S
    while True:
        starts = [moment for moment, line in list(appliance.lines) if KERNEL_STARTS in line]
        if len(starts) >= number:
            return starts[number - 1]
        assert time.monotonic() < deadline, appliance.console()[-4000:]
        time.sleep(0.5)


def test_what_hangs_or_crashes_is_started_again(
    used: Used, appliance: Appliance, tell: Callable[[str], None]
) -> None:
    appliance.order(ORDER)
    (picture := appliance.work / "picture").write_bytes(picture_of_a_code())
    appliance.card.debugfs("data", f"write {picture} picture")
    appliance.resets = True
    appliance.start()
    after_crash = nth_start(appliance, 2)
    answered = appliance.wait_answer(START_S) - after_crash
    ordered(appliance, "the camera stands still")
    chain = re.findall(r"order: chain: (.*)", appliance.console())
    tell(f"kernel's start to the first HAP answer: {answered:.1f} s; what systemd waited for:")
    for line in chain:
        if "@" in line or line.startswith("hsvd"):
            tell(f"    {line}")
    assert not re.search("time-(wait-)?sync", "".join(chain)), "a start waits for the time"
    assert any(re.match(r"hsvd\.service \S*\+[\d.]+", line) for line in chain), chain

    assert ordered(appliance, r"RuntimeWatchdogUSec=(\S+)")[1] == "15s"
    assert ordered(appliance, "init has /dev/watchdog")
    assert ordered(appliance, r"root is erofs +ro,")
    assert ordered(appliance, "read: WIFI:T:WPA;S:Living Room;"), "in the camera's sandbox"
    assert ordered(appliance, "kept: /data/crash/dmesg")
    assert ordered(appliance, "filler: .*No space left on device")
    assert ordered(appliance, "the copy has room")
    assert ordered(appliance, "nothing is written there")

    again = ordered(appliance, "started again (.*) times, for (.*)")
    assert int(again[1]) == 1 and "watchdog" in again[2], again[0]
    appliance.wait_answer(START_S)
    with session_of(appliance, used.pairing) as session:
        assert session.read(db.RECORDING_ACTIVE) == 1

    with appliance.monitor() as monitor:
        stuck = time.monotonic()
        hang(monitor, appliance.work / "gdb")
        assert monitor.wait_event("WATCHDOG", 60)["action"] == "reset"
        tell(f"a kernel that is stuck is reset after {time.monotonic() - stuck:.0f} s")
    nth_start(appliance, 3)
