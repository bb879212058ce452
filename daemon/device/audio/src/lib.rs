// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sound in from ALSA and the sound encoders.
