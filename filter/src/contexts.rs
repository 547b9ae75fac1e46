//! Contexts as the SDK knows them. They add nothing to what roots and calls do, but for this: a root wakes calls
//! that wait, each in its own context.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
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

/// Calls of one root that wait, by their contexts: there may be thousands, of which a root wakes some.
type Waiting = Rc<RefCell<HashMap<u32, Weak<RefCell<Exchange>>, FixedState>>>;

struct RootStream {
    context: u32,
    root: Root,
    waiting: Waiting,
}

impl RootStream {
    /// Goes on with calls that have waited. Those that are gone meanwhile are passed over.
    fn resume(&self, woken: &[u32]) {
        for context in woken {
            let waiting = self.waiting.borrow_mut().remove(context);
            let Some(call) = waiting.and_then(|call| call.upgrade()) else { continue };
            if host::enter(*context).is_ok() {
                call.borrow_mut().resume();
                remember(&self.waiting, *context, &call);
            }
        }
        if !woken.is_empty() {
            // What follows concerns the root again.
            let _ = host::enter(self.context);
        }
    }
}

/// A call that has to wait, for its root to wake.
fn remember(waiting: &Waiting, context: u32, call: &Rc<RefCell<Exchange>>) {
    if call.borrow().is_waiting() {
        waiting.borrow_mut().insert(context, Rc::downgrade(call));
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
        let action = self.call.borrow_mut().on_request_headers(end_of_stream);
        remember(&self.waiting, self.context, &self.call);
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
