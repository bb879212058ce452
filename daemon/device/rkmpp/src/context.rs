// SPDX-License-Identifier: MIT OR Apache-2.0
//! A context of the library with everything that belongs to it, ended in the right order.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

use rkmpp_sys::{MPP_OK, MpiCmd, MppApi, MppCodingType, MppCtx, MppEncCfg, MppPacket, RockchipMpp};

use crate::Error;
use crate::config::{Setting, Value};
use crate::memory::{Copies, Picture};
use crate::packet::RawPacket;

/// A context. Its parts end in this order: first the context, whose threads may use all others.
pub(crate) struct Context {
    running: Running,
    config: Config,
    /// A picture that was not given back by the encoder: it may still read it.
    pub kept: Option<Picture>,
    pub copies: Option<Copies>,
}

// SAFETY: the library's objects belong to no thread; it locks what its own threads share. Here they
// are used by one thread at a time, through `&mut`.
unsafe impl Send for Context {}

struct Running {
    library: &'static RockchipMpp,
    ctx: MppCtx,
    api: NonNull<MppApi>,
}

struct Config {
    library: &'static RockchipMpp,
    cfg: MppEncCfg,
}

impl Context {
    /// Makes a context that waits for `timeout_ms` at most, both for a picture to be read and for
    /// its packet.
    pub fn new(
        library: &'static RockchipMpp,
        coding: MppCodingType,
        timeout_ms: i64,
    ) -> Result<Self, Error> {
        let (mut ctx, mut api) = (null_mut(), null_mut());
        // SAFETY: both are ours and writable.
        done("mpp_create", unsafe { library.mpp_create(&raw mut ctx, &raw mut api) })?;
        let api = NonNull::new(api).ok_or(Error::Failed { call: "mpp_create", code: MPP_OK })?;
        let mut running = Running { library, ctx, api };
        let mut timeout_ms = timeout_ms;
        for command in [rkmpp_sys::MPP_SET_INPUT_TIMEOUT, rkmpp_sys::MPP_SET_OUTPUT_TIMEOUT] {
            // SAFETY: these two read one i64, which outlives the call.
            unsafe { running.control("timeout", command, (&raw mut timeout_ms).cast()) }?;
        }
        // SAFETY: the context is new.
        done("mpp_init", unsafe { library.mpp_init(ctx, rkmpp_sys::MPP_CTX_ENC, coding) })?;
        let mut cfg = null_mut();
        // SAFETY: ours and writable.
        done("mpp_enc_cfg_init", unsafe { library.mpp_enc_cfg_init(&raw mut cfg) })?;
        let config = Config { library, cfg };
        // SAFETY: this one takes settings, which live.
        unsafe { running.control("MPP_ENC_GET_CFG", rkmpp_sys::MPP_ENC_GET_CFG, cfg) }?;
        Ok(Self { running, config, kept: None, copies: None })
    }

    /// Sets `settings`, all or an error.
    pub fn configure(&mut self, settings: &[Setting]) -> Result<(), Error> {
        let Config { library, cfg } = self.config;
        for setting in settings {
            let name = setting.name.as_ptr();
            // SAFETY: the settings live, and the name is a C string.
            let code = unsafe {
                match setting.value {
                    Value::S32(value) => library.mpp_enc_cfg_set_s32(cfg, name, value),
                    Value::U32(value) => library.mpp_enc_cfg_set_u32(cfg, name, value),
                }
            };
            if code != MPP_OK {
                let name = setting.name.to_str().unwrap_or("?");
                return Err(Error::Setting { name, code });
            }
        }
        // SAFETY: this one takes settings, which live.
        unsafe { self.running.control("MPP_ENC_SET_CFG", rkmpp_sys::MPP_ENC_SET_CFG, cfg) }
    }

    /// Has the parameter sets repeated before every IDR.
    pub fn repeat_headers(&mut self) -> Result<(), Error> {
        let mut mode = rkmpp_sys::MPP_ENC_HEADER_MODE_EACH_IDR;
        let command = rkmpp_sys::MPP_ENC_SET_HEADER_MODE;
        // SAFETY: this one reads a mode, which outlives the call.
        unsafe { self.running.control("MPP_ENC_SET_HEADER_MODE", command, (&raw mut mode).cast()) }
    }

    /// Makes the next picture an IDR.
    pub fn force_idr(&mut self) -> Result<(), Error> {
        let command = rkmpp_sys::MPP_ENC_SET_IDR_FRAME;
        // SAFETY: this one reads nothing.
        unsafe { self.running.control("MPP_ENC_SET_IDR_FRAME", command, null_mut()) }
    }

    /// The parameter sets, in memory of ours.
    pub fn headers(&mut self) -> Result<Vec<u8>, Error> {
        let (library, mut memory) = (self.running.library, vec![0u8; MAX_HEADER_BYTES]);
        let mut packet: MppPacket = null_mut();
        // SAFETY: `memory` outlives the packet and is not touched until that has ended.
        let code = unsafe {
            library.mpp_packet_init(&raw mut packet, memory.as_mut_ptr().cast(), memory.len())
        };
        done("mpp_packet_init", code)?;
        let packet = RawPacket { library, packet };
        // SAFETY: the packet lives. It is full until its length is set.
        unsafe { library.mpp_packet_set_length(packet.packet, 0) };
        let command = rkmpp_sys::MPP_ENC_GET_HDR_SYNC;
        // SAFETY: this one takes a packet, which lives.
        unsafe { self.running.control("MPP_ENC_GET_HDR_SYNC", command, packet.packet) }?;
        let (_, len) = packet.bytes();
        drop(packet);
        if len == 0 || len > memory.len() {
            return Err(Error::Packet(len));
        }
        memory.truncate(len);
        Ok(memory)
    }

    /// Waits until the encoder has read `picture`.
    pub fn put(&mut self, picture: &Picture) -> Result<(), Error> {
        let put = self.running.api().encode_put_frame;
        let put = put.ok_or(Error::Failed { call: "encode_put_frame", code: MPP_OK })?;
        // SAFETY: context and picture live, and the picture is kept when this fails.
        went("encode_put_frame", unsafe { put(self.running.ctx, picture.frame()) })
    }

    /// Waits for what was encoded; `None` when the time is over.
    pub fn packet(&mut self) -> Result<Option<RawPacket>, Error> {
        let take = self.running.api().encode_get_packet;
        let take = take.ok_or(Error::Failed { call: "encode_get_packet", code: MPP_OK })?;
        let mut packet = null_mut();
        // SAFETY: the context lives and `packet` is ours.
        let code = unsafe { take(self.running.ctx, &raw mut packet) };
        let library = self.running.library;
        let packet = (!packet.is_null()).then(|| RawPacket { library, packet });
        if packet.is_none() && code == rkmpp_sys::MPP_ERR_TIMEOUT {
            return Ok(None);
        }
        went("encode_get_packet", code).map(|()| packet)
    }
}

impl Running {
    fn api(&self) -> &MppApi {
        // SAFETY: the library's table lives as long as the context at least, and nobody writes it.
        unsafe { self.api.as_ref() }
    }

    /// # Safety
    /// `parameter` is what `command` reads or writes, and lives until this returns.
    unsafe fn control(
        &mut self,
        call: &'static str,
        command: MpiCmd,
        parameter: *mut c_void,
    ) -> Result<(), Error> {
        let control = self.api().control.ok_or(Error::Failed { call, code: MPP_OK })?;
        // SAFETY: the context lives; the rest is the caller's contract.
        done(call, unsafe { control(self.ctx, command, parameter) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SAFETY: made by the library and ended once; it waits for its own threads. What it
        // answers changes nothing.
        let _ended = unsafe { self.library.mpp_destroy(self.ctx) };
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: made by the library and ended once.
        let _ended = unsafe { self.library.mpp_enc_cfg_deinit(self.cfg) };
    }
}

/// Two NAL units of some dozen bytes.
const MAX_HEADER_BYTES: usize = 4096;

pub(crate) fn done(call: &'static str, code: c_int) -> Result<(), Error> {
    if code == MPP_OK { Ok(()) } else { Err(Error::Failed { call, code }) }
}

/// The calls of the data flow count what is waiting: positive is no error.
fn went(call: &'static str, code: c_int) -> Result<(), Error> {
    if code >= MPP_OK { Ok(()) } else { Err(Error::Failed { call, code }) }
}
