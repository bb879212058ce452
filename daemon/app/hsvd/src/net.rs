// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listeners and connections: bytes in, bytes out. What they mean is not known here.
//!
//! Every connection has a reading and a writing task. Reading waits while the core task is busy
//! (bounded channel), writing takes whatever the core hands over; who may hand over how much is
//! the protocol crates' affair, which is why the data stream is told what has left.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time;
use tracing::debug;

/// Bytes taken from a socket at once; requests of controllers and hubs seldom have more.
const READ_BYTES: usize = 2 * 1024;
/// Bytes handed to a socket at once; progress is told after each.
const WRITE_BYTES: usize = 64 * 1024;
/// How long a closed connection may take to send what is left.
const LINGER: Duration = Duration::from_secs(1);
/// How long after a failure the next connection is waited for.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Which protocol a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// HomeKit Accessory Protocol
    Hap,
    /// HomeKit Data Stream
    Hds,
}

impl Link {
    /// Bytes that may wait for a peer before it counts as one that does not read: a few
    /// snapshots; more than the data stream's own bound, which acts first.
    const fn max_queued_bytes(self) -> usize {
        match self {
            Self::Hap => 1 << 20,
            Self::Hds => 8 << 20,
        }
    }
}

/// Something happened on a connection. Numbers are unique within a link and never used again.
#[derive(Debug)]
pub enum NetEvent {
    /// A peer connected.
    Opened {
        /// Its connection.
        conn: u64,
        /// Its address; IPv4 also on a socket of both families.
        peer: SocketAddr,
    },
    /// Bytes came.
    Received {
        /// Their connection.
        conn: u64,
        /// At least one.
        bytes: Vec<u8>,
    },
    /// Bytes have left for the kernel (data stream only).
    Written {
        /// Their connection.
        conn: u64,
        /// How many.
        bytes: usize,
    },
    /// The connection is gone; nothing more will come from it.
    Closed {
        /// It.
        conn: u64,
    },
}

/// Where events go.
pub type Events = mpsc::Sender<(Link, NetEvent)>;

enum Order {
    Send(Vec<u8>),
    Close,
}

/// All connections of one link, seen from the core task.
#[derive(Debug)]
pub struct Connections {
    link: Link,
    events: Events,
    next: u64,
    open: HashMap<u64, Open>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Open {
    peer: IpAddr,
    /// Where the peer reached us.
    local: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    /// Bytes sent and not yet taken by the kernel.
    queued: Arc<AtomicUsize>,
    reading: AbortHandle,
    writing: AbortHandle,
}

/// The peer takes nothing and more waits for it than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the peer does not read what it asked for")]
pub struct NotRead;

impl std::fmt::Debug for Order {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Send(bytes) => write!(out, "Send({} bytes)", bytes.len()),
            Self::Close => out.write_str("Close"),
        }
    }
}

/// Binds `port` on `address`; where every address of both families is asked for and the machine
/// has no IPv6, every IPv4 address.
///
/// # Errors
/// What the system says.
pub async fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    match TcpListener::bind((address, port)).await {
        Err(error)
            if address.is_ipv6()
                && address.is_unspecified()
                && error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error()) =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        bound => bound,
    }
}

/// The next connection. A listener that has none to give, for want of file descriptors say, is
/// asked again a little later.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                debug!(%error, "no connection accepted");
                time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

impl Connections {
    /// No connection yet.
    pub fn new(link: Link, events: Events) -> Self {
        Self { link, events, next: 1, open: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Takes a connection over from its listener and returns its number and its peer's address.
    ///
    /// # Errors
    /// What the system says; the connection is then dropped.
    pub fn adopt(&mut self, stream: TcpStream, peer: SocketAddr) -> io::Result<(u64, SocketAddr)> {
        stream.set_nodelay(true)?;
        if self.link == Link::Hds {
            rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
        }
        let local = stream.local_addr()?;
        let conn = self.next;
        self.next += 1;
        let (orders, inbox) = mpsc::unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let (reader, writer) = stream.into_split();
        let reading = self.tasks.spawn(read(self.link, conn, reader, self.events.clone()));
        let writer = Writer {
            link: self.link,
            conn,
            to: writer,
            queued: Arc::clone(&queued),
            events: self.events.clone(),
        };
        let writing = self.tasks.spawn(writer.run(inbox, reading.clone()));
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        self.open.insert(conn, Open { peer: peer.ip(), local, orders, queued, reading, writing });
        while self.tasks.try_join_next().is_some() {}
        Ok((conn, peer))
    }

    /// Where an open connection comes from.
    pub fn peer(&self, conn: u64) -> Option<IpAddr> {
        self.open.get(&conn).map(|open| open.peer)
    }

    /// Where an open connection came in: our address, with its interface if it is link-local.
    pub fn local(&self, conn: u64) -> Option<SocketAddr> {
        self.open.get(&conn).map(|open| open.local)
    }

    /// Sends `bytes`; to a connection that is gone, nothing happens.
    ///
    /// # Errors
    /// [`NotRead`] when more wait already than may on this link; then nothing is sent.
    pub fn send(&self, conn: u64, bytes: Vec<u8>) -> Result<(), NotRead> {
        let Some(open) = self.open.get(&conn) else { return Ok(()) };
        if open.queued.fetch_add(bytes.len(), Ordering::Relaxed) > self.link.max_queued_bytes() {
            return Err(NotRead);
        }
        if open.orders.send(Order::Send(bytes)).is_err() {
            debug!(link = ?self.link, conn, "connection was gone already");
        }
        Ok(())
    }

    /// Closes `conn` when all that was sent has left, or after [`LINGER`].
    pub fn close(&mut self, conn: u64) {
        let Some(open) = self.open.remove(&conn) else { return };
        if open.orders.send(Order::Close).is_err() {
            debug!(link = ?self.link, conn, "connection was gone already");
        }
        self.tasks.spawn(async move {
            time::sleep(LINGER).await;
            open.abort();
        });
    }

    /// Closes `conn` at once, or forgets it when it is gone; what has not left is dropped.
    pub fn abort(&mut self, conn: u64) {
        if let Some(open) = self.open.remove(&conn) {
            open.abort();
        }
    }

    /// Closes all, each after what was sent to it has left.
    pub async fn shut_down(&mut self) {
        let mut writing = Vec::new();
        for (_, open) in self.open.drain() {
            if open.orders.send(Order::Close).is_ok() {
                writing.push(open.writing);
            }
        }
        while !writing.iter().all(AbortHandle::is_finished) {
            self.tasks.join_next().await;
        }
    }
}

impl Open {
    fn abort(&self) {
        self.reading.abort();
        self.writing.abort();
    }
}

/// Ends without a word when the core task is gone.
async fn read(link: Link, conn: u64, from: OwnedReadHalf, events: Events) {
    loop {
        let mut bytes = Vec::new();
        let read = match from.readable().await {
            Ok(()) => {
                bytes.reserve_exact(READ_BYTES);
                from.try_read_buf(&mut bytes)
            }
            Err(error) => Err(error),
        };
        let event = match read {
            Ok(0) => NetEvent::Closed { conn },
            Ok(_) => NetEvent::Received { conn, bytes },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => {
                debug!(?link, conn, %error, "connection lost");
                NetEvent::Closed { conn }
            }
        };
        let is_last = matches!(event, NetEvent::Closed { .. });
        if events.send((link, event)).await.is_err() || is_last {
            return;
        }
    }
}

struct Writer {
    link: Link,
    conn: u64,
    to: OwnedWriteHalf,
    queued: Arc<AtomicUsize>,
    events: Events,
}

impl Writer {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>, reading: AbortHandle) {
        while let Some(Order::Send(bytes)) = orders.recv().await {
            if let Err(error) = self.write(&bytes).await {
                debug!(link = ?self.link, conn = self.conn, %error, "connection lost while writing");
                return; // the reading half tells it
            }
        }
        if let Err(error) = self.to.shutdown().await {
            debug!(link = ?self.link, conn = self.conn, %error, "connection was gone already");
        }
        reading.abort();
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(WRITE_BYTES) {
            self.to.write_all(part).await?;
            self.queued.fetch_sub(part.len(), Ordering::Relaxed);
            let written = NetEvent::Written { conn: self.conn, bytes: part.len() };
            if self.link == Link::Hds && self.events.send((self.link, written)).await.is_err() {
                return Err(io::ErrorKind::BrokenPipe.into()); // the core task has ended
            }
        }
        Ok(())
    }
}
