// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may pair when, and how pair setup and pair verify go on over a connection.

use std::time::{Duration, Instant};

use rand_core::Rng;
use zeroize::Zeroizing;

use super::{Busy, ConnectionId, Server, connection::Handshake, store::Mutation};
use crate::{
    http::{Body, Code, empty, response},
    pairing::{
        record::MAX_TRIES,
        setup::{self, ExchangeError, PairSetup},
        srp::{Exchange, Verifier},
        tlv::{PairingError, error},
        verify::{self, NotVerified, PairVerify},
    },
};

/// How long one controller may keep others from pairing.
const CLAIM: Duration = Duration::from_secs(30);
/// From this wrong setup code on, the answer to M3 is delayed.
const FIRST_SLOW_TRY: u16 = 10;
/// The first delay; it doubles with every wrong code.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay. Longer ones would outlast the patience of controllers (about ten seconds),
/// so that a stranger's guesses would keep the owner out for good.
const MAX_DELAY: Duration = Duration::from_secs(8);

/// The right to pair: one connection at a time.
pub struct Claim {
    pub conn: ConnectionId,
    pub since: Instant,
}

/// Response with a TLV body; errors of pairing come with HTTP 200, too.
pub fn tlv(body: &[u8]) -> Vec<u8> {
    response(Code::Ok, Body::Tlv8(body))
}

/// How long M3 waits before it is looked at. Nobody learns anything by hanging up earlier, and
/// other connections are served meanwhile.
fn delay(failed_attempts: u16) -> Option<Duration> {
    let doublings = failed_attempts.checked_sub(FIRST_SLOW_TRY - 1)?;
    Some(FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(MAX_DELAY))
}

impl Server {
    pub(super) fn pair_setup(&mut self, now: Instant, conn: ConnectionId, body: &[u8]) {
        let message = setup::Message::parse(body);
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let handshake = std::mem::replace(&mut connection.handshake, Handshake::None);
        match (message, handshake) {
            (Ok(setup::Message::Start), _) => self.start_pair_setup(now, conn),
            (
                Ok(setup::Message::Proof { public_key, proof }),
                handshake @ Handshake::Setup(PairSetup::Started(_)),
            ) => {
                connection.handshake = handshake;
                match delay(self.pairing_state.failed_attempts) {
                    Some(delay) => {
                        let until = now + delay;
                        connection.busy = Busy::Held { until, public_key, proof };
                    }
                    None => self.prove(conn, &public_key, &proof),
                }
            }
            (
                Ok(setup::Message::Exchange { sealed }),
                Handshake::Setup(PairSetup::Proved { key }),
            ) => self.exchange(conn, key, &sealed),
            (message, _) => {
                let error = message.err();
                tracing::debug!(?conn, ?error, "pair setup starts over: malformed or out of turn");
                self.abort_pair_setup(conn);
            }
        }
    }

    fn start_pair_setup(&mut self, now: Instant, conn: ConnectionId) {
        let error_now = if self.pairing_state.is_paired() {
            Some(PairingError::Unavailable)
        } else if self.pairing_state.failed_attempts >= MAX_TRIES {
            Some(PairingError::MaxTries)
        } else if self.is_claimed_by_another(now, conn) {
            Some(PairingError::Busy)
        } else {
            None
        };
        if let Some(now) = error_now {
            return self.respond(conn, tlv(&error(2, now)));
        }
        self.take_claim(now, conn);
        let verifier = self.take_verifier();
        let exchange = loop {
            if let Some(exchange) = Exchange::new(&verifier, self.random_key()) {
                break exchange;
            }
        };
        let (pair_setup, m2) = PairSetup::start(&verifier, exchange);
        self.verifier = Some(verifier);
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.handshake = Handshake::Setup(pair_setup);
        }
        self.respond(conn, tlv(&m2));
    }

    /// M3, when it has waited long enough.
    pub(super) fn prove(&mut self, conn: ConnectionId, public_key: &[u8], proof: &[u8; 64]) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let handshake = std::mem::replace(&mut connection.handshake, Handshake::None);
        // Another connection may have taken the claim over meanwhile, or paired.
        let Handshake::Setup(PairSetup::Started(exchange)) = handshake else {
            return self.abort_pair_setup(conn);
        };
        let verifier = self.take_verifier();
        let proved = PairSetup::prove(&exchange, &verifier, public_key, proof);
        self.verifier = Some(verifier);
        match proved {
            Ok((pair_setup, m4)) => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.handshake = Handshake::Setup(pair_setup);
                }
                self.mutate(Mutation::ClearFailures { conn, m4 });
            }
            Err(error) => {
                tracing::info!(?conn, %error, "pair setup failed");
                self.release_claim(conn);
                self.mutate(Mutation::CountFailure { conn });
            }
        }
    }

    fn exchange(&mut self, conn: ConnectionId, key: Zeroizing<[u8; 64]>, sealed: &[u8]) {
        match PairSetup::exchange(&key, sealed) {
            Ok(pairing) => self.mutate(Mutation::AddFirst { conn, pairing, key }),
            Err(ExchangeError::Authentication) => {
                self.release_claim(conn);
                self.respond(conn, tlv(&error(6, PairingError::Authentication)));
            }
            Err(ExchangeError::Malformed(error)) => {
                tracing::debug!(?conn, %error, "pair setup starts over");
                self.abort_pair_setup(conn);
            }
        }
    }

    pub(super) fn pair_verify(&mut self, now: Instant, conn: ConnectionId, body: &[u8]) {
        self.release_claim(conn);
        let message = verify::Message::parse(body);
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let handshake = std::mem::replace(&mut connection.handshake, Handshake::None);
        match (message, handshake) {
            (Ok(verify::Message::Start { public_key }), _) => {
                self.start_pair_verify(conn, public_key);
            }
            (Ok(verify::Message::Finish { sealed }), Handshake::Verify(pair_verify)) => {
                self.finish_pair_verify(now, conn, pair_verify, &sealed);
            }
            (message, _) => {
                let error = message.err();
                tracing::debug!(?conn, ?error, "pair verify starts over: malformed or out of turn");
                self.respond(conn, empty(Code::BadRequest));
            }
        }
    }

    fn start_pair_verify(&mut self, conn: ConnectionId, public_key: [u8; 32]) {
        let private_key = self.random_key();
        match PairVerify::start(&self.identity, public_key, private_key) {
            Ok((pair_verify, m2)) => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.handshake = Handshake::Verify(pair_verify);
                }
                self.respond(conn, tlv(&m2));
            }
            Err(NotVerified) => self.respond(conn, tlv(&NotVerified::body(2))),
        }
    }

    fn finish_pair_verify(
        &mut self,
        now: Instant,
        conn: ConnectionId,
        pair_verify: PairVerify,
        sealed: &[u8],
    ) {
        match pair_verify.finish(&self.pairing_state, sealed) {
            Ok((controller, secret)) => {
                tracing::debug!(?conn, %controller, "session verified");
                // M4 is the last message in clear.
                self.respond(conn, tlv(&PairVerify::done()));
                let Some(connection) = self.connections.get_mut(&conn) else { return };
                if let Err(error) = connection.secure(now, controller, secret) {
                    tracing::debug!(?conn, %error, "session broken by the peer");
                    self.close(conn);
                }
            }
            Err(error) => {
                tracing::debug!(?conn, %error, "pair verify failed");
                self.respond(conn, tlv(&NotVerified::body(4)));
            }
        }
    }

    fn abort_pair_setup(&mut self, conn: ConnectionId) {
        self.release_claim(conn);
        self.respond(conn, empty(Code::BadRequest));
    }

    fn is_claimed_by_another(&self, now: Instant, conn: ConnectionId) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.conn != conn && now < claim.since + CLAIM)
    }

    /// Takes the claim; whoever had it before starts over. To start over oneself does not prolong
    /// it, or one could keep it for ever.
    fn take_claim(&mut self, now: Instant, conn: ConnectionId) {
        let held = self.claim.as_ref().filter(|c| c.conn == conn && now < c.since + CLAIM);
        let since = held.map_or(now, |claim| claim.since);
        let before = self.claim.replace(Claim { conn, since });
        if let Some(before) = before.filter(|before| before.conn != conn)
            && let Some(connection) = self.connections.get_mut(&before.conn)
        {
            connection.handshake = Handshake::None;
        }
    }

    pub(super) fn release_claim(&mut self, conn: ConnectionId) {
        self.claim.take_if(|claim| claim.conn == conn);
    }

    /// The verifier, computed if it was not kept. To be put back.
    fn take_verifier(&mut self) -> Box<Verifier> {
        self.verifier.take().unwrap_or_else(|| {
            let mut salt = [0; 16];
            self.rng.fill_bytes(&mut salt);
            Box::new(Verifier::new(&self.setup_code, salt))
        })
    }

    /// Computes the verifier before somebody waits for it, or drops it when nobody will.
    pub(super) fn keep_verifier_while_unpaired(&mut self) {
        self.verifier = (!self.pairing_state.is_paired()).then(|| self.take_verifier());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_begins_with_the_tenth_try_and_is_bounded() {
        let seconds = |failed| delay(failed).map(|delay| delay.as_secs());
        for (failed, expected) in
            [(0, None), (8, None), (9, Some(1)), (10, Some(2)), (12, Some(8)), (99, Some(8))]
        {
            assert_eq!(seconds(failed), expected, "after {failed} wrong codes");
        }
        assert_eq!(seconds(u16::MAX), Some(8));
    }
}
