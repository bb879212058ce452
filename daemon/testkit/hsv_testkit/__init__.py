# SPDX-License-Identifier: MIT OR Apache-2.0
"""The outside view of the camera: a controller, a home hub and the checks they make.

Written from the standard's texts alone; it shares no code with the daemon.
"""
