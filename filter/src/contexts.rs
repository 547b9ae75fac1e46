//! Contexts as the SDK knows them. They add nothing to what roots and calls do, but for this: a root wakes calls
//! that wait, each in its own context.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use crate::call::Exchange;
use crate::configuration::Root;
use crate::host;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
    proxy_wasm::set_root_context(|context| {
        Box::new(RootStream { context, root: Root::default(), waiting: Waiting::default() })
    });
}}

/// Calls of one root that wait.
type Waiting = Rc<RefCell<Vec<(u32, Weak<RefCell<Exchange>>)>>>;

struct RootStream {
    context: u32,
    root: Root,
    waiting: Waiting,
}

impl RootStream {
    /// Goes on with calls that have waited. Those that are gone meanwhile are passed over.
    fn resume(&self, woken: &[u32]) {
        let mut calls = std::mem::take(&mut *self.waiting.borrow_mut());
        calls.retain(|(context, call)| {
            let Some(call) = call.upgrade() else { return false };
            let mut call = call.borrow_mut();
            if woken.contains(context) && host::enter(*context).is_ok() {
                call.resume();
            }
            call.is_waiting()
        });
        self.waiting.borrow_mut().append(&mut calls);
        if !woken.is_empty() {
            // What follows concerns the root again.
            let _ = host::enter(self.context);
        }
    }
}

impl Context for RootStream {
    fn on_http_call_response(&mut self, token: u32, _headers: usize, body_size: usize, _trailers: usize) {
        self.root.answered(token, body_size);
    }
}

impl RootContext for RootStream {
    fn on_configure(&mut self, size: usize) -> bool {
        self.root.configure(size)
    }

    fn on_tick(&mut self) {
        let woken = self.root.tick();
        self.resume(&woken);
    }

    fn on_queue_ready(&mut self, _queue: u32) {
        let woken = self.root.noted();
        self.resume(&woken);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let call = Rc::new(RefCell::new(Exchange::new(self.root.gateway(), context)));
        Some(Box::new(Stream { context, call, waiting: Rc::clone(&self.waiting) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One call. It is shared, since a root wakes it.
struct Stream {
    context: u32,
    call: Rc<RefCell<Exchange>>,
    waiting: Waiting,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let mut call = self.call.borrow_mut();
        let action = call.on_request_headers(end_of_stream);
        if call.is_waiting() {
            self.waiting.borrow_mut().push((self.context, Rc::downgrade(&self.call)));
        }
        action
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.call.borrow_mut().on_request_body(size, end_of_stream)
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.call.borrow_mut().on_request_trailers()
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.call.borrow_mut().on_response_headers(end_of_stream)
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.call.borrow_mut().on_response_body(size, end_of_stream)
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.call.borrow_mut().on_response_trailers()
    }
}
