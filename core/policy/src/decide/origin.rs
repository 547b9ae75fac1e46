//! Pages of other origins: preflights are answered at once, before anybody is asked who they are, and what follows
//! is told whether the page may read it.

use super::progress::{Progress, Routed};
use super::route;
use super::scene::Scene;
use super::step::{Ruling, refused, undecided};
use super::trace::{Place, Verdict};
use crate::cors::Cors;
use crate::document::Mode;
use crate::facts::{Call, Occurrence};
use crate::policy::Policy;
use crate::problem::Answer;
use crate::reason::Reason;
use crate::route::{NotFound, VersionWanted};
use crate::step::{Step, StepId, StepKind};

impl Policy {
    /// The answer to a preflight (Fetch, "CORS-preflight request"); None for any other call, and where no `cors`
    /// says anything: then `OPTIONS` is a method like others.
    pub(super) fn preflight(&self, progress: &mut Progress, call: &impl Call) -> Option<Ruling> {
        if call.method() != "OPTIONS" {
            return None;
        }
        let origin = match call.header("origin") {
            Occurrence::Absent => return None,
            Occurrence::Once(origin) => Some(origin),
            // No browser sends two; some proxies hand them over as one.
            Occurrence::Repeated | Occurrence::Malformed => None,
        };
        let Occurrence::Once(method) = call.header("access-control-request-method") else { return None };
        // A browser names no version before it may call: any will do, and none is told to be old.
        match self.find(call, &method, |_| VersionWanted::Any) {
            Ok(routed) if self.reads_version(&routed) => {
                progress.routed = Some(Routed { version: None, ..routed });
            }
            Ok(routed) => progress.routed = Some(routed),
            Err(refusal) => return Some(route::refuse(refusal, progress)),
        }
        let Some((id, step, cors)) = self.cors(progress) else {
            progress.routed = None;
            return None;
        };
        progress.record(Place::Route, Mode::Enforce, Verdict::Passed);
        let place = Place::Step(id);
        match step.applies(&Scene::new(self, progress, call)) {
            Ok(true) => {}
            Ok(false) => {
                progress.routed = None;
                return None;
            }
            Err(error) => return Some(self.enforce(place, step.mode, Err(undecided(error)), progress)),
        }
        let origin = origin.unwrap_or_default();
        if !cors.accepts(&origin) {
            let said = Err(refused(Reason::OriginDenied));
            if let Ruling::Refuse(refusal) = self.enforce(place, step.mode, said, progress) {
                return Some(Ruling::Refuse(refusal));
            }
        }
        let methods = match self.router.find(call.host(), "", call.path(), |_| VersionWanted::Any) {
            Err(NotFound::Method(methods)) => methods,
            _ => Vec::new(),
        };
        let headers = cors.preflight(&origin, &methods);
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        progress.record(place, Mode::Enforce, Verdict::Responded);
        Some(Ruling::Respond(Answer { status: 204, headers, body: "".into() }))
    }

    /// The call itself, from a page of another origin.
    pub(super) fn origin(&self, progress: &mut Progress, call: &impl Call) -> Ruling {
        let Some((id, step, cors)) = self.cors(progress) else { return Ruling::Pass };
        let (place, mode) = (Place::Step(id), step.mode);
        match step.applies(&Scene::new(self, progress, call)) {
            Ok(true) => {}
            Ok(false) => {
                progress.record(place, mode, Verdict::Skipped);
                return Ruling::Pass;
            }
            Err(error) => return self.enforce(place, mode, Err(undecided(error)), progress),
        }
        let said = match call.header("origin") {
            Occurrence::Absent => Ok(()),
            Occurrence::Once(origin) if cors.accepts(&origin) => {
                progress.origin_headers = cors.headers(&origin);
                Ok(())
            }
            // Browsers name the origin of a page's own calls as well.
            Occurrence::Once(origin)
                if origin.split_once("://").is_some_and(|(_, host)| host == call.authority()) =>
            {
                Ok(())
            }
            Occurrence::Once(_) | Occurrence::Repeated | Occurrence::Malformed => {
                Err(refused(Reason::OriginDenied))
            }
        };
        self.enforce(place, mode, said, progress)
    }

    /// The `cors` that holds for the call's operation.
    fn cors(&self, progress: &Progress) -> Option<(StepId, &Step, &Cors)> {
        let id = progress.operation(self)?.cors?;
        let step = self.step(id)?;
        match &step.kind {
            StepKind::Cors(cors) => Some((id, step, cors)),
            _ => None,
        }
    }
}
