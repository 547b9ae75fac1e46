//! The host as tests have it: the shared data, queues and clock of one process, and what its clusters answer. Each thread
//! has a process of its own, so that tests do not meet. What no test needs does nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::headers::{HeaderMap, HeaderMapBuilder};

/// For its types alone: nothing of it is called.
#[path = "../host.rs"]
#[allow(dead_code, unreachable_pub, reason = "only its types are used")]
mod real;

pub use real::{Buffer, Counter, HostFault, LogLevel, Map};

/// As in the real host: a version that no shared value has.
const ABSENT: u32 = u32::MAX;

/// The wall clock's start, in nanoseconds since 1970.
pub const EPOCH: u64 = 1_800_000_000_000_000_000;

/// A process, and what the calls into the filter that is to come next will find.
#[derive(Default)]
pub struct Process {
    /// Nanoseconds of the clock that all workers share.
    pub now: u64,
    shared: BTreeMap<String, (Vec<u8>, u32)>,
    queues: Vec<VecDeque<Vec<u8>>>,
    /// Fetches that were asked for: their tokens and URLs' paths.
    pub fetches: Vec<(u32, String)>,
    tokens: u32,
    pub configuration: String,
    pub request: Vec<(String, String)>,
    /// The answer to a fetch: its body, or none in time.
    pub answer: Option<String>,
    /// Status and details of the filter's own answer.
    pub response: Option<(u16, String)>,
}

thread_local! {
    static PROCESS: RefCell<Process> = RefCell::default();
}

pub fn process<T>(change: impl FnOnce(&mut Process) -> T) -> T {
    PROCESS.with_borrow_mut(change)
}

impl Process {
    fn queue(&mut self, queue: u32) -> Option<&mut VecDeque<Vec<u8>>> {
        self.queues.get_mut(usize::try_from(queue).ok()?)
    }
}

pub fn header_map(map: Map) -> Result<HeaderMap, HostFault> {
    let mut builder = HeaderMapBuilder::default();
    process(|process| match map {
        Map::CallResponseHeaders => process.answer.iter().for_each(|_| builder.push(":status", "200")),
        _ => process.request.iter().for_each(|(name, value)| builder.push(name, value)),
    });
    Ok(HeaderMap::new(builder.finish()))
}

pub fn buffer(buffer: Buffer, _length: usize) -> Result<Vec<u8>, HostFault> {
    let text = process(|process| match buffer {
        Buffer::PluginConfiguration => Some(process.configuration.clone()),
        Buffer::CallResponseBody => process.answer.clone(),
        Buffer::RequestBody | Buffer::ResponseBody => None,
    });
    text.map(String::into_bytes).ok_or(HostFault)
}

pub fn shared(key: &str) -> (Option<Vec<u8>>, u32) {
    process(|process| match process.shared.get(key) {
        Some((value, version)) => (Some(value.clone()), *version),
        None => (None, ABSENT),
    })
}

pub fn swap_shared(key: &str, value: &[u8], version: u32) -> Result<bool, HostFault> {
    process(|process| {
        let current = process.shared.get(key).map(|(_, version)| *version);
        if version != 0 && current.is_some_and(|current| current != version) {
            return Ok(false);
        }
        process.shared.insert(key.to_owned(), (value.to_vec(), current.unwrap_or_default() + 1));
        Ok(true)
    })
}

pub fn register_queue(_name: &str) -> Option<u32> {
    process(|process| {
        process.queues.push(VecDeque::new());
        u32::try_from(process.queues.len() - 1).ok()
    })
}

pub fn enqueue(queue: u32, note: &[u8]) -> Result<(), HostFault> {
    process(|process| process.queue(queue).map(|queue| queue.push_back(note.to_vec())).ok_or(HostFault))
}

pub fn dequeue(queue: u32) -> Option<Vec<u8>> {
    process(|process| process.queue(queue)?.pop_front())
}

pub fn fetch(_: &str, _: &str, _: &str, path: &str, _: Duration) -> Result<u32, HostFault> {
    process(|process| {
        process.tokens += 1;
        process.fetches.push((process.tokens, path.to_owned()));
        Ok(process.tokens)
    })
}

pub fn respond(status: u16, _headers: &[u8], _body: &[u8], details: &str) -> Result<(), HostFault> {
    process(|process| process.response = Some((status, details.to_owned())));
    Ok(())
}

pub fn monotonic_clock() -> u64 {
    process(|process| process.now)
}

pub fn wall_clock() -> u64 {
    EPOCH + monotonic_clock()
}

pub fn random<const N: usize>() -> Result<[u8; N], HostFault> {
    Ok([7; N])
}

pub fn set_header_map(_: Map, _: &[u8]) -> Result<(), HostFault> {
    Ok(())
}
pub fn clear_header_map(_: Map) -> Result<(), HostFault> {
    Ok(())
}
pub fn set_buffer(_: Buffer, _: usize, _: &[u8]) -> Result<(), HostFault> {
    Ok(())
}
pub fn property(_: &str) -> Option<Vec<u8>> {
    None
}
pub fn set_property(_: &str, _: &[u8]) -> Result<(), HostFault> {
    Ok(())
}
pub fn log(_: LogLevel, _: &str) {}
pub fn set_tick_period(_: Duration) {}
pub fn counter(_: &str) -> Option<Counter> {
    None
}
pub fn count(_: Counter, _: u64) {}
pub fn resume_request() {}
pub fn reset_response() {}
pub fn enter(_: u32) -> Result<(), HostFault> {
    Ok(())
}
pub fn foreign_function(_: &str, _: &[u8]) -> Result<Vec<u8>, HostFault> {
    Err(HostFault)
}
pub fn source() -> Option<(IpAddr, u16)> {
    None
}
