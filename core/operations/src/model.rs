//! What `operations.yaml` says, once it has been read without fault. Names are resolved: what runs an operation
//! finds each value by its place, and looks nothing up.

mod answer;
mod argument;
mod database;
mod parameter;
mod read;
mod write;

use std::collections::BTreeMap;

use spangate_document::Duration;

pub use answer::{Answer, Body, Numbers};
pub use argument::{Argument, Statement};
pub use database::{Database, Dialect, DirectedReads, Limits, Queue, Replica, ReplicaType};
pub use parameter::{Constraints, IdentityField, Parameter, Source};
pub use read::{Freshness, KeyRead, Pages, Read, ReadSource, Staleness};
pub use write::{
    Action, AuditField, Expectation, ForEach, Idempotency, Mutation, MutationKind, Write, WriteStep,
};

#[derive(Clone, Debug)]
pub struct Operations {
    pub databases: BTreeMap<String, Database>,
    pub operations: BTreeMap<String, Operation>,
}

impl Operations {
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }
}

#[derive(Clone, Debug)]
pub struct Operation {
    pub name: String,
    /// Key of [`Operations::databases`].
    pub database: String,
    /// Of its database.
    pub dialect: Dialect,
    pub database_role: Option<String>,
    pub kind: Kind,
    pub parameters: Vec<Parameter>,
    pub deadline: Duration,
    pub priority: Priority,
    pub class: Class,
    pub answer: Answer,
    pub numbers: Numbers,
    /// Largest request body in bytes.
    pub max_body: u64,
    pub freshness: Freshness,
    pub pages: Option<Pages>,
    /// What a write's audit row tells of the call.
    pub audit: Vec<AuditField>,
    /// Of reads: the operation's own, or its database's.
    pub directed_reads: Option<DirectedReads>,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Read(Read),
    Write(Write),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Low,
    Medium,
    High,
}

/// Operations of one class share a budget of a database, so that none starves those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A few rows by their key.
    Point,
    /// Whatever else reads.
    Scan,
    Write,
}

impl Operation {
    pub fn is_write(&self) -> bool {
        matches!(self.kind, Kind::Write(_))
    }

    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The place of a parameter among [`Operation::parameters`].
    pub fn parameter_index(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.name == name)
    }

    /// Every statement of SQL, in the order in which they run.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        let (of_read, steps): (_, &[WriteStep]) = match &self.kind {
            Kind::Read(Read { source: ReadSource::Sql(statement), .. }) => (Some(statement), &[]),
            Kind::Read(Read { source: ReadSource::Keys(_), .. }) => (None, &[]),
            Kind::Write(write) => (None, &write.steps),
        };
        let of_steps = steps.iter().filter_map(|step| match &step.action {
            Action::Sql(statement) => Some(statement),
            Action::Mutate(_) => None,
        });
        of_read.into_iter().chain(of_steps)
    }

    /// Whether anything that it runs uses the parameter at that place.
    pub fn uses(&self, parameter: usize) -> bool {
        let is_it = |argument: &Argument| *argument == Argument::Parameter(parameter);
        match &self.kind {
            Kind::Read(Read { source: ReadSource::Sql(statement), .. }) => {
                statement.arguments.iter().any(|(_, argument)| is_it(argument))
            }
            Kind::Read(Read { source: ReadSource::Keys(keys), .. }) => {
                keys.key.iter().chain(&keys.limit).any(is_it)
            }
            Kind::Write(write) => write.steps.iter().any(|step| step.action.arguments().any(is_it)),
        }
    }

    /// The list that a write goes through.
    pub fn list(&self) -> Option<&ForEach> {
        match &self.kind {
            Kind::Read(_) => None,
            Kind::Write(write) => write.steps.iter().find_map(|step| step.for_each.as_ref()),
        }
    }

    /// Names that a route's template must have.
    pub fn path_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Path(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Names that a query may have, that of the page's token among them.
    pub fn query_names(&self) -> impl Iterator<Item = &str> {
        let of_parameters = self.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Query(name) => Some(name.as_str()),
            _ => None,
        });
        of_parameters.chain(self.pages.as_ref().map(|pages| pages.token.as_str()))
    }

    /// Headers of the request, in lower case, which the policy must pass on.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Header(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub fn takes_body(&self) -> bool {
        self.list().is_some()
            || self.parameters.iter().any(|parameter| matches!(parameter.source, Source::Body(_)))
    }

    /// Whether a call without a verified identity is refused for want of it.
    pub fn needs_identity(&self) -> bool {
        self.parameters.iter().any(|parameter| {
            parameter.required && matches!(parameter.source, Source::Identity(_) | Source::Claim(_))
        })
    }
}
