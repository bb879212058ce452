// SPDX-License-Identifier: MIT OR Apache-2.0
//! The part of HTTP/1.1 that HAP uses: heads of requests in, whole messages out.

/// Longest request line and header fields, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;
/// Longest body before pair verify, in bytes. M3 of pair setup has 460.
pub const MAX_BODY_UNVERIFIED: usize = 64 * 1024;
/// Longest body in a session, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// Most header fields.
const MAX_FIELDS: usize = 64;

/// Request methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    /// Any other; no path takes it.
    Other,
}

/// A request's head; its body is the `body_len` bytes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub method: Method,
    /// The target without its query.
    pub path: String,
    /// What stands after the question mark.
    pub query: String,
    /// Length of the head itself.
    pub len: usize,
    pub body_len: usize,
}

/// Why the bytes are refused; the connection is closed after the answer, since where the next
/// request begins cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is no HTTP request")]
    Malformed,
    #[error("the head is longer than {MAX_HEAD} bytes or has more than {MAX_FIELDS} fields")]
    HeadTooLarge,
    #[error("the body is too long")]
    BodyTooLarge,
}

impl Head {
    /// Reads a head at the front of `bytes`; `None` when it is not whole yet.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Refused> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let seen = &bytes[..bytes.len().min(MAX_HEAD)];
        let len = match request.parse(seen) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if bytes.len() >= MAX_HEAD => {
                return Err(Refused::HeadTooLarge);
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Refused::HeadTooLarge),
            Err(_) => return Err(Refused::Malformed),
        };
        let method = match request.method.ok_or(Refused::Malformed)? {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            _ => Method::Other,
        };
        let target = request.path.ok_or(Refused::Malformed)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body_len = body_len(request.headers)?;
        Ok(Some(Self { method, path: path.to_owned(), query: query.to_owned(), len, body_len }))
    }
}

/// Content-Length; none means no body. Nobody sends chunks, and guessing where they end would
/// let one request hide in another.
fn body_len(fields: &[httparse::Header<'_>]) -> Result<usize, Refused> {
    let mut len = None;
    for field in fields {
        if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Refused::Malformed);
        }
        if !field.name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        let digits = field.value.trim_ascii();
        if digits.is_empty() || len.is_some() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Refused::Malformed);
        }
        let text = std::str::from_utf8(digits).map_err(|_| Refused::Malformed)?;
        len = Some(text.parse().map_err(|_| Refused::BodyTooLarge)?);
    }
    Ok(len.unwrap_or(0))
}

/// Status codes with their reason phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    Ok = 200,
    NoContent = 204,
    MultiStatus = 207,
    BadRequest = 400,
    NotFound = 404,
    MethodNotAllowed = 405,
    ContentTooLarge = 413,
    HeadTooLarge = 431,
    ConnectionAuthorizationRequired = 470,
    InternalServerError = 500,
    ServiceUnavailable = 503,
}

impl Code {
    const fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::NoContent => "No Content",
            Self::MultiStatus => "Multi-Status",
            Self::BadRequest => "Bad Request",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::ContentTooLarge => "Content Too Large",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::ConnectionAuthorizationRequired => "Connection Authorization Required",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}

impl From<Refused> for Code {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed => Self::BadRequest,
            Refused::HeadTooLarge => Self::HeadTooLarge,
            Refused::BodyTooLarge => Self::ContentTooLarge,
        }
    }
}

/// A body with its media type.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    Json(&'a str),
    Tlv8(&'a [u8]),
    Jpeg(&'a [u8]),
}

impl<'a> Body<'a> {
    fn parts(self) -> (&'static str, &'a [u8]) {
        match self {
            Self::Json(text) => ("application/hap+json", text.as_bytes()),
            Self::Tlv8(bytes) => ("application/pairing+tlv8", bytes),
            Self::Jpeg(bytes) => ("image/jpeg", bytes),
        }
    }
}

/// A response with a body.
pub fn response(code: Code, body: Body<'_>) -> Vec<u8> {
    message(&format!("HTTP/1.1 {} {}", code as u16, code.reason()), body)
}

/// A response without a body.
pub fn empty(code: Code) -> Vec<u8> {
    let length = if code == Code::NoContent { "" } else { "Content-Length: 0\r\n" };
    format!("HTTP/1.1 {} {}\r\n{length}\r\n", code as u16, code.reason()).into_bytes()
}

/// An event: a response that nobody asked for.
pub fn event(body: &str) -> Vec<u8> {
    message("EVENT/1.0 200 OK", Body::Json(body))
}

fn message(first_line: &str, body: Body<'_>) -> Vec<u8> {
    let (media_type, body) = body.parts();
    let head = format!(
        "{first_line}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut out = Vec::with_capacity(head.len() + body.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &[u8] = b"PUT /characteristics HTTP/1.1\r\nHost: My\\032Cam._hap._tcp.local\r\ncontent-LENGTH: 5\r\n\r\nhello";

    #[test]
    fn a_head_is_read_and_every_truncation_waits() {
        let head = Head::parse(PUT).unwrap().unwrap();
        assert_eq!(
            (head.method, head.path.as_str(), head.body_len),
            (Method::Put, "/characteristics", 5)
        );
        assert_eq!(&PUT[head.len..], b"hello");
        for end in 0..head.len {
            assert_eq!(Head::parse(&PUT[..end]), Ok(None), "cut at {end}");
        }
        let get =
            Head::parse(b"GET /characteristics?id=1.2&ev=1 HTTP/1.1\r\n\r\n").unwrap().unwrap();
        assert_eq!(
            (get.path.as_str(), get.query.as_str(), get.body_len),
            ("/characteristics", "id=1.2&ev=1", 0)
        );
    }

    #[test]
    fn what_cannot_be_delimited_is_refused() {
        let long = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &[b'x'; MAX_HEAD]].concat();
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MAX_FIELDS + 1));
        for (bytes, refused) in [
            (&b"\x16\x03\x01\x02\x00\x01\x00"[..], Refused::Malformed),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Refused::Malformed),
            (b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", Refused::Malformed),
            (
                b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                Refused::Malformed,
            ),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Refused::Malformed),
            (
                b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                Refused::BodyTooLarge,
            ),
            (&long, Refused::HeadTooLarge),
            (many.as_bytes(), Refused::HeadTooLarge),
        ] {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            assert_eq!(Head::parse(bytes), Err(refused), "{shown}");
        }
    }

    #[test]
    fn a_204_has_no_length_and_others_have_one() {
        assert_eq!(empty(Code::NoContent), b"HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(empty(Code::NotFound), b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(
            response(Code::Ok, Body::Json("{}")),
            b"HTTP/1.1 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
