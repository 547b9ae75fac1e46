//! The way of a call as a tree: green where it passed, red where it was refused.

use anstyle::Style;
use spangate_document::Node;
use spangate_policy::condition::format_timestamp;
use spangate_policy::facts::Timestamp;
use spangate_simulation::{Call, Excerpt, Outcome, Passage, Passed, Verdict};

use crate::source::Source;
use crate::style::{BOLD, DIM, GREEN, RED, YELLOW};

pub fn show(call: &Call, now: Timestamp, outcome: &Outcome, policy: &Source, document: &Node) {
    let (ip, _) = call.source;
    anstream::println!(
        "{BOLD}{}{BOLD:#}  {DIM}{} from {ip} at {}{DIM:#}",
        call.line(),
        call.authority,
        format_timestamp(now)
    );
    for passage in &outcome.trace {
        show_passage(passage, outcome, policy, document);
    }
    let style = if outcome.verdict == Verdict::Refuse { RED } else { GREEN };
    anstream::println!("└─ {style}{}{style:#}", outcome.summary());
    let detail = outcome.detail.iter().map(String::clone);
    let headers = outcome.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    for line in detail.chain(headers) {
        anstream::println!("   {DIM}{line}{DIM:#}");
    }
}

/// One line for what it said, and one for what the author wrote.
fn show_passage(passage: &Passage, outcome: &Outcome, policy: &Source, document: &Node) {
    let Passage { path, kind, name, is_response, is_shadow, verdict, reason, error } = passage;
    let excerpt = Excerpt::at(document, path, kind);
    // A step of a group stands further in.
    let inner = "   ".repeat(path.matches(".group.").count());
    let (mark, style) = mark(*verdict, *is_shadow);
    let back = if *is_response { "← " } else { "" };
    let name = name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let shadow = if *is_shadow { format!(" {YELLOW}(shadow){YELLOW:#}") } else { String::new() };
    let reason = reason.as_ref().map(|reason| format!(" {style}{reason}{style:#}")).unwrap_or_default();
    let place = excerpt.line.map(|line| format!("  {DIM}{}:{line} {path}{DIM:#}", policy.name));
    let place = place.unwrap_or_default();
    anstream::println!("├─ {inner}{style}{mark}{style:#} {back}{kind}{name}{shadow}{reason}{place}");

    let found = outcome.operation.iter().chain(&outcome.version).map(String::as_str).collect::<Vec<_>>();
    let wrote = match *kind {
        "route" => found.join(", version "),
        _ => excerpt.to_string(),
    };
    let defined = excerpt.defined.iter().map(|(name, text)| format!("{name}: {text}"));
    let erred = error.as_ref().map(|error| format!("it could not be decided: {error}"));
    for line in std::iter::once(wrote).chain(defined).chain(erred).filter(|line| !line.is_empty()) {
        anstream::println!("│  {inner}  {DIM}{line}{DIM:#}");
    }
}

fn mark(verdict: Passed, is_shadow: bool) -> (&'static str, Style) {
    match verdict {
        Passed::Refused if is_shadow => ("✗", YELLOW),
        Passed::Erred => ("!", YELLOW),
        Passed::Refused => ("✗", RED),
        Passed::Skipped | Passed::Otherwise => ("–", DIM),
        Passed::Passed | Passed::Responded | Passed::Taken => ("✓", GREEN),
    }
}
