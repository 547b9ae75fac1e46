//! Steps and operations that no call reaches.

use spangate_document::Diagnostics;

use super::{Review, lists, warning};
use crate::document::{Mode, StepKindSource, StepSource, VersioningScheme};
use crate::policy::Target;
use crate::route::Segment;
use crate::step::StepKind;

pub(super) fn review(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    for list in lists(review.document) {
        steps(review, list, diagnostics);
    }
    let closed = ends(review, &review.document.steps);
    for api in &review.document.apis {
        let closed = closed.or_else(|| ends(review, &api.value.steps));
        for operation in &api.value.operations {
            if let Some(end) = closed {
                let message = format!("no call reaches this operation: `{}` ends every one", end.path);
                diagnostics.push(warning("unreachable", &operation.path, operation.span, message));
            }
        }
    }
    versions(review, diagnostics);
    effects(review, diagnostics);
}

/// Steps behind one that ends every call.
fn steps(review: &Review<'_>, list: &[StepSource], diagnostics: &mut Diagnostics) {
    let mut end: Option<&StepSource> = None;
    for step in list {
        if let Some(end) = end.filter(|_| !matches!(step.kind, StepKindSource::Cors(_))) {
            let message = format!("no call reaches this step: `{}` ends every one", end.path);
            diagnostics.push(warning("unreachable", &step.path, step.span, message));
            return;
        }
        if let StepKindSource::Group { steps: first, otherwise } = &step.kind {
            steps(review, first, diagnostics);
            steps(review, otherwise, diagnostics);
        }
        if ends_every_call(review, step) {
            end = Some(step);
        }
    }
}

fn ends<'r>(review: &Review<'r>, list: &'r [StepSource]) -> Option<&'r StepSource> {
    list.iter().find(|step| ends_every_call(review, step))
}

fn ends_every_call(review: &Review<'_>, source: &StepSource) -> bool {
    let Some(step) = review.compiled.get(source.path.as_str()) else { return false };
    let always = step.when.as_ref().is_none_or(|when| when.always_true());
    if review.policy.mode == Mode::Shadow || step.mode == Mode::Shadow || !always {
        return false;
    }
    match (&step.kind, &source.kind) {
        (StepKind::Respond(_) | StepKind::Deny(_), _) => true,
        (StepKind::Require { condition, .. }, _) => condition.never_true(),
        (_, StepKindSource::Group { steps, .. }) => ends(review, steps).is_some(),
        _ => false,
    }
}

/// Operations that no version has, and those whose path begins with the name of a version.
fn versions(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    for api in &review.document.apis {
        let names: Vec<&str> = api.value.versions.iter().map(|version| version.name.as_str()).collect();
        let Some(versioning) = &api.value.versioning else { continue };
        for operation in &api.value.operations {
            if operation.value.versions.is_empty() {
                let message = "no version has this operation";
                diagnostics.push(warning("unreachable", &operation.path, operation.span, message));
            }
            let first = operation.value.template.as_ref().and_then(|template| template.segments.first());
            let default = versioning.default.filter(|version| operation.value.versions.contains(version));
            if let (VersioningScheme::Path, Some(_), Some(Segment::Literal(name))) =
                (&versioning.scheme, default, first)
                && names.contains(&name.as_str())
            {
                let message = format!("`/{name}` means a version: without one this path cannot be called");
                diagnostics.push(warning(
                    "unreachable",
                    &operation.path.member("route"),
                    operation.span,
                    message,
                ));
            }
        }
    }
}

/// Steps of an operation that can do nothing for what the operation comes to.
fn effects(review: &Review<'_>, diagnostics: &mut Diagnostics) {
    for operation in &review.policy.operations {
        let own = review.policy.effective(operation).into_iter();
        for placed in own.filter(|placed| placed.origin == crate::effective::Origin::Operation) {
            let Some(step) = review.policy.step(placed.step) else { continue };
            let message = match (&step.kind, &operation.target) {
                (StepKind::Cache(_), Target::Call(_))
                    if !matches!(&*operation.template.method, "GET" | "QUERY") =>
                {
                    "only answers to a read are kept: this operation is none"
                }
                (StepKind::Cache(_), Target::Forward(_) | Target::Respond(_)) => {
                    "the sidecar keeps answers, and this operation does not call it"
                }
                (
                    StepKind::SetHeader(_) | StepKind::RemoveHeader(_),
                    Target::Call(_) | Target::Respond(_),
                ) if step.sides().request => "headers of the request go on with `forward` only",
                _ => continue,
            };
            diagnostics.push(warning(
                "no_effect",
                &spangate_document::Path::root().member(&step.path),
                review.span(&step.path),
                message,
            ));
        }
    }
}
