//! The first step of every decision: which operation, in which version, and whether that version still serves.

use super::progress::{Progress, Routed};
use super::step::{Ruling, refused};
use super::trace::{Place, Verdict};
use crate::document::{Mode, VersioningScheme};
use crate::facts::{Call, Occurrence};
use crate::policy::{Api, Policy};
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::route::{Found, NotFound, VersionWanted, check_path, decode_query};

/// Most query parameters that a call may have.
const MAX_QUERY_PARAMETERS: usize = 128;

impl Policy {
    /// Finds the operation that a call is for. No mode changes what is found.
    pub(super) fn route(&self, progress: &mut Progress, call: &impl Call) -> Ruling {
        if let Some(document) = self.resource_metadata(call) {
            progress.record(Place::Route, Mode::Enforce, Verdict::Responded);
            return Ruling::Respond(document);
        }
        if let Some(preflight) = self.preflight(progress, call) {
            return preflight;
        }
        match self.find(call, call.method(), |api| self.version_wanted(api, call)) {
            Ok(routed) => progress.routed = Some(routed),
            Err(refusal) => return refuse(refusal, progress),
        }
        progress.record(Place::Route, Mode::Enforce, Verdict::Passed);
        if let Ruling::Refuse(refusal) = self.sunset(progress, call) {
            return Ruling::Refuse(refusal);
        }
        self.origin(progress, call)
    }

    pub(super) fn find(
        &self,
        call: &impl Call,
        method: &str,
        version: impl Fn(usize) -> VersionWanted,
    ) -> Result<Routed, Refusal> {
        let path = call.path();
        if check_path(path).is_err() || !call.raw_query().is_none_or(query_is_plain) {
            return Err(Reason::ParameterInvalid.into());
        }
        let found = self.router.find(call.host(), method, path, version);
        let Found { candidate, parameters } = found.map_err(|fault| self.not_found(&fault, path))?;
        let api = self.apis.get(candidate.api).ok_or(Reason::PolicyUnavailable)?;
        // With a default version a path needs none, but one that begins with the name of a version means it.
        if is_path_versioned(api)
            && !follows_version(api, candidate.version, path)
            && names_version(api, path)
        {
            return Err(Reason::RouteNotFound.into());
        }
        Ok(Routed { operation: candidate.operation, version: candidate.version, parameters })
    }

    /// A version that its author has retired is gone (RFC 9110, section 15.5.11).
    fn sunset(&self, progress: &mut Progress, call: &impl Call) -> Ruling {
        match progress.routed_version(self).and_then(|version| version.retired) {
            None => Ruling::Pass,
            Some(retired) => {
                let said = if call.time() < retired { Ok(()) } else { Err(refused(Reason::VersionSunset)) };
                self.enforce(Place::Version, Mode::Enforce, said, progress)
            }
        }
    }

    fn version_wanted(&self, api: usize, call: &impl Call) -> VersionWanted {
        let Some(api) = self.apis.get(api) else { return VersionWanted::Unknown };
        let Some(versioning) = &api.versioning else { return VersionWanted::Any };
        let asked = match &versioning.scheme {
            VersioningScheme::Path => return VersionWanted::Any,
            VersioningScheme::Header(name) => call.header(name),
            VersioningScheme::Query(name) => call.query(name),
        };
        let index = match asked {
            Occurrence::Absent => versioning.default,
            Occurrence::Once(name) => api.versions.iter().position(|version| version.name == name),
            Occurrence::Repeated | Occurrence::Malformed => None,
        };
        index.map_or(VersionWanted::Unknown, VersionWanted::Index)
    }

    /// Whether the version is told beside the path.
    pub(super) fn reads_version(&self, routed: &Routed) -> bool {
        let operation = self.operations.get(routed.operation);
        let api = operation.and_then(|operation| self.apis.get(operation.api));
        api.is_some_and(|api| !is_path_versioned(api))
    }

    /// The query parameter that names the version, where one does.
    pub(super) fn version_parameter(&self, progress: &Progress) -> Option<&str> {
        match &progress.api(self)?.versioning.as_ref()?.scheme {
            VersioningScheme::Query(name) => Some(name),
            VersioningScheme::Path | VersioningScheme::Header(_) => None,
        }
    }

    fn not_found(&self, fault: &NotFound, path: &str) -> Refusal {
        match fault {
            NotFound::Method(methods) => {
                Refusal::from(Reason::MethodNotAllowed).header("allow", methods.join(", "))
            }
            NotFound::Version => Reason::VersionUnknown.into(),
            NotFound::Path if self.apis.iter().any(|api| asks_for_unknown_version(api, path)) => {
                Reason::VersionUnknown.into()
            }
            NotFound::Path => Reason::RouteNotFound.into(),
        }
    }
}

/// A call without an operation is refused, in shadow mode too.
pub(super) fn refuse(refusal: Refusal, progress: &mut Progress) -> Ruling {
    progress.record(Place::Route, Mode::Enforce, Verdict::refused(&refusal, None));
    Ruling::Refuse(refusal)
}

fn query_is_plain(query: &str) -> bool {
    let mut count = 0_usize;
    decode_query(query).all(|pair| {
        count = count.saturating_add(1);
        pair.is_ok() && count <= MAX_QUERY_PARAMETERS
    })
}

fn is_path_versioned(api: &Api) -> bool {
    api.versioning.as_ref().is_some_and(|versioning| versioning.scheme == VersioningScheme::Path)
}

/// The segment where a path of this API has its version.
fn version_segment<'p>(api: &Api, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(api.prefix.as_str())?.strip_prefix('/')?.split('/').next()
}

fn names_version(api: &Api, path: &str) -> bool {
    version_segment(api, path)
        .is_some_and(|segment| api.versions.iter().any(|version| version.name == segment))
}

fn follows_version(api: &Api, version: Option<usize>, path: &str) -> bool {
    let version = version.and_then(|version| api.versions.get(version));
    version.is_some_and(|version| version_segment(api, path) == Some(&version.name))
}

/// `v9`, where there are `v1` and `v2`: the caller is told that it is the version that is missing.
fn asks_for_unknown_version(api: &Api, path: &str) -> bool {
    let looks_like_one = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    is_path_versioned(api)
        && !names_version(api, path)
        && version_segment(api, path).is_some_and(looks_like_one)
}
