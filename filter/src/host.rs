//! The host: every call out of wasm that the filter makes stands here. The SDK's own wrappers are passed by
//! where they would panic: on a header name that is no UTF-8, on a status that they do not expect. A panic is a
//! trap, and a trap takes the worker's VM down.

use std::net::{IpAddr, SocketAddr};
use std::ptr::{null, null_mut};
use std::time::Duration;

use crate::headers::HeaderMap;

/// What the host may answer.
type Status = u32;
const OK: Status = 0;
const CAS_MISMATCH: Status = 8;

/// A version that no shared value has: a swap with it creates the value, and fails if there is one by then.
const ABSENT: u32 = u32::MAX;

/// The call did not succeed. What to do then is the caller's to know; why is in the proxy's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostFault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
    ResponseTrailers = 3,
    CallResponseHeaders = 6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallResponseBody = 4,
    PluginConfiguration = 7,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

/// A counter among the proxy's own statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter(u32);

#[expect(unsafe_code, reason = "the host's functions, as the proxy-wasm ABI 0.2.1 and WASI give them")]
mod foreign {
    use super::Status;

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> Status;
        pub fn proxy_set_header_map_pairs(map: u32, data: *const u8, size: usize) -> Status;
        pub fn proxy_get_buffer_bytes(
            buffer: u32,
            start: usize,
            length: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> Status;
        pub fn proxy_set_buffer_bytes(
            buffer: u32,
            start: usize,
            length: usize,
            data: *const u8,
            size: usize,
        ) -> Status;
        pub fn proxy_get_property(
            path: *const u8,
            length: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> Status;
        pub fn proxy_set_property(path: *const u8, length: usize, data: *const u8, size: usize) -> Status;
        pub fn proxy_get_shared_data(
            key: *const u8,
            length: usize,
            data: *mut *mut u8,
            size: *mut usize,
            version: *mut u32,
        ) -> Status;
        pub fn proxy_set_shared_data(
            key: *const u8,
            length: usize,
            data: *const u8,
            size: usize,
            version: u32,
        ) -> Status;
        pub fn proxy_register_shared_queue(name: *const u8, length: usize, queue: *mut u32) -> Status;
        pub fn proxy_enqueue_shared_queue(queue: u32, data: *const u8, size: usize) -> Status;
        pub fn proxy_dequeue_shared_queue(queue: u32, data: *mut *mut u8, size: *mut usize) -> Status;
        pub fn proxy_send_local_response(
            status: u32,
            details: *const u8,
            details_size: usize,
            body: *const u8,
            body_size: usize,
            headers: *const u8,
            headers_size: usize,
            grpc_status: i32,
        ) -> Status;
        pub fn proxy_log(level: u32, message: *const u8, length: usize) -> Status;
        pub fn proxy_set_tick_period_milliseconds(period: u32) -> Status;
        pub fn proxy_define_metric(kind: u32, name: *const u8, length: usize, metric: *mut u32) -> Status;
        pub fn proxy_increment_metric(metric: u32, offset: i64) -> Status;
        pub fn proxy_continue_stream(stream: u32) -> Status;
        pub fn proxy_close_stream(stream: u32) -> Status;
        pub fn proxy_set_effective_context(context: u32) -> Status;
        pub fn proxy_call_foreign_function(
            name: *const u8,
            name_size: usize,
            arguments: *const u8,
            arguments_size: usize,
            data: *mut *mut u8,
            size: *mut usize,
        ) -> Status;
    }

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u32;
        pub fn random_get(data: *mut u8, size: usize) -> u32;
    }
}

/// Calls a function that hands over memory which it had the module allocate.
#[expect(unsafe_code, reason = "the host fills a buffer that it had our `malloc` allocate as a boxed slice")]
fn receive(call: impl FnOnce(*mut *mut u8, *mut usize) -> Status) -> Result<Vec<u8>, Status> {
    let (mut data, mut size) = (null_mut(), 0);
    match call(&mut data, &mut size) {
        OK if data.is_null() => Ok(Vec::new()),
        // SAFETY: the SDK's allocator made `data` as a boxed slice of `size` bytes and has forgotten it.
        OK => Ok(unsafe { Vec::from_raw_parts(data, size, size) }),
        status => Err(status),
    }
}

fn done(status: Status) -> Result<(), HostFault> {
    if status == OK { Ok(()) } else { Err(HostFault) }
}

#[expect(unsafe_code, reason = "calls the host: each pointer comes with the length of what it points to")]
mod calls {
    use super::*;

    pub fn header_map(map: Map) -> Result<HeaderMap, HostFault> {
        receive(|data, size| unsafe { foreign::proxy_get_header_map_pairs(map as u32, data, size) })
            .map(HeaderMap::new)
            .map_err(|_| HostFault)
    }

    /// Replaces a map as a whole, pseudo-headers too: one call, and an allow-list at once.
    pub fn set_header_map(map: Map, pairs: &[u8]) -> Result<(), HostFault> {
        done(unsafe { foreign::proxy_set_header_map_pairs(map as u32, pairs.as_ptr(), pairs.len()) })
    }

    pub fn clear_header_map(map: Map) -> Result<(), HostFault> {
        set_header_map(map, &0_u32.to_le_bytes())
    }

    pub fn buffer(buffer: Buffer, length: usize) -> Result<Vec<u8>, HostFault> {
        receive(|data, size| unsafe { foreign::proxy_get_buffer_bytes(buffer as u32, 0, length, data, size) })
            .map_err(|_| HostFault)
    }

    /// Puts `bytes` in place of the first `length` bytes; with a length of 0 before them.
    pub fn set_buffer(buffer: Buffer, length: usize, bytes: &[u8]) -> Result<(), HostFault> {
        done(unsafe {
            foreign::proxy_set_buffer_bytes(buffer as u32, 0, length, bytes.as_ptr(), bytes.len())
        })
    }

    /// A property by its path, the names separated by zeros.
    pub fn property(path: &str) -> Option<Vec<u8>> {
        receive(|data, size| unsafe { foreign::proxy_get_property(path.as_ptr(), path.len(), data, size) })
            .ok()
    }

    /// Sets the filter state `wasm.PATH`.
    pub fn set_property(path: &str, value: &[u8]) -> Result<(), HostFault> {
        done(unsafe { foreign::proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
    }

    /// A shared value, if there is one, and the version with which [`swap_shared`] replaces or creates it.
    pub fn shared(key: &str) -> (Option<Vec<u8>>, u32) {
        let mut version = 0;
        let value = receive(|data, size| unsafe {
            foreign::proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &mut version)
        });
        match value {
            Ok(value) => (Some(value), version),
            Err(_) => (None, ABSENT),
        }
    }

    /// Swaps a shared value if it still has that version. `Ok(false)` when it has changed meanwhile.
    pub fn swap_shared(key: &str, value: &[u8], version: u32) -> Result<bool, HostFault> {
        let status = unsafe {
            foreign::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version)
        };
        match status {
            OK => Ok(true),
            CAS_MISMATCH => Ok(false),
            _ => Err(HostFault),
        }
    }

    pub fn register_queue(name: &str) -> Option<u32> {
        let mut queue = 0;
        done(unsafe { foreign::proxy_register_shared_queue(name.as_ptr(), name.len(), &mut queue) }).ok()?;
        Some(queue)
    }

    pub fn enqueue(queue: u32, note: &[u8]) -> Result<(), HostFault> {
        done(unsafe { foreign::proxy_enqueue_shared_queue(queue, note.as_ptr(), note.len()) })
    }

    pub fn dequeue(queue: u32) -> Option<Vec<u8>> {
        receive(|data, size| unsafe { foreign::proxy_dequeue_shared_queue(queue, data, size) }).ok()
    }

    /// Answers the call from here. `headers` is a serialised map.
    pub fn respond(status: u16, headers: &[u8], body: &[u8], details: &str) -> Result<(), HostFault> {
        done(unsafe {
            foreign::proxy_send_local_response(
                u32::from(status),
                details.as_ptr(),
                details.len(),
                if body.is_empty() { null() } else { body.as_ptr() },
                body.len(),
                headers.as_ptr(),
                headers.len(),
                -1,
            )
        })
    }

    /// Writes a line to the proxy's log. Callers see to it that nothing in it was chosen by a client.
    pub fn log(level: LogLevel, message: &str) {
        // Without a log there is nobody to tell.
        let _ = unsafe { foreign::proxy_log(level as u32, message.as_ptr(), message.len()) };
    }

    /// Has the root called now and then. A host that cannot is one on which nothing is ever fetched: calls say so.
    pub fn set_tick_period(period: Duration) {
        let milliseconds = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
        let _ = unsafe { foreign::proxy_set_tick_period_milliseconds(milliseconds) };
    }

    /// The counter of that name, all workers' and all configurations' together.
    pub fn counter(name: &str) -> Option<Counter> {
        let mut metric = 0;
        done(unsafe { foreign::proxy_define_metric(0, name.as_ptr(), name.len(), &mut metric) }).ok()?;
        Some(Counter(metric))
    }

    pub fn count(counter: Counter, times: u64) {
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        // What is not counted is missing in a statistic, and nowhere else.
        let _ = unsafe { foreign::proxy_increment_metric(counter.0, times) };
    }

    pub fn resume_request() {
        // A client that has left needs no resuming.
        let _ = unsafe { foreign::proxy_continue_stream(0) };
    }

    /// Breaks the answer off, so that what the client has of it cannot look whole.
    pub fn reset_response() {
        let _ = unsafe { foreign::proxy_close_stream(1) };
    }

    /// Makes what follows concern that call. An error says that the call is gone.
    pub fn enter(context: u32) -> Result<(), HostFault> {
        done(unsafe { foreign::proxy_set_effective_context(context) })
    }

    pub fn foreign_function(name: &str, arguments: &[u8]) -> Result<Vec<u8>, HostFault> {
        receive(|data, size| unsafe {
            foreign::proxy_call_foreign_function(
                name.as_ptr(),
                name.len(),
                arguments.as_ptr(),
                arguments.len(),
                data,
                size,
            )
        })
        .map_err(|_| HostFault)
    }

    /// Nanoseconds: since 1970 (clock 0), or of a clock that never steps back (clock 1).
    pub fn clock(clock: u32) -> u64 {
        let mut time = 0;
        let _ = unsafe { foreign::clock_time_get(clock, 1, &mut time) };
        time
    }

    pub fn random<const N: usize>() -> Result<[u8; N], HostFault> {
        let mut bytes = [0; N];
        done(unsafe { foreign::random_get(bytes.as_mut_ptr(), N) })?;
        Ok(bytes)
    }
}

pub use calls::*;

/// Nanoseconds since 1970.
pub fn wall_clock() -> u64 {
    clock(0)
}

/// Nanoseconds of a clock that all workers share and that never steps back.
pub fn monotonic_clock() -> u64 {
    clock(1)
}

/// The client's address as Envoy trusts it.
pub fn source() -> Option<(IpAddr, u16)> {
    let text = property("source\0address")?;
    let address: SocketAddr = std::str::from_utf8(&text).ok()?.parse().ok()?;
    Some((address.ip(), address.port()))
}

/// Sends a GET to a cluster. The answer comes to the root context that asked.
pub fn fetch(
    cluster: &str,
    scheme: &str,
    authority: &str,
    path: &str,
    timeout: Duration,
) -> Result<u32, HostFault> {
    let headers = vec![
        (":method", "GET"),
        (":scheme", scheme),
        (":authority", authority),
        (":path", path),
        ("accept", "application/jwk-set+json, application/json"),
        ("user-agent", "spangate"),
    ];
    // By the SDK, which takes no answer to a callout that it does not know.
    proxy_wasm::hostcalls::dispatch_http_call(cluster, headers, None, Vec::new(), timeout)
        .map_err(|_| HostFault)
}
