//! What names of definitions stand for: indices, or a fault with what was probably meant.

use spangate_document::{Diagnostic, Diagnostics, suggestion};

use crate::document::{Named, Text};

/// Names of one kind of definition, each with its index.
pub struct Names {
    what: &'static str,
    names: Vec<String>,
}

impl Names {
    pub fn of<T>(what: &'static str, definitions: &[Named<T>]) -> Self {
        Self { what, names: definitions.iter().map(|definition| definition.name.clone()).collect() }
    }

    pub fn find(&self, name: &Text, diagnostics: &mut Diagnostics) -> Option<usize> {
        let found = self.names.iter().position(|known| *known == name.text);
        if found.is_none() {
            let fault = format!("`{}` is no {} of this policy", name.text, self.what);
            let mut fault = Diagnostic::error("unknown_name", &name.path, fault).at(name.span);
            fault.help = suggestion(&name.text, self.names.iter().map(String::as_str))
                .map(|close| format!("did you mean `{close}`?"));
            diagnostics.push(fault);
        }
        found
    }
}
