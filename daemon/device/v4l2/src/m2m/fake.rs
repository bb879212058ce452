// SPDX-License-Identifier: MIT OR Apache-2.0
//! An encoder or scaler of our own that checks the order of calls and has the quirks of real ones.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dmabuf::DeviceMemory;
use rustix::io::Errno;

use crate::{
    Capabilities, Control, Dequeued, Direction, Event, Filled, Format, FourCc, M2mOps, Memory, Ops,
    Planes, Queue, Rate, Ready, Rect,
};

#[derive(Debug, Default)]
pub(super) struct State {
    /// Calls in their order, by the kernel's name.
    pub log: Vec<String>,
    pub align: u32,
    pub has_no_crop: bool,
    pub controls: Vec<(Control, i32)>,
    pub refused: Vec<(Control, Errno)>,
    /// Answers VIDIOC_QBUF of an output buffer.
    pub refuses_import: Option<Errno>,
    pub is_busy: bool,
    /// It makes pictures of pictures.
    pub is_scaler: bool,
    /// Pictures that it makes are so much wider than asked for.
    pub widens: u32,
    pub made: Option<Format>,
    pub input: Option<Format>,
    pub is_streaming: [bool; 2],
    pub buffers: [u32; 2],
    pub mapped: u32,
    pub waiting: VecDeque<(u32, Duration, u8)>,
    pub read: VecDeque<u32>,
    pub empty: VecDeque<u32>,
    pub coded: VecDeque<Dequeued>,
    pub contents: [u8; 32],
    pub events: VecDeque<Event>,
    /// What becomes of the next pictures.
    pub faults: VecDeque<Fault>,
    pub end: End,
    pub is_stopping: bool,
    pub has_failed: Option<Errno>,
    /// It stamps what it makes with its own clock.
    pub has_clock: bool,
    pub exports_nothing: bool,
    /// STREAMOFF waits for it.
    pub hangs: Option<Arc<Mutex<()>>>,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Damaged,
    Index,
    TooLong,
    Stall,
}

/// How the driver tells the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum End {
    #[default]
    Flag,
    EmptyBuffer,
    Pipe,
    EventOnly,
}

#[derive(Debug, Clone)]
pub(super) struct Fake(pub Arc<Mutex<State>>);

impl Default for Fake {
    fn default() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Mutex::new(State { number, ..State::default() })))
    }
}

impl Fake {
    /// Codes whatever is on both sides.
    fn work(&self) {
        let mut state = self.0.lock().unwrap();
        let state = &mut *state;
        if state.is_streaming != [true, true] {
            return;
        }
        while state.faults.front() != Some(&Fault::Stall)
            && !state.empty.is_empty()
            && let Some((input, time, fill)) = state.waiting.pop_front()
        {
            let fault = state.faults.pop_front();
            let index = state.empty.pop_front().unwrap();
            state.contents[index as usize] = fill;
            state.read.push_back(input);
            state.coded.push_back(Dequeued {
                index: if fault == Some(Fault::Index) { 99 } else { index },
                bytes_used: match (fault, state.is_scaler) {
                    (Some(Fault::TooLong), _) => 999_999,
                    (_, true) => state.made.unwrap().size_image,
                    (_, false) => 10,
                },
                is_damaged: fault == Some(Fault::Damaged),
                copied: (!state.has_clock).then_some(time),
                timestamp: state.has_clock.then_some(Duration::from_secs(99)),
                ..Dequeued::default()
            });
        }
        if state.is_stopping && state.waiting.is_empty() {
            state.finish();
        }
    }
}

impl State {
    fn finish(&mut self) {
        match (self.end, self.coded.back_mut()) {
            (End::Flag, Some(last)) => last.is_last = true,
            (End::Flag | End::EmptyBuffer, _) => {
                let Some(index) = self.empty.pop_front() else { return };
                let end = Dequeued { index, is_last: true, ..Dequeued::default() };
                self.coded.push_back(end);
            }
            (End::EventOnly, _) => self.events.push_back(Event::EndOfStream),
            (End::Pipe, _) => self.has_failed = Some(Errno::PIPE),
        }
        self.is_stopping = false;
    }
}

pub(super) struct FakeMapping(Vec<u8>, Arc<Mutex<State>>, Option<File>);

impl DeviceMemory for FakeMapping {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.2.as_ref().map(AsFd::as_fd)
    }
}

impl Deref for FakeMapping {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for FakeMapping {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for FakeMapping {
    fn drop(&mut self) {
        self.1.lock().unwrap().mapped -= 1;
    }
}

fn errno<T>(errno: Errno) -> io::Result<T> {
    Err(errno.into())
}

fn side(queue: Queue) -> usize {
    usize::from(queue.direction == Direction::Output)
}

impl Ops for Fake {
    type Mapping = FakeMapping;

    fn capabilities(&self) -> io::Result<Capabilities> {
        Ok(Capabilities { m2m: Some(Planes::Multi), ..Capabilities::default() })
    }

    fn formats(&self, queue: Queue) -> io::Result<Vec<FourCc>> {
        Ok(match queue.direction {
            Direction::Capture if !self.0.lock().unwrap().is_scaler => vec![FourCc::H264],
            _ => vec![FourCc::NV12, FourCc::YUV420],
        })
    }

    fn set_format(&self, queue: Queue, wish: &Format) -> io::Result<Format> {
        let mut state = self.0.lock().unwrap();
        state.log.push(format!("S_FMT {:?}", queue.direction));
        if state.is_busy {
            return errno(Errno::BUSY);
        }
        if queue.direction == Direction::Capture {
            let width = wish.width + state.widens;
            let bytes_per_line = width.next_multiple_of(32);
            let size_image = bytes_per_line * wish.height * 3 / 2;
            let made = Format { width, bytes_per_line, size_image, ..*wish };
            state.made = Some(made);
            return Ok(made);
        }
        let align = |side: u32| side.next_multiple_of(state.align.max(1));
        let (width, height) = (align(wish.width), align(wish.height));
        let bytes_per_line = width;
        let size_image = width * height * 3 / 2;
        let got = Format { width, height, bytes_per_line, size_image, ..*wish };
        state.input = Some(got);
        Ok(got)
    }

    fn set_rate(&self, queue: Queue, rate: Rate) -> io::Result<Rate> {
        self.0.lock().unwrap().log.push(format!("S_PARM {:?}", queue.direction));
        Ok(rate)
    }

    fn set_crop(&self, _: Queue, crop: Rect) -> io::Result<Rect> {
        let mut state = self.0.lock().unwrap();
        state.log.push("S_SELECTION".to_owned());
        if state.has_no_crop { errno(Errno::NOTTY) } else { Ok(crop) }
    }

    fn request_buffers(&self, queue: Queue, memory: Memory, count: u32) -> io::Result<u32> {
        let mut state = self.0.lock().unwrap();
        assert!(count > 0 || !state.is_streaming[side(queue)], "stopped first");
        if count > 0 {
            state.log.push(format!("REQBUFS {:?} {memory:?}", queue.direction));
        }
        state.buffers[side(queue)] = count;
        Ok(count)
    }

    fn map(&self, _: Queue, _: u32) -> io::Result<FakeMapping> {
        let mut state = self.0.lock().unwrap();
        state.mapped += 1;
        let length = if state.is_scaler { state.made.unwrap().size_image as usize } else { 64 };
        let dma_buf = (!state.exports_nothing).then(|| File::open("/dev/null")).transpose()?;
        Ok(FakeMapping(vec![0; length], Arc::clone(&self.0), dma_buf))
    }

    fn queue(&self, queue: Queue, index: u32) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        assert_eq!(queue.direction, Direction::Capture);
        assert!(!state.empty.contains(&index) && index < state.buffers[0]);
        state.empty.push_back(index);
        drop(state);
        self.work();
        Ok(())
    }

    fn wait(&self, _: Duration, _: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        unreachable!("an encoder waits for both queues")
    }

    fn dequeue(&self, queue: Queue, _: Memory) -> io::Result<Option<Dequeued>> {
        let mut state = self.0.lock().unwrap();
        assert!(state.is_streaming[side(queue)]);
        if queue.direction == Direction::Output {
            let read = state.read.pop_front();
            return Ok(read.map(|index| Dequeued { index, ..Dequeued::default() }));
        }
        match (state.coded.pop_front(), state.has_failed) {
            (Some(coded), _) => Ok(Some(coded)),
            (None, Some(code)) => errno(code),
            (None, None) => Ok(None),
        }
    }

    fn stream_on(&self, queue: Queue) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.log.push(format!("STREAMON {:?}", queue.direction));
        state.is_streaming[side(queue)] = true;
        Ok(())
    }

    fn stream_off(&self, queue: Queue) -> io::Result<()> {
        let hangs = self.0.lock().unwrap().hangs.clone();
        drop(hangs.as_deref().map(|hangs| hangs.lock().unwrap()));
        let mut state = self.0.lock().unwrap();
        state.is_streaming[side(queue)] = false;
        match queue.direction {
            Direction::Capture => state.empty.clear(),
            Direction::Output => state.waiting.clear(),
        }
        Ok(())
    }

    fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if let Some((_, code)) = state.refused.iter().find(|(refused, _)| *refused == control) {
            return errno(*code);
        }
        state.controls.push((control, value));
        Ok(())
    }
}

impl M2mOps for Fake {
    type MappingMut = FakeMapping;

    fn number(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().number)
    }

    fn map_mut(&self, _: Queue, _: u32) -> io::Result<FakeMapping> {
        let mut state = self.0.lock().unwrap();
        state.mapped += 1;
        let length = state.input.unwrap().size_image as usize;
        Ok(FakeMapping(vec![0; length], Arc::clone(&self.0), None))
    }

    fn queue_filled(&self, _: Queue, index: u32, filled: &Filled<'_>) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        assert!(index < state.buffers[1]);
        assert!(state.waiting.iter().all(|waiting| waiting.0 != index), "queued twice");
        assert_eq!(filled.bytes_used, state.input.unwrap().size_image);
        if let Some(code) = state.refuses_import {
            return errno(code);
        }
        let fill = u8::try_from(filled.timestamp.as_millis() % 251).unwrap();
        state.waiting.push_back((index, filled.timestamp, fill));
        drop(state);
        self.work();
        Ok(())
    }

    fn subscribe(&self, event: Event) -> io::Result<()> {
        if event == Event::SourceChange { errno(Errno::INVAL) } else { Ok(()) }
    }

    fn next_event(&self) -> io::Result<Option<Event>> {
        Ok(self.0.lock().unwrap().events.pop_front())
    }

    fn stop_encoder(&self) -> io::Result<()> {
        self.0.lock().unwrap().is_stopping = true;
        self.work();
        Ok(())
    }

    fn wait_any(&self, timeout: Duration, alarm: Option<BorrowedFd<'_>>) -> io::Result<Ready> {
        if alarm.is_some() {
            return Ok(Ready { is_called: true, ..Ready::default() });
        }
        let state = self.0.lock().unwrap();
        let has_buffer = !state.coded.is_empty() || !state.read.is_empty();
        let (has_event, has_failed) = (!state.events.is_empty(), state.has_failed.is_some());
        if !has_buffer && !has_event && !has_failed {
            std::thread::sleep(timeout);
        }
        Ok(Ready { has_buffer, has_event, has_failed, is_called: false })
    }
}
