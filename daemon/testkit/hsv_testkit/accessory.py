# SPDX-License-Identifier: MIT OR Apache-2.0
"""Starts the camera as a process of its own and looks at it from outside."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

REPOSITORY = Path(__file__).resolve().parents[3]
SETUP_CODE = "031-45-155"
Settings = dict[str, dict[str, Any]]


def camera_binary() -> Path:
    """The program under test: $HSVD, else the release build."""
    return Path(os.environ.get("HSVD") or REPOSITORY / "target" / "release" / "hsvd")


def free_port() -> int:
    """A port nobody listens on, below the range from which clients get theirs."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class StartError(Exception):
    """The camera did not come up; the message holds its log."""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(of)}" for key, of in value.items()) + " }"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


@dataclass
class Accessory:
    """One camera with its own state directory and ports; restarts keep both."""

    work: Path
    settings: Settings = field(default_factory=dict)
    binary: Path = field(default_factory=camera_binary)
    setup_code: str = SETUP_CODE
    host: str = "127.0.0.1"
    environment: dict[str, str] = field(default_factory=dict)
    inside: list[str] = field(default_factory=list)
    """Words before the command, for a network of its own."""
    expect_end: bool = False
    """Whether a test ends this camera on purpose."""
    extra_arguments: ClassVar[list[str]] = []
    """On the command line of every camera."""

    def __post_init__(self) -> None:
        self.port = free_port()
        self.hds_port = free_port()
        self.state = self.work / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self.config = self.work / "hsvd.toml"
        self.config.write_text(self._config_text())
        self.lines: list[str] = []
        self._news = threading.Condition()
        self.process: subprocess.Popen[str] | None = None

    def _config_text(self) -> str:
        tables: Settings = {
            "hap": {"bind": self.host, "port": self.port, "advertise": False},
            "hds": {"port": self.hds_port},
            "pairing": {"setup-code": self.setup_code},
            "video": {"source": "test-pattern", "width": 1280, "height": 720, "fps": 30},
            "audio": {"source": "tone"},
            "control": {"bus": "none"},
        }
        for name, table in self.settings.items():
            tables.setdefault(name, {}).update(table)
        text = 'name = "Porch"\n'
        for name, table in tables.items():
            text += f"[{name}]\n" + "".join(f"{k} = {_toml(v)}\n" for k, v in table.items())
        return text

    def __enter__(self) -> Accessory:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, timeout: float = 20.0) -> Accessory:
        """Returns once the HAP port answers; StartError otherwise."""
        command = [*self.inside, str(self.binary)]
        command += ["--config", str(self.config), "--state-dir", str(self.state)]
        command += self.extra_arguments
        environment = {**os.environ, "RUST_LOG": "info", **self.environment}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            start_new_session=True,
        )
        threading.Thread(target=self._collect, args=(self.process,), daemon=True).start()
        try:
            self._wait_port(time.monotonic() + timeout)
        except TimeoutError as error:
            self.kill()
            raise StartError(f"{error}\n{self.log()}") from error
        return self

    def _collect(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_log(self, text: str, timeout: float) -> str:
        """Waits for a line of the log that holds `text`."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or (self.process and self.process.poll() is not None):
                    raise TimeoutError(f"no log line with {text!r}")
                self._news.wait(min(left, 0.2))

    def _wait_port(self, deadline: float) -> None:
        while True:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
                return
            except OSError as error:
                if time.monotonic() > deadline or not self.is_running():
                    raise TimeoutError(f"the HAP port does not answer: {error}") from error
                time.sleep(0.02)

    def log(self) -> str:
        with self._news:
            return "\n".join(self.lines)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def trigger_motion(self) -> float:
        """Starts motion for `[motion] hold-s`; returns the moment (monotonic)."""
        now = time.monotonic()
        self.signal(signal.SIGUSR1)
        return now

    def ring(self) -> float:
        """A press on the bell of a doorbell; returns the moment (monotonic)."""
        now = time.monotonic()
        self.signal(signal.SIGUSR2)
        return now

    def kill(self) -> None:
        """Power loss: SIGKILL, to what it started too, then wait."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def terminate(self, timeout: float = 5.0) -> tuple[float, int]:
        """SIGTERM; the seconds until the end and the exit code."""
        assert self.process is not None
        started = time.monotonic()
        self.process.terminate()
        code = self.process.wait(timeout)
        return time.monotonic() - started, code

    def restart(self) -> None:
        """A power cycle."""
        self.kill()
        self.start()

    # What the kernel says about the process

    def memory_kib(self, key: str = "VmRSS") -> int:
        """A line of /proc/PID/status in KiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)

    def pss_kib(self) -> int:
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
        raise KeyError("Pss")

    def cpu_seconds(self, children: bool = False) -> float:
        """User and system time of all threads since the start; with that of ended children."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")
