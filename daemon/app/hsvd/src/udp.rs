// SPDX-License-Identifier: MIT OR Apache-2.0
//! UDP ports of live sessions: datagrams in, datagrams out. What they mean is not known here.
//!
//! Nothing waits: a socket that is full drops what is to be sent, and a core task that is busy
//! drops what came. Both are counted.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time;
use tracing::debug;

/// The longest datagram that is read whole; the rest of a longer one is dropped, and then its tag
/// does not fit.
const READ_BYTES: usize = 2048;
/// What the kernel may hold of a picture that leaves at once, if it allows so much.
const SEND_BUFFER_BYTES: usize = 1 << 20;
/// After a failure a socket is read again.
const READ_AGAIN: Duration = Duration::from_millis(200);

/// What came, and for whom.
#[derive(Debug)]
pub struct Datagram<To> {
    /// As the port was opened for.
    pub to: To,
    /// At most [`READ_BYTES`].
    pub bytes: Vec<u8>,
}

/// Datagrams that went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// From another address or port than the peer's.
    pub foreign: u64,
    /// Came while the core task was busy with earlier ones.
    pub not_read: u64,
    /// Could not be sent: the socket was full, or the peer cannot be reached.
    pub not_sent: u64,
}

/// One bound socket with one peer. Dropping it closes it.
#[derive(Debug)]
pub struct Port {
    socket: Arc<UdpSocket>,
    peer: SocketAddr,
    reading: AbortHandle,
    foreign: Arc<AtomicU64>,
    not_read: Arc<AtomicU64>,
    not_sent: u64,
}

impl Port {
    /// Reads `socket` from now on for what `peer` sends from this very address and port.
    ///
    /// # Errors
    /// What the system says.
    pub fn open<To: Copy + Send + 'static>(
        socket: std::net::UdpSocket,
        peer: SocketAddr,
        to: To,
        received: mpsc::Sender<Datagram<To>>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER_BYTES)?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let (foreign, not_read) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let reader = Reader {
            socket: Arc::clone(&socket),
            peer: canonical(peer),
            to,
            received,
            foreign: Arc::clone(&foreign),
            not_read: Arc::clone(&not_read),
        };
        let reading = tokio::spawn(reader.run()).abort_handle();
        Ok(Self { socket, peer, reading, foreign, not_read, not_sent: 0 })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sends `bytes` now, or never; tells which.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        match self.socket.try_send_to(bytes, self.peer) {
            Ok(_) => true,
            Err(error) => {
                if self.not_sent == 0 {
                    debug!(peer = %self.peer, %error, "datagram not sent");
                }
                self.not_sent += 1;
                false
            }
        }
    }

    /// What went no further so far.
    pub fn dropped(&self) -> Dropped {
        Dropped {
            foreign: self.foreign.load(Ordering::Relaxed),
            not_read: self.not_read.load(Ordering::Relaxed),
            not_sent: self.not_sent,
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

struct Reader<To> {
    socket: Arc<UdpSocket>,
    peer: (IpAddr, u16),
    to: To,
    received: mpsc::Sender<Datagram<To>>,
    foreign: Arc<AtomicU64>,
    not_read: Arc<AtomicU64>,
}

impl<To: Copy> Reader<To> {
    async fn run(self) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((_, from)) if canonical(from) != self.peer => {
                    self.foreign.fetch_add(1, Ordering::Relaxed);
                }
                Ok((len, _)) => {
                    let bytes = buffer[..len].to_vec();
                    if self.received.try_send(Datagram { to: self.to, bytes }).is_err() {
                        self.not_read.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Err(error) => {
                    debug!(%error, "datagram not read");
                    time::sleep(READ_AGAIN).await;
                }
            }
        }
    }
}

/// Without the interface of a link-local address: the socket has one already.
fn canonical(address: SocketAddr) -> (IpAddr, u16) {
    (address.ip().to_canonical(), address.port())
}

/// The address to answer from, and the peer's as it can be reached: `local` is where the peer's
/// TCP connection came in. The peer's UDP address is normally of the same kind; if not, the
/// system's routes tell from where it is reached.
///
/// # Errors
/// When it cannot be reached: a link-local address, say, while `local` names no interface.
pub fn route(local: SocketAddr, peer: SocketAddr) -> io::Result<(SocketAddr, SocketAddr)> {
    let scope = match local {
        SocketAddr::V6(local) => local.scope_id(),
        SocketAddr::V4(_) => 0,
    };
    let peer = match peer.ip() {
        IpAddr::V6(ip) if is_link_local(ip) => SocketAddrV6::new(ip, peer.port(), 0, scope).into(),
        _ => peer,
    };
    let address = local.ip().to_canonical();
    let local = match address {
        IpAddr::V6(ip) => SocketAddrV6::new(ip, 0, 0, scope).into(),
        IpAddr::V4(_) => SocketAddr::new(address, 0),
    };
    if kind(local.ip()) == kind(peer.ip()) {
        return Ok((local, peer));
    }
    let any: IpAddr = match peer {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let probe = std::net::UdpSocket::bind((any, 0))?;
    probe.connect(peer)?; // sends nothing
    let mut local = probe.local_addr()?;
    local.set_port(0);
    Ok((local, peer))
}

/// Addresses of one kind reach each other.
fn kind(address: IpAddr) -> (bool, bool) {
    match address {
        IpAddr::V4(_) => (false, false),
        IpAddr::V6(ip) => (true, is_link_local(ip)),
    }
}

fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

/// Binds a free port of `ports` on `local`, tried from `first` on; any where there is no range.
///
/// # Errors
/// What the system says of the last port that was tried.
pub fn bind(
    local: SocketAddr,
    ports: Option<&RangeInclusive<u16>>,
    first: u16,
) -> io::Result<std::net::UdpSocket> {
    let Some(ports) = ports else { return std::net::UdpSocket::bind(local) };
    let count = u32::from(ports.end() - ports.start()) + 1;
    let mut error = io::Error::from(io::ErrorKind::AddrInUse);
    for n in 0..count {
        let offset = (u32::from(first) + n) % count;
        let port = u16::try_from(u32::from(*ports.start()) + offset).unwrap_or(*ports.end());
        let mut local = local;
        local.set_port(port);
        match std::net::UdpSocket::bind(local) {
            Ok(socket) => return Ok(socket),
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests;
