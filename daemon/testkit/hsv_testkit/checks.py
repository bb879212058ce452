# SPDX-License-Identifier: MIT OR Apache-2.0
"""The rules a recording has to keep, checked on what the hub received."""

from __future__ import annotations

from dataclasses import dataclass

from . import mp4
from .recording import Recording
from .recording_config import LEVELS, Selected

FIRST_DATA_S = 1.0
LARGEST_GAP_S = 8.0
FRAGMENT_SLACK_S = 0.010
PROFILE_IDC = (66, 77, 100)


@dataclass
class Summary:
    """What the checked recording holds."""

    tracks: dict[int, mp4.Track]
    fragments: list[mp4.Fragment]
    video_s: float
    video_frames: int
    audio_s: float

    @property
    def video(self) -> mp4.Track:
        return next(track for track in self.tracks.values() if track.handler == "vide")

    @property
    def audio(self) -> mp4.Track | None:
        found = [track for track in self.tracks.values() if track.handler == "soun"]
        return found[0] if found else None

    @property
    def frames_per_second(self) -> float:
        return self.video_frames / self.video_s


def check_timing(recording: Recording) -> None:
    """First data within a second of the open request, then never eight seconds of silence."""
    first = recording.init.first_arrived - recording.opened
    assert first < FIRST_DATA_S, f"first data after {first:.2f} s"
    last = recording.init.last_arrived
    for part in recording.fragments:
        gap = part.last_arrived - last
        assert gap < LARGEST_GAP_S, f"{gap:.2f} s of silence before fragment {part.sequence}"
        last = part.last_arrived


def check_media(recording: Recording, selected: Selected, audio: bool) -> Summary:
    """Init segment and fragments against the standard and the selected configuration."""
    tracks = mp4.parse_init(recording.init.data)
    fragments = [mp4.parse_fragment(part.data) for part in recording.fragments]
    assert fragments, "no fragment"
    totals = {number: 0 for number in tracks}
    expected = {number: fragments[0].runs[number].decode_time for number in tracks}
    for index, fragment in enumerate(fragments):
        assert fragment.sequence == fragments[0].sequence + index, "mfhd sequence"
        assert set(fragment.runs) <= set(tracks), "a run of an unknown track"
        for number, run in fragment.runs.items():
            assert run.decode_time == expected[number], (
                f"track {number}: tfdt {run.decode_time}, expected {expected[number]}"
            )
            expected[number] += run.duration
            totals[number] += run.duration
    summary = Summary(tracks, fragments, 0.0, 0, 0.0)
    _check_video(summary, selected)
    assert (summary.audio is not None) == audio, f"audio track: {summary.audio}"
    summary.video_s = totals[summary.video.number] / summary.video.timescale
    if summary.audio is not None:
        _check_audio(summary, selected)
        summary.audio_s = totals[summary.audio.number] / summary.audio.timescale
        apart = abs(summary.audio_s - summary.video_s)
        assert apart < 0.25, f"audio and video lengths differ by {apart:.3f} s"
    return summary


def _check_video(summary: Summary, selected: Selected) -> None:
    video = summary.video
    assert (video.width, video.height) == (selected.width, selected.height), video
    assert video.profile == PROFILE_IDC[selected.profile], f"profile {video.profile}"
    assert video.level <= max(41, LEVELS[selected.level]), f"level {video.level}"
    limit = selected.fragment_ms / 1000 + FRAGMENT_SLACK_S
    for fragment in summary.fragments:
        run = fragment.runs[video.number]
        first, rest = run.samples[0], run.samples[1:]
        assert first.sync and mp4.IDR in first.nal_types(), "a fragment begins with a keyframe"
        assert not any(sample.sync for sample in rest), "a keyframe inside a fragment"
        for sample in rest:
            assert mp4.IDR not in sample.nal_types(), "an unmarked IDR inside a fragment"
            assert sample.duration > 0, "a video sample without duration"
        seconds = run.duration / video.timescale
        assert seconds <= limit, f"a fragment of {seconds:.3f} s"
        summary.video_frames += len(run.samples)


def _check_audio(summary: Summary, selected: Selected) -> None:
    audio = summary.audio
    assert audio is not None
    assert audio.sample_rate == selected.audio_hz, f"audio at {audio.sample_rate} Hz"
    for fragment in summary.fragments:
        assert fragment.runs[audio.number].samples, "a fragment without sound"


def check_starts_at_zero(summary: Summary) -> None:
    """Decode times are rebased for each recording and mfhd counts from one."""
    first = summary.fragments[0]
    assert first.sequence == 1, f"mfhd begins at {first.sequence}"
    times = {number: run.decode_time for number, run in first.runs.items()}
    assert times[summary.video.number] == 0, f"tfdt begins at {times}"


def prebuffer_seconds(recording: Recording, motion: float) -> float:
    """How much of the recording lies before the motion.

    A live fragment arrives just after its last frame, so arrival minus media end, at its
    smallest, is the moment of the recording's first frame.
    """
    tracks = mp4.parse_init(recording.init.data)
    video = next(track for track in tracks.values() if track.handler == "vide")
    end, starts = 0.0, []
    for part in recording.fragments:
        end += mp4.parse_fragment(part.data).runs[video.number].duration / video.timescale
        starts.append(part.last_arrived - end)
    return motion - min(starts)


def check_prebuffer(recording: Recording, selected: Selected, motion: float) -> float:
    """At least the prebuffer length before the motion, and no flood.

    Fragments are whole, so covering the length may take one more fragment than it needs, the
    one being made at the time comes on top, and one more is allowed.
    """
    seconds = prebuffer_seconds(recording, motion)
    wanted, fragment = selected.prebuffer_ms / 1000, selected.fragment_ms / 1000
    assert seconds >= wanted - 0.3, f"only {seconds:.2f} s before the motion"
    assert seconds <= wanted + 2 * fragment + 0.5, f"{seconds:.2f} s before the motion: a flood"
    return seconds
