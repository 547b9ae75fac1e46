//! An upstream of the user's own, for what a policy forwards: it answers with what it was sent, and may be told to
//! hold its answers back.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

pub struct Upstream {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    holds: AtomicBool,
    stopped: AtomicBool,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let of_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if of_all.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&of_all);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { port, shared }
    }

    /// Whether answers wait.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.store(holds, Ordering::SeqCst);
    }

    /// Calls that have come and have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// The most there ever were.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.hold(false);
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    /// One call, and the connection is done.
    fn serve(&self, mut stream: TcpStream) {
        // A call that is broken off has no answer.
        let Some(head) = read_request(&mut stream) else { return };
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let mut left = false;
        while self.holds.load(Ordering::SeqCst) && !left {
            // The gateway closes a connection whose client has left.
            left = match stream.read(&mut [0; 1024]) {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            };
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        let mut lines = head.lines();
        let request = lines.next().unwrap_or_default();
        let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
        let body = json!({"request": request, "headers": headers}).to_string();
        let status = if request.contains("/missing") { "404 Not Found" } else { "200 OK" };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-upstream: yes\r\n\
             x-secret: yes\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// The head of a request whose body has come to its end.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let head = String::from_utf8(read_until(stream, b"\r\n\r\n")?).ok()?;
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    if let Some(length) = header("content-length: ") {
        stream.read_exact(&mut vec![0; length.parse().ok()?]).ok()?;
    } else if header("transfer-encoding: ").is_some() {
        read_until(stream, b"0\r\n\r\n")?;
    }
    Some(head)
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        read.push(byte[0]);
    }
    Some(read)
}
