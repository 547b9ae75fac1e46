//! One call, from its request's headers to its answer's end. What is decided is the policy's; what is done about
//! it stands here.

mod note;
mod request;
mod response;

use std::rc::Rc;

use proxy_wasm::types::Action;
use spangate_policy::facts::Call as _;
use spangate_policy::problem::{Answer, Refusal};
use spangate_policy::reason::Reason;
use spangate_policy::{Decision, Need, Progress};

use crate::counters::Counted;
use crate::effects;
use crate::facts::Request;
use crate::framing::Unframer;
use crate::gateway::{Gateway, Instant, Now};
use crate::host::{self, Map};

pub struct Exchange {
    /// None in a worker that could not begin: it refuses every call.
    gateway: Option<Rc<Gateway>>,
    context: u32,
    phase: Phase,
    request: Option<Request>,
    progress: Progress,
    request_id: Option<String>,
    /// Bytes of the request's body that have come.
    received: u64,
    /// When it came, by the monotonic clock.
    arrived: u64,
}

enum Phase {
    /// Nothing is decided.
    New,
    /// The decision waits for keys.
    Waiting,
    /// The answer is our own: it has passed through here once already.
    Answered,
    /// On its way to the sidecar.
    Called,
    /// On its way to another upstream.
    Forwarded,
    /// The sidecar's answer is on its way back.
    Streaming(Unframer),
    /// Another upstream's answer is, as it came.
    Passing,
    /// The proxy's own answer, whose body becomes this one.
    Replaced(Vec<u8>),
    /// Broken off.
    Reset,
}

impl Exchange {
    pub fn new(gateway: Option<Rc<Gateway>>, context: u32) -> Self {
        Self {
            gateway,
            context,
            phase: Phase::New,
            request: None,
            progress: Progress::default(),
            request_id: None,
            received: 0,
            arrived: 0,
        }
    }

    pub fn on_request_headers(&mut self, end_of_stream: bool) -> Action {
        let (Some(gateway), Ok(headers)) = (self.gateway.clone(), host::header_map(Map::RequestHeaders))
        else {
            return self.refuse(&Reason::PolicyUnavailable.into());
        };
        let now = gateway.now();
        self.arrived = now.monotonic;
        self.request_id = headers.text("x-request-id").map(str::to_owned);
        let Ok(request) = Request::new(headers, !end_of_stream, now.wall) else {
            return self.refuse(&Reason::RouteNotFound.into());
        };
        self.request = Some(request);
        self.decide(&gateway, now)
    }

    pub fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Goes on with a call that has waited. Its context is the effective one.
    pub fn resume(&mut self) {
        let Some(gateway) = self.gateway.clone().filter(|_| self.is_waiting()) else {
            return;
        };
        let now = gateway.now();
        if self.decide(&gateway, now) == Action::Continue {
            host::resume_request();
        }
    }

    fn decide(&mut self, gateway: &Rc<Gateway>, now: Now) -> Action {
        let Some(request) = &self.request else { return self.refuse(&Reason::PolicyUnavailable.into()) };
        let mut instant = Instant::at(gateway, now, self.arrived);
        loop {
            match gateway.policy.decide(&mut self.progress, request, &mut instant) {
                Decision::Allow => return self.pass(gateway),
                Decision::Respond(answer) => return self.respond(&answer),
                Decision::Refuse(refusal) => return self.refuse(&refusal),
                Decision::Need(Need::Keys { issuer }) => {
                    if gateway.await_keys(issuer, self.context, self.arrived, now) {
                        self.phase = Phase::Waiting;
                        return Action::Pause;
                    }
                    // Asked again without having waited, the policy refuses by itself.
                    instant.arrived = None;
                }
            }
        }
    }

    /// Answers with what the policy says.
    fn respond(&mut self, answer: &Answer) -> Action {
        let gateway = self.gateway.clone();
        self.note("respond", gateway.as_deref().map_or("", |gateway| self.operation_name(gateway)));
        self.count(Counted::Allowed, "respond");
        let headers = effects::own_answer(answer);
        self.end_with(answer.status, &headers, &answer.body, "respond")
    }

    /// Answers with a problem document.
    fn refuse(&mut self, refusal: &Refusal) -> Action {
        self.refuse_with(refusal, &effects::problem_headers(refusal).finish())
    }

    fn refuse_with(&mut self, refusal: &Refusal, headers: &[u8]) -> Action {
        self.note("refuse", &refusal.reason);
        self.count(Counted::Refused, refusal.reason.clone());
        let body = refusal.problem_document(self.request_id.as_deref());
        self.end_with(refusal.status, headers, &body, &refusal.reason)
    }

    fn end_with(&mut self, status: u16, headers: &[u8], body: &str, details: &str) -> Action {
        self.phase = Phase::Answered;
        self.finish();
        // Where the host cannot even do this, pausing keeps the call from going on.
        let _ = host::respond(status, headers, body.as_bytes(), details);
        Action::Pause
    }

    fn operation_name<'g>(&self, gateway: &'g Gateway) -> &'g str {
        self.progress.operation(&gateway.policy).map_or("", |operation| &operation.name)
    }

    /// Of a HEAD's answer no byte may follow the headers.
    fn is_head(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.method() == "HEAD")
    }

    /// Gives back what the call held: when its answer has ended, or when it is gone, whichever comes first.
    fn finish(&mut self) {
        if let Some(gateway) = self.gateway.clone() {
            gateway.policy.finish(&mut self.progress, &mut Instant::later(&gateway));
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.finish();
    }
}
