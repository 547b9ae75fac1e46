//! The request as it goes on, to the sidecar or to another upstream: its path, query and headers without the token
//! that was for us.

use std::borrow::Cow;

use super::answer::HeaderEdit;
use super::progress::Progress;
use crate::document::CredentialPlace;
use crate::facts::Call;
use crate::policy::{Policy, Target};
use crate::step::StepKind;

/// What of a request is changed on its way to another upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded<'p> {
    pub cluster: &'p str,
    /// With the query.
    pub target: String,
    /// In this order.
    pub edits: Vec<HeaderEdit<'p>>,
}

impl Policy {
    /// None for an operation that forwards nothing.
    pub fn forwarded<'p>(&'p self, progress: &'p Progress, call: &impl Call) -> Option<Forwarded<'p>> {
        let Target::Forward(forward) = &progress.operation(self)?.target else { return None };
        let path = call.path();
        let mut target = match &forward.rewrite {
            Some(rewrite) => rewrite.apply(&progress.routed.as_ref()?.parameters, path),
            None => path.to_owned(),
        };
        let query = self.passed_query(progress, call);
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            target.push('?');
            target.push_str(&query);
        }
        let mut edits = Vec::new();
        let mut tokens = Vec::new();
        for place in self.removed_credentials(progress) {
            match place {
                CredentialPlace::Bearer => edits.push(HeaderEdit::Remove("authorization")),
                CredentialPlace::Header(name) => edits.push(HeaderEdit::Remove(name)),
                CredentialPlace::Cookie(name) => tokens.push(name.as_str()),
                CredentialPlace::Query(_) => {}
            }
        }
        if !tokens.is_empty() {
            edits.push(match cookies_without(call, &tokens) {
                cookies if cookies.is_empty() => HeaderEdit::Remove("cookie"),
                cookies => HeaderEdit::Set("cookie", cookies),
            });
        }
        edits.extend(self.request_edits(progress));
        Some(Forwarded { cluster: &forward.cluster, target, edits })
    }

    /// Whether that query parameter held a token which is for nobody else.
    pub fn is_token_parameter(&self, progress: &Progress, name: &str) -> bool {
        self.removed_credentials(progress)
            .any(|place| matches!(place, CredentialPlace::Query(parameter) if parameter == name))
    }

    /// The headers of the request that the operation declares, as the sidecar is told them; none of a token that is
    /// for nobody else. Absent when one is not UTF-8: what cannot be told must not be left out.
    pub fn declared_headers<'p, 'c>(
        &'p self,
        progress: &'p Progress,
        call: &'c impl Call,
    ) -> Option<Vec<(&'p str, Cow<'c, str>)>> {
        let declared = &progress.operation(self)?.headers;
        if declared.is_empty() {
            return Some(Vec::new());
        }
        let is_token = |name: &str| {
            self.removed_credentials(progress)
                .any(|place| matches!(place, CredentialPlace::Header(header) if header == name))
        };
        call.headers()
            .filter_map(|(name, value)| Some((declared.iter().find(|declared| **declared == name)?, value)))
            .filter(|(name, _)| !is_token(name))
            .map(|(name, value)| Some((name.as_str(), value?)))
            .collect()
    }

    /// What `set_header` and `remove_header` do to the request.
    fn request_edits<'p>(&'p self, progress: &'p Progress) -> Vec<HeaderEdit<'p>> {
        let mut edits = Vec::new();
        for (step, values) in &progress.edits {
            match self.step(*step).map(|step| &step.kind) {
                Some(StepKind::SetHeader(headers)) => {
                    let names = headers.request.iter().map(|(name, _)| name.as_str());
                    edits.extend(names.zip(values).map(|(name, value)| HeaderEdit::Set(name, value.clone())));
                }
                Some(StepKind::RemoveHeader(headers)) => {
                    edits.extend(headers.request.iter().map(|(name, ())| HeaderEdit::Remove(name)));
                }
                _ => {}
            }
        }
        edits
    }

    fn removed_credentials<'p>(
        &'p self,
        progress: &'p Progress,
    ) -> impl Iterator<Item = &'p CredentialPlace> {
        progress.credentials.iter().filter_map(|step| match &self.step(*step)?.kind {
            StepKind::Authenticate(authenticate) => Some(&authenticate.from),
            _ => None,
        })
    }

    /// The query as it came, but for the token.
    fn passed_query<'c>(&self, progress: &Progress, call: &'c impl Call) -> Option<Cow<'c, str>> {
        let query = call.raw_query()?;
        if !self.removed_credentials(progress).any(|place| matches!(place, CredentialPlace::Query(_))) {
            return Some(Cow::Borrowed(query));
        }
        let kept = query.split('&').filter(|pair| {
            // Routing has refused a query that does not decode.
            crate::route::decode_query(pair)
                .flatten()
                .all(|(name, _)| !self.is_token_parameter(progress, &name))
        });
        Some(Cow::Owned(kept.collect::<Vec<_>>().join("&")))
    }
}

/// All cookies but those (RFC 6265, section 4.2.1).
fn cookies_without(call: &impl Call, removed: &[&str]) -> String {
    let mut kept = Vec::new();
    for (name, value) in call.headers() {
        if name == "cookie" {
            let cookies = value.unwrap_or_default();
            let others = cookies.split(';').map(str::trim).filter(|cookie| {
                let name = cookie.split('=').next().unwrap_or_default().trim();
                !cookie.is_empty() && !removed.contains(&name)
            });
            kept.extend(others.map(str::to_owned));
        }
    }
    kept.join("; ")
}
