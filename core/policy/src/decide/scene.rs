//! The facts of a call as far as the decision has come: the host's, the route's and the caller's.

use std::borrow::Cow;
use std::net::IpAddr;

use super::Progress;
use crate::facts::{Call, Entries, Facts, Occurrence, Response, Timestamp};
use crate::policy::{Operation, Policy};
use crate::token::Identity;

pub(super) struct Scene<'s, C> {
    policy: &'s Policy,
    operation: Option<&'s Operation>,
    progress: &'s Progress,
    identity: Option<&'s Identity>,
    call: &'s C,
    response: Option<&'s dyn Response>,
}

impl<'s, C: Call> Scene<'s, C> {
    pub fn new(policy: &'s Policy, progress: &'s Progress, call: &'s C) -> Self {
        let identity = progress.caller().map(|caller| caller.token().identity());
        Self { policy, operation: progress.operation(policy), progress, identity, call, response: None }
    }

    /// The same, once there is an answer.
    pub fn answered(self, response: &'s dyn Response) -> Self {
        Self { response: Some(response), ..self }
    }

    /// The same, for a caller who is just being identified.
    pub fn identified(self, identity: &'s Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }
}

impl<C: Call> Call for Scene<'_, C> {
    fn request_id(&self) -> Option<&str> {
        self.call.request_id()
    }

    fn method(&self) -> &str {
        self.call.method()
    }

    fn scheme(&self) -> &str {
        self.call.scheme()
    }

    fn host(&self) -> &str {
        self.call.host()
    }

    fn authority(&self) -> &str {
        self.call.authority()
    }

    fn path(&self) -> &str {
        self.call.path()
    }

    fn raw_query(&self) -> Option<&str> {
        self.call.raw_query()
    }

    fn header(&self, name: &str) -> Occurrence<'_> {
        self.call.header(name)
    }

    fn headers(&self) -> Entries<'_> {
        self.call.headers()
    }

    fn query(&self, name: &str) -> Occurrence<'_> {
        self.call.query(name)
    }

    fn queries(&self) -> Entries<'_> {
        self.call.queries()
    }

    fn size(&self) -> Option<i64> {
        self.call.size()
    }

    fn has_body(&self) -> bool {
        self.call.has_body()
    }

    fn time(&self) -> Timestamp {
        self.call.time()
    }

    fn source_ip(&self) -> Option<IpAddr> {
        self.call.source_ip()
    }

    fn source_port(&self) -> Option<u16> {
        self.call.source_port()
    }

    fn tls(&self) -> bool {
        self.call.tls()
    }

    fn peer_subject(&self) -> Option<Cow<'_, str>> {
        self.call.peer_subject()
    }

    fn peer_sans(&self) -> Vec<String> {
        self.call.peer_sans()
    }

    fn peer_certificate(&self) -> Option<[u8; 32]> {
        self.call.peer_certificate()
    }
}

impl<C: Call> Facts for Scene<'_, C> {
    fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut parameters = self.progress.path_parameters(self.policy, self.call.path());
        parameters.find(|(parameter, _)| *parameter == name).map(|(_, value)| value)
    }

    fn parameters(&self) -> Box<dyn Iterator<Item = (&str, Cow<'_, str>)> + '_> {
        Box::new(self.progress.path_parameters(self.policy, self.call.path()))
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity
    }

    fn api_name(&self) -> &str {
        self.operation.and_then(|operation| self.policy.apis.get(operation.api)).map_or("", |api| &api.name)
    }

    fn api_version(&self) -> Option<&str> {
        self.progress.version(self.policy)
    }

    fn operation(&self) -> &str {
        self.operation.map_or("", |operation| &operation.name)
    }

    fn response(&self) -> Option<&dyn Response> {
        self.response
    }
}
