// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counters for Prometheus, over HTTP/1.0 on this machine alone. Off unless a port is configured.

use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time;
use tracing::{debug, info, warn};

use super::desk::{Desk, Request};

/// Callers at once; further ones wait.
const CALLERS: usize = 4;
/// Bytes of a request's head.
const MAX_HEAD: usize = 4096;
/// Headers of a request.
const MAX_HEADERS: usize = 32;
/// From the connection to the last byte.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// After a failure to accept.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Answers for as long as it is asked for; without a port, never.
pub async fn serve(port: Option<NonZeroU16>, desk: Desk) {
    let Some(port) = port else { return std::future::pending().await };
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port.get())).await {
        Ok(listener) => listener,
        Err(error) => {
            warn!(%error, port, "no metrics");
            return std::future::pending().await;
        }
    };
    info!(port, "metrics");
    let callers = Arc::new(Semaphore::new(CALLERS));
    loop {
        let Ok(caller) = Arc::clone(&callers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = desk.clone();
                tokio::spawn(async move {
                    let _caller = caller;
                    match time::timeout(ANSWER_WITHIN, answer(stream, &desk)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => debug!(%error, "metrics were not taken"),
                        Err(_) => debug!("whoever asked for metrics was too slow"),
                    }
                });
            }
            Err(error) => {
                debug!(%error, "no connection for metrics");
                time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, desk: &Desk) -> std::io::Result<()> {
    let mut head = Vec::new();
    let status = loop {
        if let Some(status) = status(&head) {
            break status;
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let (status, body) = match status {
        "200 OK" => match desk.ask(Request::Facts).await {
            Ok(facts) => (status, text(&facts.counters)),
            Err(_) => ("503 Service Unavailable", String::new()),
        },
        _ => (status, String::new()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.0 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// The answer to a head; `None` while it is not whole.
fn status(head: &[u8]) -> Option<&'static str> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => Some(match (request.method, request.path) {
            (Some("GET"), Some("/metrics")) => "200 OK",
            (Some("GET"), _) => "404 Not Found",
            _ => "405 Method Not Allowed",
        }),
        Ok(httparse::Status::Partial) if head.len() < MAX_HEAD => None,
        _ => Some("400 Bad Request"),
    }
}

/// As Prometheus reads it.
fn text(counters: &[(&str, f64)]) -> String {
    let line = |(name, value): &(&str, f64)| {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        format!("# TYPE hsv_{name} {kind}\nhsv_{name} {value}\n")
    };
    counters.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_its_answer() {
        let table: [(&[u8], Option<&str>); 7] = [
            (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Some("200 OK")),
            (b"GET /metrics HTTP/1.0\r\n\r\n", Some("200 OK")),
            (b"GET / HTTP/1.0\r\n\r\n", Some("404 Not Found")),
            (b"POST /metrics HTTP/1.0\r\n\r\n", Some("405 Method Not Allowed")),
            (b"GET /metr", None),
            (b"\xff\xfe\r\n\r\n", Some("400 Bad Request")),
            (&[b'A'; MAX_HEAD], Some("400 Bad Request")),
        ];
        for (head, answer) in table {
            assert_eq!(status(head), answer, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn counters_are_counters() {
        let told = text(&[("motions_total", 3.0), ("uptime_seconds", 1.5)]);
        let lines = "# TYPE hsv_motions_total counter\nhsv_motions_total 3\n\
                     # TYPE hsv_uptime_seconds gauge\nhsv_uptime_seconds 1.5\n";
        assert_eq!(told, lines);
    }
}
