# SPDX-License-Identifier: MIT OR Apache-2.0
"""A viewer of live video: set-up, RTP, RTCP and SRTP by libsrtp, pictures and sound.

Written from the RFCs; decoding is left to ffmpeg and libopus. Nothing is shared with the camera.
"""
