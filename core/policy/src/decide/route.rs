//! The first step of every decision: which operation, in which version.

use super::{Progress, Stage};
use crate::document::VersioningScheme;
use crate::facts::{Call, Occurrence};
use crate::policy::{Api, Policy};
use crate::problem::Refusal;
use crate::reason::Reason;
use crate::route::{NotFound, VersionWanted, check_path, decode_query};

/// Most query parameters that a call may have.
const MAX_QUERY_PARAMETERS: usize = 128;

impl Policy {
    /// Finds the operation that a call is for. `query` is what follows `?`, as it came.
    pub fn route(&self, call: &impl Call, query: Option<&str>) -> Result<Progress, Refusal> {
        let path = call.path();
        if check_path(path).is_err() || !query.is_none_or(query_is_plain) {
            return Err(Reason::ParameterInvalid.into());
        }
        let found = self
            .router
            .find(call.host(), call.method(), path, |api| self.version_wanted(api, call))
            .map_err(|fault| self.not_found(&fault, path))?;
        let candidate = found.candidate;
        let api = self.apis.get(candidate.api).ok_or(Reason::PolicyUnavailable)?;
        // With a default version a path needs none, but one that begins with the name of a version means it.
        if is_path_versioned(api)
            && !follows_version(api, candidate.version, path)
            && names_version(api, path)
        {
            return Err(Reason::RouteNotFound.into());
        }
        Ok(Progress {
            operation: candidate.operation,
            version: candidate.version,
            parameters: found.parameters,
            stage: Stage::Document,
            index: 0,
            caller: None,
            awaited_keys: false,
            shadowed: Vec::new(),
            headers: Vec::new(),
        })
    }

    fn version_wanted(&self, api: usize, call: &impl Call) -> VersionWanted {
        let Some(api) = self.apis.get(api) else { return VersionWanted::Unknown };
        let Some(versioning) = &api.versioning else { return VersionWanted::InPath };
        let asked = match &versioning.scheme {
            VersioningScheme::Path => return VersionWanted::InPath,
            VersioningScheme::Header(name) => call.header(name),
            VersioningScheme::Query(name) => call.query(name),
        };
        let index = match asked {
            Occurrence::Absent => versioning.default,
            Occurrence::Once(name) => api.versions.iter().position(|version| *version == name),
            Occurrence::Repeated | Occurrence::Malformed => None,
        };
        index.map_or(VersionWanted::Unknown, VersionWanted::Index)
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
    version_segment(api, path).is_some_and(|segment| api.versions.iter().any(|version| version == segment))
}

fn follows_version(api: &Api, version: Option<usize>, path: &str) -> bool {
    let name = version.and_then(|version| api.versions.get(version));
    name.is_some_and(|name| version_segment(api, path) == Some(name))
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
