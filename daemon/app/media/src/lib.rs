// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads from sensor and microphone to encoded frames.
