# SPDX-License-Identifier: MIT OR Apache-2.0
"""ffmpeg as decoder of what a viewer received, and as an SRTP peer of its own."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

from .control import SrtpParameters

QUIET = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning"]
SUITE = "AES_CM_128_HMAC_SHA1_80"


def inline(parameters: SrtpParameters) -> str:
    return base64.b64encode(parameters.key + parameters.salt).decode()


def decode(path: Path) -> int:
    """Decodes an Annex B file and returns the number of pictures; any message is a failure."""
    command = [*QUIET, "-xerror", "-err_detect", "explode", "-f", "h264", "-i", str(path)]
    command += ["-fps_mode", "passthrough", "-f", "framehash", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, f"ffmpeg failed: {result.stderr}"
    assert not result.stderr.strip(), f"ffmpeg says: {result.stderr}"
    return sum(1 for line in result.stdout.splitlines() if not line.startswith("#"))


def luma(path: Path, width: int, height: int) -> list[bytes]:
    """The pictures of an Annex B file as luma planes."""
    command = [*QUIET, "-f", "h264", "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    assert len(data) % (width * height) == 0, "pictures of another size"
    return [data[at : at + width * height] for at in range(0, len(data), width * height)]


def probe(path: Path) -> dict[str, object]:
    """What ffprobe says about the first stream."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-count_frames", "-of", "json", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return dict(json.loads(result.stdout)["streams"][0])


def session_description(
    port: int, payload_type: int, parameters: SrtpParameters, codec: str = "H264/90000"
) -> str:
    """What ffmpeg needs to receive a stream by itself."""
    kind = "video" if codec.startswith("H264") else "audio"
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=live",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m={kind} {port} RTP/SAVP {payload_type}",
        f"a=rtpmap:{payload_type} {codec}",
        f"a=crypto:1 {SUITE} inline:{inline(parameters)}",
        "a=rtcp-mux",
    ]
    if kind == "video":
        lines.insert(-2, f"a=fmtp:{payload_type} packetization-mode=1")
    return "\n".join(lines) + "\n"


def receive(description: Path, target: Path, pictures: int) -> subprocess.Popen[str]:
    """Starts ffmpeg as a receiver that keeps so many pictures as they came."""
    command = [*QUIET, "-protocol_whitelist", "file,udp,rtp,srtp,crypto"]
    command += ["-analyzeduration", "1000000", "-i", str(description), "-c", "copy"]
    command += ["-frames:v", str(pictures), "-f", "h264", "-y", str(target)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


PROTOCOL = ("pkt_size", "localrtpport", "localrtcpport", "rtcpport")


def send(
    source: list[str], codec: list[str], parameters: SrtpParameters, port: int, **more: int
) -> subprocess.Popen[str]:
    """Starts ffmpeg as a sender; `more` are options of its RTP muxer or of the protocol."""
    query = "&".join(f"{name}={value}" for name, value in more.items() if name in PROTOCOL)
    command = [*QUIET, "-re", *source, *codec]
    for name, value in more.items():
        command += [] if name in PROTOCOL else [f"-{name}", str(value)]
    command += ["-f", "rtp", "-srtp_out_suite", SUITE, "-srtp_out_params", inline(parameters)]
    command += [f"srtp://127.0.0.1:{port}?{query}"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
