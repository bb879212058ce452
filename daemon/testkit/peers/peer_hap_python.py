#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera with a motion sensor made with HAP-python; it takes hsvd's command line.

HAP-python knows neither HomeKit Secure Video nor the data stream, so only pairing, sessions,
reads and events can be compared.
"""

from __future__ import annotations

import argparse
import signal
import tomllib
from pathlib import Path

from pyhap.accessory_driver import AccessoryDriver
from pyhap.camera import VIDEO_CODEC_PARAM_LEVEL_TYPES
from pyhap.camera import VIDEO_CODEC_PARAM_PROFILE_ID_TYPES, Camera

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
