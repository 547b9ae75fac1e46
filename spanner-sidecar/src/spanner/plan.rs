//! Whether an operation fits the live schema: Spanner plans its SQL without running it, reads by keys ask for a row
//! that is not there, mutations are compared with what the schema tells of itself.

mod as_dml;
mod probe;
mod rolled_back;
mod round;
mod schema;
mod steps;

pub use probe::answers;
pub use round::Round;

use google_cloud_spanner::Error;
use google_cloud_spanner::model::execute_sql_request::QueryMode;
use google_cloud_spanner::types::Type as SpannerType;
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{
    Argument, Body, Kind, Location, Operation, Read, ReadSource, Source, Statement as Sql,
};
use tokio::time::Instant;

use super::connection::Session;
use super::database::Database;
use super::failure::{self, Phase};
use super::read::by_keys;
use super::statement::{Given, builder};
use super::value::spanner_type;
use crate::refusal::Reason;

/// Tells what planning asks of a database from what calls ask.
const TAG: &str = "spangate=plan";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Fits,
    /// For the log: names what the author wrote.
    Mismatch(String),
    /// Nothing can be told yet.
    Unreachable(String),
}

/// The columns that a statement returns.
#[derive(Clone, Debug, Default)]
struct Columns {
    names: Vec<String>,
    types: Vec<SpannerType>,
}

impl Columns {
    fn of(metadata: &google_cloud_spanner::result::ResultSetMetadata) -> Self {
        Self { names: metadata.column_names().to_vec(), types: metadata.column_types().to_vec() }
    }

    fn r#type(&self, name: &str) -> Option<&SpannerType> {
        let index = self.names.iter().position(|column| column == name)?;
        self.types.get(index)
    }
}

enum Failure {
    LostSession,
    Told(Plan),
}

impl Failure {
    fn mismatch(problem: impl Into<String>) -> Self {
        Self::Told(Plan::Mismatch(problem.into()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if failure::is_lost_session(&error) { Self::LostSession } else { Self::Told(judge(&error)) }
    }
}

/// What the answer is made of.
async fn columns(
    database: &Database,
    session: &Session,
    operation: &Operation,
    round: &Round,
    deadline: Instant,
) -> Result<Columns, Failure> {
    match &operation.kind {
        Kind::Read(Read { source: ReadSource::Sql(sql), .. }) => {
            let statement = nulls(operation, sql, &[], deadline)?;
            let transaction = session.client.single_use().build();
            Ok(Columns::of(transaction.execute_query(statement).await?.metadata()))
        }
        Kind::Read(Read { source: ReadSource::Keys(keys), .. }) => {
            round.schema(database, session, operation, deadline).await?.compare_key(operation, keys)?;
            let request = by_keys::of_nothing(operation, keys, TAG, deadline);
            let transaction = session.client.single_use().build();
            let mut result = transaction.execute_read(request).await?;
            let columns = Columns::of(result.metadata());
            result.next().await.transpose()?;
            Ok(columns)
        }
        Kind::Write(write) => {
            let schema = round.schema(database, session, operation, deadline).await?;
            schema.demand_own_tables()?;
            for step in &write.steps {
                schema.compare(operation, step)?;
            }
            round.demand_own_rows(database, session, operation, deadline).await?;
            let returned = steps::plan(database, session, operation, write, schema, deadline).await?;
            Ok(returned.into_iter().rev().find(|columns| !columns.names.is_empty()).unwrap_or_default())
        }
    }
}

/// The statement to be planned: every argument is a NULL of its type.
fn nulls(
    operation: &Operation,
    sql: &Sql,
    returned: &[Columns],
    deadline: Instant,
) -> Result<google_cloud_spanner::statement::Statement, Failure> {
    let given = sql.arguments.iter().map(|(name, argument)| {
        let r#type = type_of(operation, argument, returned)?;
        Ok(Given { name, r#type, value: SpannerValue::null() })
    });
    let given = given.collect::<Result<Vec<_>, Failure>>()?;
    let builder = builder(operation, TAG, sql, given, deadline);
    Ok(builder.set_query_mode(QueryMode::Plan).build())
}

fn type_of(operation: &Operation, argument: &Argument, returned: &[Columns]) -> Result<SpannerType, Failure> {
    match argument {
        Argument::Parameter(index) => operation
            .parameters
            .get(*index)
            .map(|parameter| spanner_type(&parameter.r#type))
            .ok_or_else(|| Failure::mismatch("a parameter is not declared")),
        Argument::Returned { step, column } => returned
            .get(*step)
            .and_then(|columns| columns.r#type(column))
            .cloned()
            .ok_or_else(|| Failure::mismatch(format!("step {} returns no column `{column}`", step + 1))),
        Argument::CommitTimestamp => Ok(google_cloud_spanner::types::timestamp()),
    }
}

fn judge(error: &Error) -> Plan {
    let message = error.status().map_or_else(|| error.to_string(), |status| status.message.clone());
    let problem = without_literals(message.lines().next().unwrap_or_default());
    match is_out_of_reach(&failure::refusal(error, Phase::Write).reason) {
        true => Plan::Unreachable(problem),
        false => Plan::Mismatch(problem),
    }
}

/// Spanner's message goes to the log: its further lines repeat the SQL, and what it quotes may be a literal.
fn without_literals(message: &str) -> String {
    const QUOTES: [char; 2] = ['\'', '"'];
    let Some((before, quoted)) = message.split_once(QUOTES) else { return message.to_owned() };
    let after = quoted.rsplit_once(QUOTES).map_or("", |(_, after)| after);
    format!("{before}…{after}")
}

/// Nothing can be told of an operation whose database cannot be asked.
fn is_out_of_reach(reason: &Reason) -> bool {
    match reason {
        Reason::DatabaseUnavailable
        | Reason::DatabaseOverloaded
        | Reason::RegionLimit
        | Reason::DeadlineExceeded
        | Reason::Conflict
        | Reason::OutcomeUnknown => true,
        Reason::ParameterInvalid
        | Reason::BodyTooLarge
        | Reason::OperationUnknown
        | Reason::NotFound
        | Reason::AlreadyExists
        | Reason::OutOfRange
        | Reason::IdempotencyKeyMissing
        | Reason::IdempotencyKeyReused
        | Reason::PreconditionFailed
        | Reason::PermissionDenied
        | Reason::SchemaMismatch
        | Reason::NotServed
        | Reason::Expected { .. } => false,
    }
}

/// What the answer needs, and what is there.
fn compare(operation: &Operation, Columns { names, .. }: &Columns) -> Plan {
    if operation.answer.body != Body::None {
        if let Some(index) = names.iter().position(String::is_empty) {
            return Plan::Mismatch(format!("column {} has no name: give it one with AS", index + 1));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Plan::Mismatch(format!("two columns are called `{name}`"));
        }
    }
    let of_pages = operation.parameters.iter().filter_map(|parameter| match &parameter.source {
        Source::Page(column) => Some(column),
        _ => None,
    });
    for column in of_pages {
        if !names.contains(column) {
            return Plan::Mismatch(format!(
                "pages go on by `page.{column}`, which is no column of the answer"
            ));
        }
    }
    for name in operation.answer.location.iter().flat_map(Location::names) {
        if operation.parameter(name).is_none() && !names.iter().any(|column| column == name) {
            return Plan::Mismatch(format!(
                "the location's `{{{name}}}` is neither parameter nor returned column"
            ));
        }
    }
    Plan::Fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_quotes_is_left_out() {
        for (message, expected) in [
            ("Table not found: orders", "Table not found: orders"),
            (
                r#"Could not cast literal "4711" to type DATE [at 1:13]"#,
                "Could not cast literal … to type DATE [at 1:13]",
            ),
            (r#"Neither 'a' nor "it's" is a number"#, "Neither … is a number"),
            ("it isn't closed", "it isn…"),
        ] {
            assert_eq!(without_literals(message), expected);
        }
    }
}
