// SPDX-License-Identifier: MIT OR Apache-2.0
//! Carries out what the HAP server and the camera ask for.

use std::time::Instant;

use camera::Action;
use frame::{Coded, Size};
use hap::{ConnectionId, Output, Reply, Request, Ticket};
use media::SnapshotError;
use rand_chacha::rand_core::Rng;
use tracing::debug;
use zeroize::Zeroizing;

use super::{Core, Input, Writer};
use crate::net::NetEvent;
use crate::{console, pairings, settings};

impl Core {
    pub(super) fn hap_event(&mut self, now: Instant, event: NetEvent) {
        let outputs = match event {
            NetEvent::Opened { conn, peer } => {
                self.hap.handle(now, hap::Input::Opened { conn: ConnectionId(conn), peer })
            }
            NetEvent::Received { conn, bytes } => {
                let (conn, bytes) = (ConnectionId(conn), &bytes);
                self.hap.handle(now, hap::Input::Received { conn, bytes })
            }
            NetEvent::Written { .. } => return,
            NetEvent::Closed { conn } => {
                self.hap_connections.abort(conn);
                self.hap.handle(now, hap::Input::Closed { conn: ConnectionId(conn) })
            }
        };
        self.do_hap(now, outputs);
    }

    /// Carries out the HAP server's outputs. What was sealed already leaves first: the others may
    /// lead to further messages, which are sealed later and must not overtake.
    pub(super) fn do_hap(&mut self, now: Instant, outputs: Vec<Output>) {
        let mut unread = Vec::new();
        let mut rest = Vec::new();
        for output in outputs {
            match output {
                Output::Send { conn, bytes } => {
                    if let Err(error) = self.hap_connections.send(conn.0, bytes) {
                        debug!(?conn, %error, "connection closed");
                        self.hap_connections.abort(conn.0);
                        unread.push(conn);
                    }
                }
                Output::Close { conn } => self.hap_connections.close(conn.0),
                output => rest.push(output),
            }
        }
        for conn in unread {
            let outputs = self.hap.handle(now, hap::Input::Closed { conn });
            self.do_hap(now, outputs);
        }
        for output in rest {
            match output {
                Output::Send { .. } | Output::Close { .. } => {} // done above
                Output::Request { ticket, caller, request } => {
                    self.request(now, ticket, caller.conn, request);
                }
                Output::Persist { ticket, state } => {
                    self.saver.save(move |store| {
                        Input::PairingsSaved(ticket, pairings::save(store, &state))
                    });
                }
                Output::PairingsChanged { is_paired } => self.pairings_changed(now, is_paired),
                Output::SessionEnded { conn } => {
                    let closed = camera::Input::ConnectionClosed(camera::ConnectionId(conn.0));
                    let actions = self.camera.handle(now, closed);
                    self.act(now, actions);
                    let gone = hds::Input::OwnerGone(hds::Owner(conn.0));
                    let outputs = self.hds.handle(now, gone);
                    self.do_hds(now, outputs);
                }
                Output::Changed { order, result } => self.pairings_answered(order, result),
                Output::Identify => self.identify(),
            }
        }
    }

    fn request(&mut self, now: Instant, ticket: Ticket, conn: ConnectionId, request: Request) {
        match request {
            Request::Read(iids) => {
                let connection = camera::ConnectionId(conn.0);
                let read = |iid| self.camera.read(connection, iid);
                let reply = Reply::Read(iids.into_iter().map(read).collect());
                self.reply(now, ticket, reply);
            }
            Request::Write(entries) => {
                let inner = self.write_ticket(Writer::Controller(ticket));
                let mut accessory_salt = [0; 32];
                self.rng.fill_bytes(&mut accessory_salt);
                let entry = |from: hap::WriteEntry| camera::WriteEntry {
                    iid: from.iid,
                    value: from.value,
                    wants_response: from.wants_response,
                };
                let write = camera::Input::Write {
                    ticket: inner,
                    connection: camera::ConnectionId(conn.0),
                    entries: entries.into_iter().map(entry).collect(),
                    accessory_salt,
                };
                let actions = self.camera.handle(now, write);
                self.act(now, actions);
            }
            Request::Snapshot { width, height, reason } => {
                let reason = reason.map(|reason| match reason {
                    hap::SnapshotReason::Periodic => privacy::SnapshotReason::Periodic,
                    hap::SnapshotReason::Event => privacy::SnapshotReason::Event,
                });
                match self.camera.snapshot(reason) {
                    Err(status) => self.reply(now, ticket, Reply::Snapshot(Err(status))),
                    Ok(()) => self.take_snapshot(ticket, width, height),
                }
            }
        }
    }

    /// The camera's ticket for what `writer` wants.
    pub(super) fn write_ticket(&mut self, writer: Writer) -> camera::Ticket {
        let ticket = camera::Ticket(self.next_write);
        self.next_write += 1;
        self.writes.insert(ticket, writer);
        ticket
    }

    fn take_snapshot(&self, ticket: Ticket, width: u32, height: u32) {
        let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX).max(2);
        let inputs = self.inputs.clone();
        let reply = Box::new(move |picture| {
            if inputs.send(Input::Snapshot(ticket, picture)).is_err() {
                debug!("snapshot after the end");
            }
        });
        self.video.snapshot(Size::new(side(width), side(height)), reply);
    }

    pub(super) fn snapshot_ready(
        &mut self,
        now: Instant,
        ticket: Ticket,
        picture: Result<Coded, SnapshotError>,
    ) {
        let picture = picture.map_err(|error| {
            debug!(%error, "no snapshot");
            match error {
                SnapshotError::Denied => hap::Status::NotAllowedInCurrentState,
                SnapshotError::Busy => hap::Status::Busy,
                _ => hap::Status::UnableToCommunicate,
            }
        });
        let jpeg = picture.map(|jpeg| Zeroizing::new(jpeg.to_vec()));
        self.reply(now, ticket, Reply::Snapshot(jpeg));
    }

    fn reply(&mut self, now: Instant, ticket: Ticket, reply: Reply) {
        let outputs = self.hap.handle(now, hap::Input::Reply { ticket, reply });
        self.do_hap(now, outputs);
    }

    fn pairings_changed(&mut self, now: Instant, is_paired: bool) {
        self.announcer.announce(is_paired);
        let actions = self.camera.handle(now, camera::Input::PairingsChanged { is_paired });
        self.act(now, actions);
        if !is_paired {
            console::setup(&self.pairing_help);
        }
    }

    /// Carries out the camera's actions.
    pub(super) fn act(&mut self, now: Instant, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Apply(mode) => self.apply(now, mode),
                Action::Persist(state) => {
                    self.saver
                        .save(move |store| Input::SettingsSaved(settings::save(store, &state)));
                }
                Action::Reply { ticket, outcomes } => match self.writes.remove(&ticket) {
                    Some(Writer::Controller(ticket)) => {
                        self.reply(now, ticket, Reply::Write(outcomes));
                    }
                    Some(Writer::Owner(to)) => self.control.settle_write(to, &outcomes),
                    None => {}
                },
                Action::Notify { iid, value, author } => {
                    let author = author.map(|author| ConnectionId(author.0));
                    let outputs = self.hap.handle(now, hap::Input::Changed { iid, value, author });
                    self.do_hap(now, outputs);
                }
                Action::PrepareDataStream {
                    ticket,
                    connection,
                    controller_salt,
                    accessory_salt,
                } => {
                    let prepared =
                        self.prepare_stream(now, connection, &controller_salt, &accessory_salt);
                    let answer = camera::Input::DataStreamPrepared { ticket, prepared };
                    let actions = self.camera.handle(now, answer);
                    self.act(now, actions);
                }
                Action::PrepareLive { ticket, connection, service, request } => {
                    let prepared = self.prepare_live(now, connection, service, request);
                    let answer = camera::Input::LivePrepared { ticket, service, prepared };
                    let actions = self.camera.handle(now, answer);
                    self.act(now, actions);
                }
                Action::StartLive { service, session: _, selection } => {
                    self.start_live(now, service, selection);
                }
                Action::ReconfigureLive { service, selection } => {
                    self.reconfigure_live(service, selection);
                }
                Action::SuspendLive { service } => self.suspend_live(service),
                Action::ResumeLive { service } => self.resume_live(service),
                Action::EndLive { service, reason } => self.end_live(now, service, reason),
                Action::Record(selected) => self.configure_recording(selected),
                Action::ForgetPrebuffer => self.recordings.forget(),
                Action::ForgetSound => self.recordings.forget_sound(),
                Action::TriggerMotion => {
                    if self.trigger_motion().is_err() {
                        debug!("the camera went off as somebody rang: no motion");
                    }
                }
                Action::ForgetPictures => self.forget_pictures(now),
                Action::EndRecordings => self.end_recordings(now),
                Action::Output(outputs) => {
                    self.show_situation();
                    let loudness = |sound: camera::Sound| match sound.is_muted {
                        true => media::Loudness::Muted,
                        false => media::Loudness::Percent(sound.volume),
                    };
                    let (heard, said) = (loudness(outputs.microphone), loudness(outputs.speaker));
                    self.sounds.set_loudness(heard, said);
                }
                Action::Identify => self.identify(),
            }
        }
    }
}
