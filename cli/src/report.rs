//! Findings as a person reads them, with a picture of the place, and as JSON for scripts.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::Value;
use spangate_document::{Diagnostic, Diagnostics, Severity, Span};

use crate::source::Source;

/// The findings of one file.
pub struct Report<'s> {
    pub source: &'s Source,
    pub findings: Diagnostics,
}

impl Report<'_> {
    /// With colours, which `anstream` takes out again where nobody sees them.
    pub fn picture(&self) -> String {
        let renderer = Renderer::styled();
        let lines: Vec<&str> = self.source.text.split('\n').collect();
        self.findings.iter().map(|finding| renderer.render(&[self.group(finding, &lines)]) + "\n\n").collect()
    }

    pub fn json(&self) -> Vec<Value> {
        self.findings.iter().map(|finding| finding.to_json(&self.source.name)).collect()
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Only the line of the place is given to the renderer, which looks through all that it gets.
    fn group<'f>(&'f self, finding: &'f Diagnostic, lines: &[&'f str]) -> Group<'f> {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&finding.message).id(finding.code);
        let group = match finding.span.and_then(|span| place(lines, span)) {
            Some((number, line, range)) => title.element(
                Snippet::source(line)
                    .line_start(number)
                    .path(&self.source.name)
                    .annotation(AnnotationKind::Primary.span(range).label(&finding.path)),
            ),
            None => {
                let place = match finding.path.as_str() {
                    "" => self.source.name.clone(),
                    path => format!("{}: {path}", self.source.name),
                };
                title.element(annotate_snippets::Origin::path(place))
            }
        };
        match &finding.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        }
    }
}

/// Number and text of the line, and the place in it as bytes where it is told in characters.
fn place<'t>(lines: &[&'t str], span: Span) -> Option<(usize, &'t str, Range<usize>)> {
    let number = usize::try_from(span.line).ok()?;
    // What is missing after the last line is missing at its end.
    let Some(line) = lines.get(number.checked_sub(1)?) else {
        let last = *lines.last()?;
        return Some((lines.len(), last, last.len()..last.len()));
    };
    let byte = |characters: u32| {
        let characters = usize::try_from(characters).unwrap_or(usize::MAX);
        line.char_indices().nth(characters).map_or(line.len(), |(index, _)| index)
    };
    let first = span.column.checked_sub(1)?;
    Some((number, line, byte(first)..byte(first.saturating_add(span.length))))
}
