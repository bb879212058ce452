#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera with a motion sensor made with HAP-python; it takes hsvd's command line.

HAP-python knows neither HomeKit Secure Video nor the data stream, so only pairing, sessions,
reads and events can be compared. The services of HSV stand in its database without any
function, so that every program serves a database of about the same size.
"""

from __future__ import annotations

import argparse
import signal
import tomllib
from pathlib import Path
from uuid import UUID

from pyhap.accessory_driver import AccessoryDriver
from pyhap.camera import VIDEO_CODEC_PARAM_LEVEL_TYPES, VIDEO_CODEC_PARAM_PROFILE_ID_TYPES, Camera
from pyhap.characteristic import HAP_FORMAT_BOOL, HAP_FORMAT_TLV8, HAP_FORMAT_UINT8, Characteristic
from pyhap.const import (
    HAP_PERMISSION_NOTIFY,
    HAP_PERMISSION_READ,
    HAP_PERMISSION_WRITE,
)
from pyhap.service import Service

OPTIONS = {
    "video": {
        "codec": {
            "profiles": [VIDEO_CODEC_PARAM_PROFILE_ID_TYPES["MAIN"]],
            "levels": [VIDEO_CODEC_PARAM_LEVEL_TYPES["TYPE4_0"]],
        },
        "resolutions": [[1920, 1080, 30], [1280, 720, 30], [320, 240, 15]],
    },
    "audio": {"codecs": [{"type": "OPUS", "samplerate": 24}]},
    "srtp": True,
    "stream_count": 2,
    "address": "127.0.0.1",
}

BASE = "-0000-1000-8000-0026BB765291"
TLV, BOOL, U8 = HAP_FORMAT_TLV8, HAP_FORMAT_BOOL, HAP_FORMAT_UINT8
READ, EVENT, WRITE = HAP_PERMISSION_READ, HAP_PERMISSION_NOTIFY, HAP_PERMISSION_WRITE
HSV_SERVICES = {
    "21A": {"223": BOOL, "21B": BOOL, "225": BOOL, "21D": BOOL, "11B": BOOL},
    "204": {"B0": U8, "205": TLV, "206": TLV, "207": TLV, "209": TLV, "226": U8},
    "129": {"130": TLV, "131": TLV},
    "112": {"11A": BOOL},
}


def long_type(short: str) -> UUID:
    return UUID(short.rjust(8, "0") + BASE)


def add_hsv_services(camera: Camera) -> None:
    for kind, characteristics in HSV_SERVICES.items():
        service = Service(long_type(kind), f"service {kind}")
        for name, form in characteristics.items():
            properties = {"Format": form, "Permissions": [READ, WRITE, EVENT]}
            shown = f"characteristic {name}"
            service.add_characteristic(Characteristic(shown, long_type(name), properties))
        camera.add_service(service)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    arguments = parser.parse_args()
    config = tomllib.loads(arguments.config.read_text())
    port = config["hap"]["port"]
    driver = AccessoryDriver(
        address="127.0.0.1",
        port=port,
        pincode=config["pairing"]["setup-code"].encode(),
        persist_file=str(arguments.state_dir / "accessory.state"),
    )
    camera = Camera(OPTIONS, driver, config["name"])
    detected = camera.add_preload_service("MotionSensor").configure_char("MotionDetected")
    add_hsv_services(camera)
    driver.add_accessory(camera)
    hold = config.get("motion", {}).get("hold-s", 10)

    def move() -> None:
        detected.set_value(True)
        driver.loop.call_later(hold, detected.set_value, False)

    async def run() -> None:
        driver.loop.add_signal_handler(signal.SIGUSR1, move)
        await driver.async_start()
        print(f"listening: hap {port}", flush=True)

    driver.loop.create_task(run())
    for number in (signal.SIGTERM, signal.SIGINT):
        driver.loop.add_signal_handler(number, driver.loop.stop)
    driver.loop.run_forever()


if __name__ == "__main__":
    main()
