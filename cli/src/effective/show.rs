//! An effective policy as a person reads it.

use spangate_policy::Origin;
use spangate_policy::document::Mode;

use super::{Applied, Effective};
use crate::source::Source;
use crate::style::{BOLD, DIM, YELLOW};

pub fn show(effective: &Effective<'_>, source: &Source) {
    let versions = match effective.versions.as_slice() {
        [] => String::new(),
        versions => format!("  {}", versions.join(", ")),
    };
    anstream::println!("{BOLD}{}{BOLD:#}  {}{versions}", effective.operation.name, effective.route);
    for origin in [Origin::Preceding, Origin::Policy, Origin::Api, Origin::Operation] {
        if origin == Origin::Operation {
            heading("roles");
            anstream::println!("  {}", admitted(effective));
        }
        let steps: Vec<_> =
            effective.request.iter().filter(|applied| applied.place.origin == origin).collect();
        if !steps.is_empty() {
            heading(title(origin));
            steps.into_iter().for_each(|step| line(step, source));
        }
    }
    heading("then");
    anstream::println!("  {}", effective.target());
    if !effective.response.is_empty() {
        heading("on the way back");
        effective.response.iter().for_each(|step| line(step, source));
    }
}

fn heading(text: &str) {
    anstream::println!("{DIM}{text}{DIM:#}");
}

const fn title(origin: Origin) -> &'static str {
    match origin {
        Origin::Preceding => "before all others",
        Origin::Policy => "steps of the policy",
        Origin::Api => "steps of the API",
        Origin::Operation => "steps of the operation",
    }
}

fn admitted(effective: &Effective<'_>) -> String {
    if effective.operation.public {
        return "public: anyone, but nobody with a bad token".to_owned();
    }
    format!("any of {}", effective.roles.join(", "))
}

fn line(applied: &Applied<'_>, source: &Source) {
    let Applied { step, place, excerpt } = applied;
    let indent = "  ".repeat(place.depth + 1);
    let otherwise = if place.otherwise { "otherwise " } else { "" };
    let name = step.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let shadow = match step.mode {
        Mode::Shadow => format!(" {YELLOW}(shadow){YELLOW:#}"),
        Mode::Enforce => String::new(),
    };
    let line = excerpt.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = format!("{DIM}{}{line} {}{DIM:#}", source.name, step.path);
    anstream::println!("{indent}{otherwise}{}{name}{shadow}  {place}", step.kind_name());
    let defined = excerpt.defined.iter().map(|(name, text)| format!("{name}: {text}"));
    for line in std::iter::once(excerpt.to_string()).chain(defined).filter(|line| !line.is_empty()) {
        anstream::println!("{indent}  {line}");
    }
}
