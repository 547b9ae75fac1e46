//! One call, from its request's headers to its answer's end. What is decided is the policy's; what is done about
//! it stands here.

mod request;
mod response;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use proxy_wasm::types::Action;
use spangate_policy::problem::Refusal;
use spangate_policy::reason::Reason;
use spangate_policy::{Decision, Need, Progress};

use crate::effects;
use crate::facts::Request;
use crate::framing::Unframer;
use crate::gateway::{Gateway, Instant, Now};
use crate::host::{self, Map};

/// Filter state that only this filter sets, as `wasm.spangate`: the route to the sidecar demands it, and the
/// access log prints it.
const VERDICT_PROPERTY: &str = "spangate";

pub struct Exchange {
    /// None in a worker that could not begin: it refuses every call.
    gateway: Option<Rc<Gateway>>,
    context: u32,
    this: Weak<RefCell<Exchange>>,
    phase: Phase,
    request: Option<Request>,
    progress: Option<Progress>,
    request_id: Option<String>,
    /// Of a HEAD's answer no byte may follow the headers.
    head: bool,
}

enum Phase {
    /// Nothing is decided.
    New,
    /// The decision waits for keys.
    Waiting,
    /// The answer is our own: it has passed through here once already.
    Answered,
    /// On its way to the sidecar.
    Passed,
    /// The sidecar's answer is on its way back.
    Streaming(Unframer),
    /// The proxy's own answer, whose body becomes this one.
    Replaced(Vec<u8>),
    /// Broken off.
    Reset,
}

impl Exchange {
    pub fn new(gateway: Option<Rc<Gateway>>, context: u32) -> Rc<RefCell<Self>> {
        Rc::new_cyclic(|this| {
            RefCell::new(Self {
                gateway,
                context,
                this: this.clone(),
                phase: Phase::New,
                request: None,
                progress: None,
                request_id: None,
                head: false,
            })
        })
    }

    pub fn on_request_headers(&mut self) -> Action {
        let (Some(gateway), Ok(headers)) = (self.gateway.clone(), host::header_map(Map::RequestHeaders))
        else {
            return self.refuse(&Reason::PolicyUnavailable.into());
        };
        let now = gateway.now();
        self.request_id = headers.text("x-request-id").map(str::to_owned);
        let Ok(request) = Request::new(headers, now.wall) else {
            return self.refuse(&Reason::RouteNotFound.into());
        };
        self.head = effects::is_head(&request);
        match gateway.policy.route(&request, request.query_text()) {
            Ok(progress) => {
                self.progress = Some(progress);
                self.request = Some(request);
                self.decide(&gateway, now)
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// Goes on with a call that has waited. The call's context is the effective one.
    pub fn resume(exchange: &Rc<RefCell<Self>>) {
        let mut exchange = exchange.borrow_mut();
        let Some(gateway) = exchange.gateway.clone().filter(|_| matches!(exchange.phase, Phase::Waiting))
        else {
            return;
        };
        let now = gateway.now();
        if exchange.decide(&gateway, now) == Action::Continue {
            host::resume_request();
        }
    }

    fn decide(&mut self, gateway: &Rc<Gateway>, now: Now) -> Action {
        let (Some(request), Some(progress)) = (&self.request, &mut self.progress) else {
            return self.refuse(&Reason::PolicyUnavailable.into());
        };
        let mut instant = Instant { gateway, now };
        loop {
            match gateway.policy.decide(progress, request, &mut instant) {
                Decision::Allow => return self.pass(gateway),
                Decision::Refuse(refusal) => return self.refuse(&refusal),
                Decision::Need(Need::Keys { issuer }) => {
                    if gateway.await_keys(issuer, self.context, self.this.clone(), now) {
                        self.phase = Phase::Waiting;
                        return Action::Pause;
                    }
                    // Asked again without having waited, the policy refuses by itself.
                }
            }
        }
    }

    /// Answers with a problem document.
    fn refuse(&mut self, refusal: &Refusal) -> Action {
        self.note_shadowed();
        let verdict = format!("refuse {}", refusal.reason);
        // The log is poorer without it, the answer is not.
        let _ = host::set_property(VERDICT_PROPERTY, verdict.as_bytes());
        self.phase = Phase::Answered;
        let body = refusal.problem_document(self.request_id.as_deref());
        let headers = effects::problem_headers(refusal);
        // Where the host cannot even do this, pausing keeps the call from going on.
        let _ = host::respond(refusal.status, &headers, body.as_bytes(), &refusal.reason);
        Action::Pause
    }
}
