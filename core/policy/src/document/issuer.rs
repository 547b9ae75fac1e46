//! `issuers`: who may issue tokens. A profile says what a provider's tokens look like; the author's own words go
//! before it.

mod keys;
mod profile;
mod resource_metadata;

use spangate_document::{Diagnostics, Fields, Node, Path};

use super::{owned, unknown_word};
use crate::token::{Algorithm, Audiences, ClaimPaths, Issuer, IssuerUrl, Template};
use profile::Profile;

pub(super) fn read(node: &Node, path: Path, diagnostics: &mut Diagnostics) -> Option<Issuer> {
    let mut fields = Fields::of(node, path, diagnostics)?;
    let profile = fields.word("profile", profile::PROFILES, diagnostics);
    let url = url(&mut fields, profile, diagnostics);
    fields.demand("audiences", diagnostics);
    let audiences = owned(fields.strings("audiences", diagnostics));
    if audiences.as_ref().is_some_and(Vec::is_empty) {
        diagnostics.push(fields.fault("audiences", "at least one audience is needed"));
    }
    let keys = keys::read(&mut fields, diagnostics);
    let mut issuer = Issuer::new(url, Audiences::OneOf(audiences.unwrap_or_default()), keys);
    if let Some(profile) = profile {
        profile.apply(&mut issuer);
    }
    if let Some(algorithms) = algorithms(&mut fields, diagnostics) {
        issuer.algorithms = algorithms;
    }
    if let Some(skew) = fields.duration("clock_skew", diagnostics) {
        issuer.clock_skew = skew;
    }
    issuer.max_lifetime = fields.duration("max_lifetime", diagnostics);
    issuer.required_claims = owned(fields.strings("required_claims", diagnostics)).unwrap_or_default();
    issuer.token_types = owned(fields.strings("token_types", diagnostics)).unwrap_or_default();
    if let Some(node) = fields.take("claims") {
        claim_paths(node, fields.path().member("claims"), &mut issuer.claims, diagnostics);
    }
    issuer.resource_metadata = resource_metadata::read(&mut fields, &issuer.url, diagnostics);
    fields.finish(diagnostics);
    Some(issuer)
}

fn url(fields: &mut Fields<'_>, profile: Option<Profile>, diagnostics: &mut Diagnostics) -> IssuerUrl {
    let text = match profile.and_then(Profile::issuer) {
        Some(default) => fields.string("issuer", diagnostics).unwrap_or(default),
        None => fields.demand_string("issuer", diagnostics).unwrap_or_default(),
    };
    let tenants = owned(fields.strings("tenants", diagnostics));
    let template = Template::parse(text).filter(|_| text.contains("{tenant}"));
    if template.is_none() && text.contains(['{', '}']) {
        let fault = fields.fault("issuer", "a template of issuers has one place, `{tenant}`, and no other");
        diagnostics.push(fault);
    }
    match (template, tenants) {
        (Some(template), Some(tenants)) if !tenants.is_empty() => IssuerUrl::Tenants(template, tenants),
        (Some(template), _) => {
            let fault =
                fields.fault("tenants", "a template of issuers needs the tenants that it may stand for");
            diagnostics.push(fault.help("write `tenants: [TENANT, …]`"));
            IssuerUrl::Tenants(template, Vec::new())
        }
        (None, tenants) => {
            if tenants.is_some() {
                let fault = fields.fault("tenants", "`issuer` has no place for a tenant");
                diagnostics.push(fault.help("write `{tenant}` where the tenant's id stands in it"));
            }
            IssuerUrl::Exact(text.to_owned())
        }
    }
}

fn algorithms(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Vec<Algorithm>> {
    let names = fields.strings("algorithms", diagnostics)?;
    if names.is_empty() {
        diagnostics.push(fields.fault("algorithms", "at least one algorithm is needed"));
    }
    let known = Algorithm::ALL.map(Algorithm::name);
    let read = |name: &str| {
        let algorithm = Algorithm::from_name(name);
        if algorithm.is_none() {
            let path = fields.path().member("algorithms");
            let span = fields.node().member("algorithms").and_then(|node| node.span);
            diagnostics.push(unknown_word("supported algorithm", name, &known, &path, span));
        }
        algorithm
    };
    Some(names.into_iter().filter_map(read).collect())
}

fn claim_paths(node: &Node, path: Path, paths: &mut ClaimPaths, diagnostics: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, path, diagnostics) else { return };
    if let Some(subject) = fields.string("subject", diagnostics) {
        subject.clone_into(&mut paths.subject);
    }
    if let Some(tenant) = fields.string("tenant", diagnostics) {
        paths.tenant = Some(tenant.to_owned());
    }
    if let Some(roles) = owned(fields.strings("roles", diagnostics)) {
        paths.roles = roles;
    }
    if let Some(scopes) = owned(fields.strings("scopes", diagnostics)) {
        paths.scopes = scopes;
    }
    paths.forward = owned(fields.strings("forward", diagnostics)).unwrap_or_default();
    fields.finish(diagnostics);
}

#[cfg(test)]
mod tests;
