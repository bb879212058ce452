// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safe V4L2 calls over the raw layer of the v4l crate.
