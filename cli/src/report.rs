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
        self.findings.iter().map(|finding| renderer.render(&[self.group(finding)]) + "\n\n").collect()
    }

    pub fn json(&self) -> Vec<Value> {
        self.findings.iter().map(|finding| finding.to_json(&self.source.name)).collect()
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn group<'f>(&'f self, finding: &'f Diagnostic) -> Group<'f> {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&finding.message).id(finding.code);
        let group = match finding.span.and_then(|span| range(&self.source.text, span)) {
            Some(range) => title.element(
                Snippet::source(&self.source.text)
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

/// A place in characters of a line, as bytes of the whole text.
fn range(text: &str, span: Span) -> Option<Range<usize>> {
    let line_index = usize::try_from(span.line.checked_sub(1)?).ok()?;
    let before: usize = text.split_inclusive('\n').take(line_index).map(str::len).sum();
    let line = text.get(before..)?.split('\n').next()?;
    let byte = |characters: u32| {
        let characters = usize::try_from(characters).unwrap_or(usize::MAX);
        line.char_indices().nth(characters).map_or(line.len(), |(index, _)| index)
    };
    let first = span.column.checked_sub(1)?;
    let (start, end) = (byte(first), byte(first.saturating_add(span.length)));
    Some(before + start..before + end)
}
