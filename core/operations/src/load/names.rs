//! What a name in SQL, in a key or in a mutation stands for: a parameter, or a column that an earlier step returned.

use spangate_document::{Diagnostic, Diagnostics, Fields, Node, suggestion};

use super::place::Place;
use crate::{Argument, Dialect, Parameter, Statement, sql};

/// In a mutation, the time of the commit.
const COMMIT_TIMESTAMP: &str = "commit_timestamp()";

/// The names that a step of an operation may use.
pub(super) struct Names<'p> {
    pub dialect: Dialect,
    parameters: &'p [Parameter],
    /// As the document declares them, those with faults too.
    declared: Option<&'p Node>,
    /// By step, the columns that it returns; empty where it returns none.
    returned: Vec<Vec<String>>,
}

impl<'p> Names<'p> {
    pub fn new(dialect: Dialect, parameters: &'p [Parameter], declared: Option<&'p Node>) -> Self {
        Self { dialect, parameters, declared, returned: Vec::new() }
    }

    /// After a step: later ones may use what it returns.
    pub fn step_returns(&mut self, columns: Vec<String>) {
        self.returned.push(columns);
    }

    /// A statement at the member `sql`, its names looked up; unknown ones are faults.
    pub fn statement(&self, text: &str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Statement {
        let mut arguments = Vec::new();
        let sql::Numbered { sql, parameters } = sql::numbered(text, self.dialect);
        for (sent_as, name) in parameters {
            match self.known(&name) {
                Some(argument) => arguments.push((sent_as, argument)),
                None => {
                    let sign = self.dialect.sign(&name);
                    let message = format!("the SQL uses `{sign}`, which `parameters` does not declare");
                    let help = |known: &str| format!("did you mean `{}`?", self.dialect.sign(known));
                    self.undeclared(&name, "sql", message, help, fields, diagnostics);
                }
            }
        }
        let returns_rows = !sql::is_dml(text, self.dialect) || sql::returns_rows(text, self.dialect);
        Statement { sql, arguments, returns_rows }
    }

    /// A value of a key or a mutation, which `place` holds.
    pub fn value(
        &self,
        name: &str,
        place: Place,
        fields: &Fields<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Argument> {
        if name == COMMIT_TIMESTAMP {
            return Some(Argument::CommitTimestamp);
        }
        let found = self.known(name);
        for Parameter { r#type, .. } in self.parameters(found.iter()) {
            if let Some(message) = place.refusal(name, r#type) {
                diagnostics.push(fields.fault(place.member(), message));
            }
        }
        if found.is_none() {
            let message =
                format!("`{name}` is neither a parameter nor a column that an earlier step returned");
            self.undeclared(
                name,
                place.member(),
                message,
                |known| format!("did you mean `{known}`?"),
                fields,
                diagnostics,
            );
        }
        found
    }

    /// The parameters that the arguments name.
    pub fn parameters<'a>(
        &'a self,
        arguments: impl Iterator<Item = &'a Argument>,
    ) -> impl Iterator<Item = &'a Parameter> {
        arguments.filter_map(|argument| match argument {
            Argument::Parameter(index) => self.parameters.get(*index),
            Argument::Returned { .. } | Argument::CommitTimestamp => None,
        })
    }

    pub fn parameter(&self, name: &str) -> Option<&'p Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The parameters' names.
    pub fn declared(&self) -> impl Iterator<Item = &'p str> {
        self.parameters.iter().map(|parameter| parameter.name.as_str())
    }

    /// Whether the document declares such a parameter, be it with faults: those have been told.
    pub fn is_declared(&self, name: &str) -> bool {
        self.declared.is_some_and(|declared| declared.member(name).is_some())
    }

    /// A parameter first: where a statement returns a column of that name, it is what was put in. Of columns, the one
    /// that was returned last.
    fn known(&self, name: &str) -> Option<Argument> {
        let parameter = self.parameters.iter().position(|parameter| parameter.name == name);
        let returned = || {
            let step =
                self.returned.iter().rposition(|columns| columns.iter().any(|column| column == name))?;
            Some(Argument::Returned { step, column: name.to_owned() })
        };
        parameter.map(Argument::Parameter).or_else(returned)
    }

    fn undeclared(
        &self,
        name: &str,
        place: &str,
        message: String,
        help: impl Fn(&str) -> String,
        fields: &Fields<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        if self.is_declared(name) {
            return;
        }
        let span = fields.node().member(place).unwrap_or(fields.node()).span;
        let fault = Diagnostic::error("undeclared_parameter", &fields.path().member(place), message).at(span);
        let all = self.declared().chain(self.returned.iter().flatten().map(String::as_str));
        diagnostics.push(match suggestion(name, all) {
            Some(known) => fault.help(help(known)),
            None => fault,
        });
    }
}
