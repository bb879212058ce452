// SPDX-License-Identifier: MIT OR Apache-2.0
//! /accessories, /characteristics, /prepare and /resource: a request becomes a question to the
//! camera and a [`Plan`], and plan and reply become the response.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{
    connection::{Prepared, Verified},
    event::PROGRAMMABLE_SWITCH_EVENT,
    message::{Reply, Request, SnapshotReason, WriteEntry},
};
use crate::{
    Characteristic, Database, Iid, Perms, Status, Value,
    http::{Body, Code, response},
    json::{
        body::{PrepareBody, ReadQuery, ResourceBody, WriteBody, WriteItem},
        text::{self, AID, Entry, Extras, Statuses},
        value,
    },
};

/// Longest time between the halves of a timed write.
const MAX_TTL: Duration = Duration::from_secs(3600);

/// What to make of the camera's reply.
#[derive(Debug)]
pub enum Plan {
    Accessories,
    Read { query: ReadQuery, slots: Vec<Slot>, subscribed: Vec<bool> },
    Write { slots: Vec<WriteSlot> },
    Snapshot,
}

/// Where the result for an entry of a read comes from.
#[derive(Debug)]
pub enum Slot {
    /// The next one of the reply.
    Asked,
    /// It reads null always.
    Null,
    Failed(Status),
}

/// An entry of a write.
#[derive(Debug)]
pub struct WriteSlot {
    aid: u64,
    iid: Iid,
    wants_response: bool,
    /// `None`: the next one of the reply.
    result: Option<Result<(), Status>>,
}

/// How a request goes on.
pub enum Step {
    /// The response is known.
    Done(Vec<u8>),
    /// The camera is to be asked first.
    Ask(Request, Plan),
}

fn json(code: Code, text: &str) -> Vec<u8> {
    response(code, Body::Json(text))
}

/// A response that says only why.
pub fn refusal(code: Code, status: Status) -> Vec<u8> {
    json(code, &text::status(Some(status)))
}

fn malformed() -> Step {
    Step::Done(refusal(Code::BadRequest, Status::InvalidValue))
}

fn is_live(characteristic: &Characteristic) -> bool {
    characteristic.perms.contains(Perms::READ) && characteristic.kind != PROGRAMMABLE_SWITCH_EVENT
}

/// GET /accessories
pub fn accessories(database: &Database) -> Step {
    let live = database.characteristics().filter(|c| is_live(c)).map(|c| c.iid);
    Step::Ask(Request::Read(live.collect()), Plan::Accessories)
}

/// GET /characteristics
pub fn read(database: &Database, verified: &Verified, query: &str) -> Step {
    let Some(query) = ReadQuery::parse(query) else { return malformed() };
    let mut asked = Vec::new();
    let mut slots = Vec::with_capacity(query.ids.len());
    let mut subscribed = Vec::new();
    for &(aid, iid) in &query.ids {
        let found = database.characteristic(iid).filter(|_| aid == AID);
        slots.push(match found {
            None => Slot::Failed(Status::DoesNotExist),
            Some(c) if !c.perms.contains(Perms::READ) => Slot::Failed(Status::WriteOnly),
            Some(c) if c.kind == PROGRAMMABLE_SWITCH_EVENT => Slot::Null,
            Some(_) => {
                asked.push(iid);
                Slot::Asked
            }
        });
        if query.with_ev {
            subscribed.push(verified.subscriptions.contains(&iid));
        }
    }
    let plan = Plan::Read { query, slots, subscribed };
    if asked.is_empty() {
        return Step::Done(finish(database, plan, Reply::Read(Vec::new())));
    }
    Step::Ask(Request::Read(asked), plan)
}

/// PUT /characteristics
pub fn write(
    now: Instant,
    database: &Database,
    verified: &mut Verified,
    is_admin: bool,
    body: &[u8],
) -> Step {
    let Ok(body) = serde_json::from_slice::<WriteBody>(body) else { return malformed() };
    let timing = timing(now, verified, body.pid);
    let mut entries = Vec::new();
    let mut slots = Vec::with_capacity(body.characteristics.len());
    for item in &body.characteristics {
        let checked = match timing {
            Timing::Expired => Err(Status::InvalidValue),
            Timing::Timed | Timing::Plain => check(database, item, is_admin, timing),
        };
        let result = match checked {
            Err(status) => Some(Err(status)),
            Ok(value) => {
                if let Some(ev) = item.ev {
                    subscribe(verified, item.iid, ev.is_set());
                }
                let is_done = value.is_none();
                let wants_response = item.wants_response();
                entries.extend(value.map(|value| WriteEntry {
                    iid: item.iid,
                    value,
                    wants_response,
                }));
                is_done.then_some(Ok(()))
            }
        };
        slots.push(WriteSlot {
            aid: item.aid,
            iid: item.iid,
            wants_response: item.wants_response(),
            result,
        });
    }
    let plan = Plan::Write { slots };
    if entries.is_empty() {
        return Step::Done(finish(database, plan, Reply::Write(Vec::new())));
    }
    Step::Ask(Request::Write(entries), plan)
}

/// How a write stands to a prepared one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timing {
    Plain,
    Timed,
    Expired,
}

/// Consumes what was prepared when the write's pid matches it.
fn timing(now: Instant, verified: &mut Verified, pid: Option<u64>) -> Timing {
    let Some(pid) = pid else { return Timing::Plain };
    match verified.prepared.take_if(|prepared| prepared.pid == pid) {
        Some(prepared) if now <= prepared.expires => Timing::Timed,
        _ => Timing::Expired,
    }
}

/// Gives the value to write, if any, when all the entry asks for is allowed.
fn check(
    database: &Database,
    item: &WriteItem,
    is_admin: bool,
    timing: Timing,
) -> Result<Option<Value>, Status> {
    let c = database.characteristic(item.iid).filter(|_| item.aid == AID);
    let c = c.ok_or(Status::DoesNotExist)?;
    if item.value.is_none() && item.ev.is_none() {
        return Err(Status::InvalidValue);
    }
    if item.ev.is_some() && !c.perms.contains(Perms::NOTIFY) {
        return Err(Status::NotificationNotSupported);
    }
    let Some(json) = &item.value else { return Ok(None) };
    if !c.perms.contains(Perms::WRITE) {
        return Err(Status::ReadOnly);
    }
    if c.perms.contains(Perms::ADMIN_WRITE) && !is_admin {
        return Err(Status::InsufficientPrivileges);
    }
    // Nothing here can check additional authorization, so nobody has it.
    if c.perms.contains(Perms::ADDITIONAL_AUTHORIZATION) {
        return Err(Status::InsufficientAuthorization);
    }
    if c.perms.contains(Perms::TIMED_WRITE) && timing != Timing::Timed {
        return Err(Status::InvalidValue);
    }
    value::read(c, json).map(Some).ok_or(Status::InvalidValue)
}

fn subscribe(verified: &mut Verified, iid: Iid, is_wanted: bool) {
    if is_wanted {
        verified.subscriptions.insert(iid);
    } else {
        verified.subscriptions.remove(&iid);
        verified.events.forget(iid);
    }
}

/// PUT /prepare
pub fn prepare(now: Instant, verified: &mut Verified, body: &[u8]) -> Step {
    let Ok(PrepareBody { ttl, pid }) = serde_json::from_slice(body) else { return malformed() };
    let expires = now + Duration::from_millis(ttl).min(MAX_TTL);
    verified.prepared = Some(Prepared { pid, expires });
    Step::Done(json(Code::Ok, &text::status(None)))
}

/// POST /resource
pub fn resource(body: &[u8]) -> Step {
    let Ok(body) = serde_json::from_slice::<ResourceBody>(body) else { return malformed() };
    if body.aid.is_some_and(|aid| aid != AID) {
        return Step::Done(refusal(Code::NotFound, Status::DoesNotExist));
    }
    let reason = match body.reason {
        None => None,
        Some(0) => Some(SnapshotReason::Periodic),
        Some(1) => Some(SnapshotReason::Event),
        Some(_) => return malformed(),
    };
    if body.resource_type != "image" || body.width == 0 || body.height == 0 {
        return malformed();
    }
    let request = Request::Snapshot { width: body.width, height: body.height, reason };
    Step::Ask(request, Plan::Snapshot)
}

/// The response, made of the camera's reply.
pub fn finish(database: &Database, plan: Plan, reply: Reply) -> Vec<u8> {
    match (plan, reply) {
        (Plan::Accessories, Reply::Read(results)) => published(database, results),
        (Plan::Read { query, slots, subscribed }, Reply::Read(results)) => {
            values(database, &query, slots, &subscribed, results)
        }
        (Plan::Write { slots }, Reply::Write(results)) => written(slots, results),
        (Plan::Snapshot, Reply::Snapshot(result)) => snapshot(result),
        (plan, _) => {
            tracing::error!(?plan, "the camera's reply is of another kind than the request");
            refusal(Code::InternalServerError, Status::UnableToCommunicate)
        }
    }
}

/// The response when no reply came in time.
pub fn timed_out(database: &Database, plan: Plan) -> Vec<u8> {
    const LATE: Status = Status::TimedOut;
    let reply = match &plan {
        // Without any value the controller would show the accessory in a state it is not in.
        Plan::Accessories => return refusal(Code::InternalServerError, LATE),
        Plan::Read { slots, .. } => Reply::Read(vec![Err(LATE); slots.len()]),
        Plan::Write { slots } => Reply::Write(vec![Err(LATE); slots.len()]),
        Plan::Snapshot => Reply::Snapshot(Err(LATE)),
    };
    finish(database, plan, reply)
}

/// A value that cannot be had reads null: leaving `value` out would deny the `pr` permission,
/// and an invented value would be believed.
fn published(database: &Database, results: Vec<Result<Value, Status>>) -> Vec<u8> {
    let mut results = results.into_iter();
    let values: Vec<Value> = database
        .characteristics()
        .filter(|c| c.perms.contains(Perms::READ))
        .map(|c| match is_live(c) {
            true => results.next().and_then(Result::ok).unwrap_or(Value::Null),
            false => Value::Null,
        })
        .collect();
    json(Code::Ok, &text::accessories(database, Some(&values)))
}

fn values(
    database: &Database,
    query: &ReadQuery,
    slots: Vec<Slot>,
    subscribed: &[bool],
    results: Vec<Result<Value, Status>>,
) -> Vec<u8> {
    let mut results = results.into_iter();
    let mut entries = Vec::with_capacity(slots.len());
    for (at, (&(aid, iid), slot)) in query.ids.iter().zip(slots).enumerate() {
        let result = match slot {
            Slot::Failed(status) => Err(status),
            Slot::Null => Ok(Some(Value::Null)),
            Slot::Asked => results.next().unwrap_or(Err(Status::UnableToCommunicate)).map(Some),
        };
        let c = database.characteristic(iid).filter(|_| result.is_ok());
        let extras = Extras {
            kind: c.filter(|_| query.with_type),
            perms: c.filter(|_| query.with_perms),
            meta: c.filter(|_| query.with_meta),
            is_subscribed: subscribed.get(at).copied().filter(|_| c.is_some()),
        };
        entries.push(Entry { aid, iid, result, extras });
    }
    let (code, statuses) = match entries.iter().all(|entry| entry.result.is_ok()) {
        true => (Code::Ok, Statuses::Hidden),
        false => (Code::MultiStatus, Statuses::Shown),
    };
    json(code, &text::characteristics(&entries, statuses))
}

fn written(slots: Vec<WriteSlot>, results: Vec<Result<Option<Value>, Status>>) -> Vec<u8> {
    let mut results = results.into_iter();
    let mut is_silent = true;
    let mut entries = Vec::with_capacity(slots.len());
    for slot in slots {
        let result = match slot.result {
            Some(result) => result.map(|()| None),
            None => results.next().unwrap_or(Err(Status::UnableToCommunicate)),
        };
        is_silent &= result.is_ok() && !slot.wants_response;
        let result = result.map(|value| value.filter(|_| slot.wants_response));
        entries.push(Entry { aid: slot.aid, iid: slot.iid, result, extras: Extras::default() });
    }
    if is_silent {
        return crate::http::empty(Code::NoContent);
    }
    json(Code::MultiStatus, &text::characteristics(&entries, Statuses::Shown))
}

fn snapshot(result: Result<Zeroizing<Vec<u8>>, Status>) -> Vec<u8> {
    match result {
        Ok(jpeg) if !jpeg.is_empty() => response(Code::Ok, Body::Jpeg(&jpeg)),
        // An empty body would make the tile say that the camera does not answer.
        Ok(_) => refusal(Code::MultiStatus, Status::UnableToCommunicate),
        Err(status) => refusal(Code::MultiStatus, status),
    }
}
