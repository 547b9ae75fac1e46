//! The radix tree and what stands at its leaves.

use std::cmp::Reverse;
use std::ops::Range;

use super::template::{HostPattern, Template};

/// Something that may answer at a path: an operation in one version of its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub host: Option<HostPattern>,
    pub method: String,
    /// Index of the API, and of the version in it.
    pub api: usize,
    pub version: Option<usize>,
    pub operation: usize,
}

/// All candidates of one path, those of the most exact host first.
#[derive(Debug, Default)]
struct Leaf {
    candidates: Vec<Candidate>,
}

#[derive(Debug, Default)]
pub struct RouterBuilder {
    tree: matchit::Router<usize>,
    leaves: Vec<Leaf>,
    patterns: std::collections::HashMap<String, usize>,
}

impl RouterBuilder {
    /// Adds a candidate below `prefix`. The error names the operation that it cannot be told from.
    pub fn insert(&mut self, prefix: &str, template: &Template, candidate: Candidate) -> Result<(), usize> {
        let pattern = template.pattern(prefix);
        let index = match self.patterns.get(&pattern) {
            Some(index) => *index,
            None => {
                let index = self.leaves.len();
                // Numbered parameters and whole segments leave nothing that the tree could refuse.
                self.tree.insert(pattern.clone(), index).map_err(|_| candidate.operation)?;
                self.leaves.push(Leaf::default());
                self.patterns.insert(pattern, index);
                index
            }
        };
        let Some(leaf) = self.leaves.get_mut(index) else { return Err(candidate.operation) };
        let twin = leaf.candidates.iter().find(|other| {
            other.host == candidate.host
                && other.method == candidate.method
                && (other.api != candidate.api || other.version == candidate.version)
        });
        if let Some(twin) = twin {
            return Err(twin.operation);
        }
        let rank = candidate.rank();
        let after = leaf.candidates.partition_point(|known| known.rank() <= rank);
        leaf.candidates.insert(after, candidate);
        Ok(())
    }

    pub fn finish(self) -> Router {
        Router { tree: self.tree, leaves: self.leaves }
    }
}

impl Candidate {
    /// An exact host before a longer wildcard before a shorter one before none at all; then the versions in their
    /// order, so that the order of operations decides nothing.
    fn rank(&self) -> (Reverse<(i32, usize)>, Option<usize>) {
        let host = match &self.host {
            Some(HostPattern::Exact(_)) => (2, 0),
            Some(HostPattern::Below(suffix)) => (1, suffix.len()),
            None => (0, 0),
        };
        (Reverse(host), self.version)
    }
}

#[derive(Debug)]
pub struct Router {
    tree: matchit::Router<usize>,
    leaves: Vec<Leaf>,
}

/// A candidate, and where in the path its parameters stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'r> {
    pub candidate: &'r Candidate,
    pub parameters: Parameters,
}

/// Where the values of a template's parameters stand in the path, from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Range<usize>>);

impl Parameters {
    /// The raw value of the parameter with that number.
    pub fn raw<'p>(&self, path: &'p str, number: usize) -> Option<&'p str> {
        path.get(self.0.get(number)?.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing stands at this path.
    Path,
    /// Something does, for these methods.
    Method(Vec<String>),
    /// Something does, in other versions.
    Version,
}

impl Router {
    /// Finds the candidate for a call. `version` tells, for an API that reads its version from the call and
    /// not from the path, which one the call asks for; `None` where the call asks for none that exists.
    pub fn find<'r>(
        &'r self,
        host: &str,
        method: &str,
        path: &str,
        version: impl Fn(usize) -> VersionWanted,
    ) -> Result<Found<'r>, NotFound> {
        let matched = self.tree.at(path).map_err(|_| NotFound::Path)?;
        let leaf = self.leaves.get(*matched.value).ok_or(NotFound::Path)?;
        // HEAD is answered like GET, without the body (RFC 9110, section 9.3.2).
        let method = if method == "HEAD" { "GET" } else { method };
        let mut methods = Vec::new();
        let mut other_version = false;
        let mut host_found: Option<&Option<HostPattern>> = None;
        for candidate in &leaf.candidates {
            if !candidate.host.as_ref().is_none_or(|pattern| pattern.matches(host)) {
                continue;
            }
            // The most exact host that matches owns the path: what it lacks is not looked for elsewhere.
            if *host_found.get_or_insert(&candidate.host) != &candidate.host {
                break;
            }
            let in_version = match version(candidate.api) {
                VersionWanted::Any => true,
                VersionWanted::Index(wanted) => candidate.version == Some(wanted),
                VersionWanted::Unknown => false,
            };
            if !in_version {
                other_version = true;
            } else if candidate.method == method {
                let parameters = matched.params.iter().filter_map(|(_, value)| place(path, value)).collect();
                return Ok(Found { candidate, parameters: Parameters(parameters) });
            } else {
                methods.push(candidate.method.clone());
            }
        }
        Err(match (methods.is_empty(), other_version) {
            (false, _) => NotFound::Method(allowed(methods)),
            (true, true) => NotFound::Version,
            (true, false) => NotFound::Path,
        })
    }
}

/// How a call says which version of an API it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionWanted {
    /// The path itself tells, the API has no versions, or none is meant more than others.
    Any,
    Index(usize),
    Unknown,
}

fn allowed(mut methods: Vec<String>) -> Vec<String> {
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".to_owned());
    }
    let mut allowed: Vec<String> = Vec::with_capacity(methods.len());
    for method in methods {
        if let Err(place) = allowed.binary_search(&method) {
            allowed.insert(place, method);
        }
    }
    allowed
}

/// Where `part`, a slice of `path`, stands in it.
fn place(path: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(path.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= path.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[(&str, Option<&str>)]) -> Router {
        let mut builder = RouterBuilder::default();
        for (operation, (route, host)) in routes.iter().enumerate() {
            let template = Template::parse(route).unwrap();
            let candidate = Candidate {
                host: host.map(|host| HostPattern::parse(host).unwrap()),
                method: template.method.clone(),
                api: 0,
                version: None,
                operation,
            };
            builder.insert("/api", &template, candidate).unwrap();
        }
        builder.finish()
    }

    fn find(router: &Router, host: &str, method: &str, path: &str) -> Result<usize, NotFound> {
        router.find(host, method, path, |_| VersionWanted::Any).map(|found| found.candidate.operation)
    }

    #[test]
    fn literals_beat_parameters_and_head_follows_get() {
        let router = router(&[
            ("GET /orders/{id}", None),
            ("GET /orders/open", None),
            ("POST /orders", None),
            ("GET /files/{rest=**}", None),
        ]);
        assert_eq!(find(&router, "h", "GET", "/api/orders/7"), Ok(0));
        assert_eq!(find(&router, "h", "HEAD", "/api/orders/7"), Ok(0));
        assert_eq!(find(&router, "h", "GET", "/api/orders/open"), Ok(1));
        assert_eq!(find(&router, "h", "GET", "/api/orders/opened"), Ok(0));
        assert_eq!(find(&router, "h", "GET", "/api/files/a/b"), Ok(3));
        assert_eq!(find(&router, "h", "GET", "/api/orders/"), Err(NotFound::Path));
        assert_eq!(find(&router, "h", "GET", "/api/orders/7/"), Err(NotFound::Path));
        assert_eq!(find(&router, "h", "GET", "/API/orders/7"), Err(NotFound::Path));
        assert_eq!(find(&router, "h", "GET", "/api/orders"), Err(NotFound::Method(vec!["POST".to_owned()])));
        let allowed = NotFound::Method(vec!["GET".to_owned(), "HEAD".to_owned()]);
        assert_eq!(find(&router, "h", "POST", "/api/orders/7"), Err(allowed));
    }

    #[test]
    fn parameters_are_slices_of_the_path() {
        let router = router(&[("GET /customers/{c}/orders/{o}", None)]);
        let path = "/api/customers/a%20b/orders/7";
        let found = router.find("h", "GET", path, |_| VersionWanted::Any).unwrap();
        assert_eq!(found.parameters.raw(path, 0), Some("a%20b"));
        assert_eq!(found.parameters.raw(path, 1), Some("7"));
        assert_eq!(found.parameters.raw(path, 2), None);
    }

    #[test]
    fn the_most_exact_host_owns_the_path() {
        let router = router(&[
            ("GET /a", None),
            ("GET /a", Some("*.example.com")),
            ("GET /a", Some("api.example.com")),
            ("POST /a", None),
        ]);
        assert_eq!(find(&router, "api.example.com", "GET", "/api/a"), Ok(2));
        assert_eq!(find(&router, "www.example.com", "GET", "/api/a"), Ok(1));
        assert_eq!(find(&router, "other.org", "GET", "/api/a"), Ok(0));
        assert!(matches!(find(&router, "api.example.com", "POST", "/api/a"), Err(NotFound::Method(_))));
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let mut builder = RouterBuilder::default();
        let candidate =
            |operation| Candidate { host: None, method: "GET".to_owned(), api: 0, version: None, operation };
        builder.insert("", &Template::parse("GET /a/{x}").unwrap(), candidate(0)).unwrap();
        assert_eq!(builder.insert("", &Template::parse("GET /a/{y}").unwrap(), candidate(1)), Err(0));
    }
}
