// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contexts: the table of calls, and one picture after the other.

use std::collections::VecDeque;
use std::ptr::null_mut;
use std::time::Duration;

use rkmpp_sys::{
    MPP_CTX_ENC, MPP_ENC_GET_CFG, MPP_ENC_GET_HDR_SYNC, MPP_ENC_HEADER_MODE_EACH_IDR,
    MPP_ENC_SET_CFG, MPP_ENC_SET_HEADER_MODE, MPP_ENC_SET_IDR_FRAME, MPP_ERR_INIT,
    MPP_ERR_NULL_PTR, MPP_ERR_VALUE, MPP_NOK, MPP_OK, MPP_RET, MPP_SET_INPUT_TIMEOUT,
    MPP_SET_OUTPUT_TIMEOUT, MPP_VIDEO_CodingAVC as AVC, MPP_VIDEO_CodingMJPEG as MJPEG, MpiCmd,
    MppApi, MppCodingType, MppCtxType, MppEncHeaderMode, MppParam,
};

use crate::Handle;
use crate::config::{CONFIGS, Settings};
use crate::encode::Coder;
use crate::fault::{self, Faults};
use crate::frame::FRAMES;
use crate::packet::{PACKETS, Packet};
use crate::table::Table;

/// Contexts by handle.
pub static CONTEXTS: Table<Context> = Table::new("context");

/// An encoder and what it was told.
#[derive(Debug, Default)]
pub struct Context {
    faults: Faults,
    coding: Option<MppCodingType>,
    input_timeout_ms: Option<i64>,
    output_timeout_ms: Option<i64>,
    settings: Settings,
    coder: Option<Coder>,
    repeats_headers: bool,
    /// The parameter sets were given to the caller, so that the first IDR goes without.
    gave_headers: bool,
    wants_idr: bool,
    /// Pictures so far.
    number: u64,
    packets: VecDeque<Packet>,
    /// Pictures that never come back.
    held: Vec<Handle>,
}

// SAFETY: handles are numbers, of no thread.
unsafe impl Send for Context {}

struct Calls(MppApi);

// SAFETY: it is never written.
unsafe impl Sync for Calls {}

#[expect(clippy::cast_possible_truncation, reason = "184 at most")]
static CALLS: Calls = Calls(MppApi {
    size: size_of::<MppApi>() as u32,
    version: 0,
    decode: null_mut(),
    decode_put_packet: null_mut(),
    decode_get_frame: null_mut(),
    encode: null_mut(),
    encode_put_frame: Some(put_frame),
    encode_get_packet: Some(get_packet),
    isp: null_mut(),
    isp_put_frame: null_mut(),
    isp_get_frame: null_mut(),
    poll: null_mut(),
    dequeue: null_mut(),
    enqueue: null_mut(),
    reset: Some(reset),
    control: Some(control),
    reserv: [0; 16],
});

/// # Safety
/// Both are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_create(ctx: *mut Handle, mpi: *mut *mut MppApi) -> MPP_RET {
    let context = Context { faults: Faults::now(), ..Context::default() };
    // SAFETY: by contract.
    unsafe {
        ctx.write(CONTEXTS.add(context));
        mpi.write((&raw const CALLS.0).cast_mut());
    }
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_init(ctx: Handle, kind: MppCtxType, coding: MppCodingType) -> MPP_RET {
    CONTEXTS.with(ctx, |context| {
        let is_known = matches!(coding, AVC | MJPEG);
        if kind != MPP_CTX_ENC || !is_known || context.faults.no_init {
            return MPP_NOK;
        }
        assert!(context.coding.is_none(), "a context is set up twice");
        context.coding = Some(coding);
        MPP_OK
    })
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_destroy(ctx: Handle) -> MPP_RET {
    let held = CONTEXTS.with(ctx, |context| {
        if context.faults.hang_destroy {
            fault::hang(None);
        }
        std::mem::take(&mut context.held)
    });
    for frame in held {
        FRAMES.with(frame, |frame| frame.is_held = false);
    }
    CONTEXTS.remove(ctx);
    MPP_OK
}

unsafe extern "C" fn reset(ctx: Handle) -> MPP_RET {
    CONTEXTS.with(ctx, |context| context.packets.clear());
    MPP_OK
}

unsafe extern "C" fn control(ctx: Handle, cmd: MpiCmd, param: MppParam) -> MPP_RET {
    CONTEXTS.with(ctx, |context| {
        match cmd {
            MPP_SET_INPUT_TIMEOUT | MPP_SET_OUTPUT_TIMEOUT => {
                // SAFETY: these two read one i64.
                let timeout = unsafe { param.cast::<i64>().read() };
                if !(-1..=8000).contains(&timeout) {
                    return MPP_ERR_VALUE;
                }
                let is_input = cmd == MPP_SET_INPUT_TIMEOUT;
                *(if is_input {
                    &mut context.input_timeout_ms
                } else {
                    &mut context.output_timeout_ms
                }) = Some(timeout);
                return MPP_OK;
            }
            _ if context.coding.is_none() => return MPP_ERR_INIT,
            _ => {}
        }
        match cmd {
            MPP_ENC_GET_CFG => {
                CONFIGS.with(param, |settings| *settings = context.settings.clone());
                MPP_OK
            }
            MPP_ENC_SET_CFG => context.configure(CONFIGS.with(param, |settings| settings.clone())),
            MPP_ENC_SET_HEADER_MODE => {
                // SAFETY: this one reads a mode.
                let mode = unsafe { param.cast::<MppEncHeaderMode>().read() };
                context.repeats_headers = mode == MPP_ENC_HEADER_MODE_EACH_IDR;
                MPP_OK
            }
            MPP_ENC_SET_IDR_FRAME => {
                context.wants_idr = true;
                MPP_OK
            }
            MPP_ENC_GET_HDR_SYNC => {
                let Some(coder) = &context.coder else { return MPP_ERR_INIT };
                context.gave_headers = true;
                PACKETS.with(param, |packet| packet.append(coder.parameter_sets()))
            }
            _ => panic!("control {cmd:#x} is not known here"),
        }
    })
}

unsafe extern "C" fn put_frame(ctx: Handle, frame: Handle) -> MPP_RET {
    if frame.is_null() {
        return MPP_ERR_NULL_PTR;
    }
    CONTEXTS.with(ctx, |context| context.put(frame))
}

/// As the real one, an absent packet is no error.
unsafe extern "C" fn get_packet(ctx: Handle, packet: *mut Handle) -> MPP_RET {
    let next = CONTEXTS.with(ctx, |context| {
        if context.packets.is_empty() {
            fault::hang(timeout(context.output_timeout_ms));
        }
        context.packets.pop_front()
    });
    let handle = next.map_or(null_mut(), |packet| PACKETS.add(packet));
    // SAFETY: the caller's, writable.
    unsafe { packet.write(handle) };
    MPP_OK
}

impl Context {
    fn configure(&mut self, settings: Settings) -> MPP_RET {
        let coding = self.coding.expect("checked by the caller");
        let is_taken = match &mut self.coder {
            Some(coder) => coder.change(&settings),
            None => {
                self.coder = Coder::new(coding, &settings);
                self.coder.is_some()
            }
        };
        self.settings = settings;
        if is_taken { MPP_OK } else { MPP_ERR_VALUE }
    }

    fn put(&mut self, frame: Handle) -> MPP_RET {
        let number = self.number;
        self.number += 1;
        if self.faults.hang.is_some_and(|from| number >= from) {
            return self.keep(frame, timeout(self.input_timeout_ms));
        }
        let (wants_idr, picture) = (self.wants_idr, FRAMES.with(frame, |frame| frame.clone()));
        let Some(coder) = &mut self.coder else { return MPP_ERR_INIT };
        let is_told = ["width", "height", "hor_stride", "ver_stride"]
            .map(|name| self.settings.value(&format!("prep:{name}")))
            .into_iter()
            .eq([picture.width, picture.height, picture.hor_stride, picture.ver_stride]
                .map(i64::from));
        let is_told =
            is_told && picture.format.map(i64::from) == Some(self.settings.value("prep:format"));
        assert!(is_told, "a picture is not what was told before: {picture:?}");
        let is_unreadable = picture.buffer.as_ref().is_some_and(|buffer| buffer.is_unreadable);
        if self.faults.fail == Some(number) || is_unreadable {
            return MPP_ERR_VPUHW;
        }
        let Some(coded) = coder.encode(&picture, wants_idr) else { return MPP_NOK };
        self.wants_idr = false;
        if self.faults.no_packet == Some(number) {
            return MPP_OK;
        }
        let is_first_given = number == 0 && self.gave_headers;
        let has_headers = coded.is_intra && self.repeats_headers && !is_first_given;
        let mut bytes = if has_headers { coder.parameter_sets().to_vec() } else { Vec::new() };
        bytes.extend(coded.bytes);
        self.packets.push_back(Packet::new(bytes, picture.pts, coded.is_intra));
        MPP_OK
    }

    /// Keeps `frame` and answers after `timeout`.
    fn keep(&mut self, frame: Handle, timeout: Option<Duration>) -> MPP_RET {
        FRAMES.with(frame, |frame| frame.is_held = true);
        self.held.push(frame);
        fault::hang(timeout);
        MPP_NOK
    }
}

/// Nothing set, or a negative time: for ever.
fn timeout(timeout_ms: Option<i64>) -> Option<Duration> {
    timeout_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis)
}

/// What the real one says when the hardware fails.
const MPP_ERR_VPUHW: MPP_RET = -1009;
