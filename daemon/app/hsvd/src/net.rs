// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listeners and connections: bytes in, bytes out. What they mean is not known here.
//!
//! Every connection has a reading and a writing task. Reading waits while the core task is busy
//! (bounded channel), writing takes whatever the core hands over; who may hand over how much is
//! the protocol crates' affair, which is why the data stream is told what has left.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tracing::debug;

/// Bytes taken from a socket at once.
const READ_BYTES: usize = 16 * 1024;
/// Bytes handed to a socket at once; progress is told after each.
const WRITE_BYTES: usize = 64 * 1024;

/// Which protocol a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// HomeKit Accessory Protocol
    Hap,
    /// HomeKit Data Stream
    Hds,
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
    open: HashMap<u64, mpsc::UnboundedSender<Order>>,
    tasks: JoinSet<()>,
}

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
        let conn = self.next;
        self.next += 1;
        let (orders, inbox) = mpsc::unbounded_channel();
        let (reader, writer) = stream.into_split();
        let events = self.events.clone();
        let reading = self.tasks.spawn(read(self.link, conn, reader, events.clone()));
        self.tasks.spawn(write(self.link, conn, writer, inbox, events, reading));
        self.open.insert(conn, orders);
        while self.tasks.try_join_next().is_some() {}
        Ok((conn, SocketAddr::new(peer.ip().to_canonical(), peer.port())))
    }

    /// Sends `bytes`; to a connection that is gone, nothing happens.
    pub fn send(&self, conn: u64, bytes: Vec<u8>) {
        self.order(conn, Order::Send(bytes));
    }

    /// Closes `conn` when all that was sent has left.
    pub fn close(&mut self, conn: u64) {
        self.order(conn, Order::Close);
        self.open.remove(&conn);
    }

    /// Closes `conn` at once; what was sent to it and has not left is dropped.
    pub fn abort(&mut self, conn: u64) {
        self.open.remove(&conn);
    }

    /// Closes all, each after what was sent to it has left.
    pub async fn shut_down(&mut self) {
        for (_, orders) in self.open.drain() {
            if orders.send(Order::Close).is_err() {
                debug!(link = ?self.link, "connection was gone already");
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Forgets a connection that told it is closed.
    pub fn forget(&mut self, conn: u64) {
        self.open.remove(&conn);
    }

    fn order(&self, conn: u64, order: Order) {
        let Some(orders) = self.open.get(&conn) else { return };
        if orders.send(order).is_err() {
            debug!(link = ?self.link, conn, "connection was gone already");
        }
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
            Ok(_) => {
                bytes.shrink_to_fit();
                NetEvent::Received { conn, bytes }
            }
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

async fn write(
    link: Link,
    conn: u64,
    mut to: OwnedWriteHalf,
    mut orders: mpsc::UnboundedReceiver<Order>,
    events: Events,
    reading: AbortHandle,
) {
    while let Some(Order::Send(bytes)) = orders.recv().await {
        for part in bytes.chunks(WRITE_BYTES) {
            if let Err(error) = to.write_all(part).await {
                debug!(?link, conn, %error, "connection lost while writing");
                return; // the reading half tells it
            }
            let written = NetEvent::Written { conn, bytes: part.len() };
            if link == Link::Hds && events.send((link, written)).await.is_err() {
                return;
            }
        }
    }
    if let Err(error) = to.shutdown().await {
        debug!(?link, conn, %error, "connection was gone before it was closed");
    }
    reading.abort();
}
