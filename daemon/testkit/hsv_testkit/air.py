# SPDX-License-Identifier: MIT OR Apache-2.0
"""Wi-Fi without a radio: the kernel's simulated ones, a router in a network namespace of its own,
and iwd on a bus of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsv_testkit.bus import SESSION, Bus
from hsv_testkit.machine import load, unload, wait_until

IWD = Path("/usr/libexec/iwd")
PROGRAMS = {"hostapd": "hostapd", "iw": "iw", "busybox": "busybox-static", "dbus-daemon": "dbus"}
RFKILL = Path("/dev/rfkill")
PHYS = Path("/sys/class/ieee80211")
ROUTER = """
ip() { busybox ip "$@"; }
mount -t sysfs sysfs /sys  # that of the namespace
: > "$1/apart"
until [ -e "$1/there" ]; do sleep 0.1; done
ip link set lo up
iw phy "$2" interface add ap0 type managed
ip address add 10.9.0.1/24 dev ap0
busybox udhcpd -f "$1/dhcp.conf" &
exec hostapd "$1/ap.conf"
"""


def missing() -> str | None:
    """What the tests of Wi-Fi need and is not installed."""
    gone = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    gone += [] if IWD.exists() else ["iwd"]
    return ", ".join(gone) or None


class Air:
    """Two radios: one is iwd's, the other the router's."""

    def __init__(self, work: Path, ssid: str, password: str) -> None:
        self.work = work
        work.mkdir()
        load("mac80211_hwsim", radios=2)
        (work / "ap.conf").write_text(
            f"interface=ap0\nssid={ssid}\nchannel=1\nhw_mode=g\nwpa=2\nwpa_key_mgmt=WPA-PSK\n"
            f"rsn_pairwise=CCMP\nwpa_passphrase={password}\n"
        )
        (work / "leases").touch()
        (work / "dhcp.conf").write_text(
            f"interface ap0\nstart 10.9.0.50\nend 10.9.0.99\nlease_file {work}/leases\n"
            f"pidfile {work}/dhcp.pid\noption subnet 255.255.255.0\n"
        )
        (work / "router").write_text(ROUTER)
        theirs = max(phy.name for phy in PHYS.iterdir())
        command = ["unshare", "--net", "--mount", "sh", str(work / "router"), str(work), theirs]
        self.router = subprocess.Popen(command, start_new_session=True)
        wait_until((work / "apart").exists)
        there = str(self.router.pid)
        subprocess.run(["iw", "phy", theirs, "set", "netns", there], check=True, timeout=10)
        (work / "there").touch()

    def remove(self) -> None:
        os.killpg(self.router.pid, signal.SIGKILL)  # the DHCP server, too
        self.router.wait()
        unload("mac80211_hwsim")


@contextmanager
def iwd(work: Path, folder: Path) -> Iterator[str]:
    """iwd with its networks in `folder`; the address of its bus."""
    work.mkdir()
    # On the image networkd asks for addresses; here iwd itself does.
    (work / "main.conf").write_text(
        "[General]\nEnableNetworkConfiguration=true\n[Network]\nNameResolvingService=none\n"
    )
    if not RFKILL.exists():
        os.mkfifo(RFKILL)  # iwd does not start without one; this one switches nothing
    bus = Bus(work, "dbus-daemon", SESSION)
    environment = os.environ | {
        "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
        "STATE_DIRECTORY": str(folder),
        "CONFIGURATION_DIRECTORY": str(work),
    }
    program = subprocess.Popen([IWD], env=environment)
    try:
        yield bus.address
    finally:
        program.terminate()
        program.wait(timeout=10)
        bus.stop()
