//! What was decided, counted: in the worker's own memory as calls go by, and handed to the proxy's statistics now
//! and then, so that a call pays for no host call. There they are `wasmcustom.spangate_…`.

use std::borrow::Cow;

use crate::host::{self, Counter};

/// Most names: those of a policy's own reasons come from its author, and those of the sidecar from it.
const MAX_NAMES: usize = 256;

#[derive(Default)]
pub struct Counters {
    counts: Vec<Count>,
}

struct Count {
    kind: Counted,
    name: Cow<'static, str>,
    /// Since the last flush.
    times: u64,
    /// Defined with its first flush.
    counter: Option<Counter>,
}

/// What becomes of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// By what it went to.
    Allowed,
    /// By the reason, whoever refused.
    Refused,
    /// By the reason: a step in shadow mode would have refused.
    Shadowed,
}

impl Counters {
    pub fn count(&mut self, kind: Counted, name: Cow<'static, str>) {
        let room = self.counts.len() < MAX_NAMES;
        match self.counts.iter_mut().find(|count| count.kind == kind && count.name == name) {
            Some(count) => count.times = count.times.saturating_add(1),
            None if room => {
                self.counts.push(Count { kind, name, times: 1, counter: None });
            }
            None => {}
        }
    }

    /// Hands over what was counted since the last time.
    pub fn flush(&mut self) {
        for count in self.counts.iter_mut().filter(|count| count.times > 0) {
            if count.counter.is_none() {
                count.counter = host::counter(&count.metric());
            }
            if let Some(counter) = count.counter {
                host::count(counter, std::mem::take(&mut count.times));
            }
        }
    }
}

impl Count {
    fn metric(&self) -> String {
        let kind = match self.kind {
            Counted::Allowed => "allowed",
            Counted::Refused => "refused",
            Counted::Shadowed => "shadowed",
        };
        format!("spangate_{kind}_{}", self.name)
    }
}
