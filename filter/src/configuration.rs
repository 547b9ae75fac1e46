//! The root context: takes a configuration, and does what no single call can do.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls::set_tick_period;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use spangate_document::{Diagnostic, Diagnostics, Path, from_json};
use spangate_policy::Policy;

use crate::call::Exchange;
use crate::gateway::Gateway;
use crate::host::{self, Buffer};
use crate::keys::{KeyStore, Peers};
use crate::permits::Permits;

/// The first tick comes soon, since only a root may fetch keys and a root runs only when called.
const FIRST_TICK: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_secs(1);

pub struct Root {
    context: u32,
    /// None until a configuration is there, and in a worker that could not begin: calls are refused then.
    gateway: Option<Rc<Gateway>>,
    ticking: bool,
}

impl Root {
    pub fn new(context: u32) -> Self {
        Self { context, gateway: None, ticking: false }
    }

    /// Depends on nothing but the configuration: were one worker to fail at something else, Envoy would skip
    /// the filter there, silently. A worker without its host's help refuses every call instead.
    fn configure(&mut self, size: usize) -> Result<(), Diagnostics> {
        let policy = read(size)?;
        self.gateway = self.gateway(policy);
        if self.gateway.is_none() {
            host::log(
                LogLevel::Critical,
                "spangate: the host has no randomness or no queues: every call is refused",
            );
        }
        Ok(())
    }

    fn gateway(&self, policy: Policy) -> Option<Rc<Gateway>> {
        let [a, b, c, d] = *host::random::<32>().ok()?.as_chunks::<8>().0.first_chunk()?;
        let [seed, nonce_prefix, name, permits] = [a, b, c, d].map(u64::from_le_bytes);
        let peers = Peers::join(&format!("{name:016x}"), host::monotonic_clock())?;
        let keys = KeyStore::new(policy.issuers(), peers);
        Some(Rc::new(Gateway::new(policy, keys, Permits::new(permits), seed, nonce_prefix)))
    }
}

/// The policy of the plugin's configuration.
fn read(size: usize) -> Result<Policy, Diagnostics> {
    let fault = |message: &str| {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::error("syntax", &Path::root(), message));
        diagnostics
    };
    let bytes =
        host::buffer(Buffer::PluginConfiguration, size).map_err(|_| fault("there is no configuration"))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("the configuration is no UTF-8"))?;
    let node = from_json(&text).map_err(|diagnostic| {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(diagnostic);
        diagnostics
    })?;
    let (policy, _warnings) = spangate_policy::load(&node)?;
    Ok(policy)
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, _headers: usize, body_size: usize, _trailers: usize) {
        if let Some(gateway) = &self.gateway {
            gateway.answered(token, body_size);
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        match self.configure(size) {
            Ok(()) => {
                if let Some(gateway) = &self.gateway {
                    let (name, revision) = (gateway.policy.name(), gateway.policy.revision());
                    host::log(LogLevel::Info, &format!("spangate: policy {name} {revision} is in force"));
                }
                let _ = set_tick_period(FIRST_TICK);
                true
            }
            Err(diagnostics) => {
                host::log(LogLevel::Error, &format!("spangate: the policy is refused:\n{diagnostics}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if !self.ticking {
            self.ticking = true;
            let _ = set_tick_period(TICK);
        }
        if let Some(gateway) = &self.gateway {
            gateway.tick(self.context);
        }
    }

    fn on_queue_ready(&mut self, _queue: u32) {
        if let Some(gateway) = &self.gateway {
            gateway.noted(self.context);
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream(Exchange::new(self.gateway.clone(), context))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One call, as the SDK knows it. The exchange is shared, since a root wakes it.
struct Stream(Rc<RefCell<Exchange>>);

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.0.borrow_mut().on_request_headers()
    }

    fn on_http_request_body(&mut self, size: usize, _end_of_stream: bool) -> Action {
        self.0.borrow_mut().on_request_body(size)
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.0.borrow_mut().on_request_trailers()
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.0.borrow_mut().on_response_headers(end_of_stream)
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.0.borrow_mut().on_response_body(size, end_of_stream)
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.0.borrow_mut().on_response_trailers()
    }
}
