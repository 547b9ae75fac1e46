//! The way of one call, step by step: what `explain`, audit, metrics, coverage and shadow mode all read. Recording
//! it costs a call no allocation as long as nothing is refused.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::condition::EvaluationError;
use crate::document::Mode;
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::step::StepId;

/// So many entries stand in the call's own memory.
const INLINE: usize = 12;

pub type Trace = SmallVec<[TraceEntry; INLINE]>;

#[derive(Clone, Debug, PartialEq)]
pub struct TraceEntry {
    pub place: Place,
    /// Whether its verdict was enforced.
    pub mode: Mode,
    pub verdict: Verdict,
}

/// Where on its way a call was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Path, host, method, version.
    Route,
    /// A version past its sunset.
    Version,
    /// A step, before the call goes on.
    Step(StepId),
    /// The operation's `roles`.
    Roles,
    /// The same step's part on the way back.
    Answer(StepId),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Its `when` was false.
    Skipped,
    Passed,
    /// A group whose condition held, and one whose condition did not.
    Taken,
    Otherwise,
    Refused(Box<Refused>),
    Responded,
    /// The host was asked for something, and the call waits.
    Awaited,
    /// Something could not be computed that refuses nothing.
    Erred(Box<EvaluationError>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub status: u16,
    /// One of [`Reason`]'s words, or the author's own.
    pub reason: Cow<'static, str>,
    /// The error behind `condition_error`.
    pub error: Option<EvaluationError>,
}

impl Verdict {
    pub(super) fn refused(refusal: &Refusal, error: Option<EvaluationError>) -> Self {
        let (status, reason) = (refusal.status, refusal.reason.clone());
        Self::Refused(Box::new(Refused { status, reason, error }))
    }
}

impl TraceEntry {
    /// A refusal that was not enforced.
    pub fn shadowed(&self) -> Option<&Refused> {
        match &self.verdict {
            Verdict::Refused(refused) if self.mode == Mode::Shadow => Some(refused),
            _ => None,
        }
    }
}

impl Refused {
    pub fn is(&self, reason: Reason) -> bool {
        self.reason == reason.as_str()
    }
}
