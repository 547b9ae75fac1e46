//! The steps of a write within one transaction, and at their end the answer and Spangate's own rows. A step may use what
//! an earlier one returned; one with a list runs once for each of its items, in one batch.

use std::sync::Arc;

use google_cloud_spanner::Error;
use google_cloud_spanner::batch::BatchDml;
use google_cloud_spanner::key::{Key, KeySet};
use google_cloud_spanner::mutation::{Mutation as SpannerMutation, WriteBuilder};
use google_cloud_spanner::statement::Statement;
use google_cloud_spanner::transaction::ReadWriteTransaction;
use google_cloud_spanner::types::{self, Type};
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{
    Action, Argument, Expectation, Kind, Mutation, MutationKind, Parameter, Statement as Sql, Value,
    WriteStep,
};
use tokio::time::Instant;

use super::{COMMIT_TIMESTAMP, Order, Returned, own_rows};
use crate::answer::written;
use crate::idempotency::Answer;
use crate::refusal::{Reason, Refusal};
use crate::spanner::statement::{Given, priority, statement};
use crate::spanner::value::{spanner_type, to_spanner};
use crate::spanner::{backoff_policy, remaining, retry_policy};

/// Why a transaction does not get to its commit.
pub enum Stopped {
    Spanner(Error),
    Refused(Refusal),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Spanner(error)
    }
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub struct Script {
    pub order: Arc<Order>,
    pub until: Instant,
}

/// What each step before has returned.
type Earlier = Vec<Option<Returned>>;

impl Script {
    pub async fn run(&self, transaction: &ReadWriteTransaction) -> Result<Answer, Stopped> {
        let Order { operation, values, stamp, .. } = self.order.as_ref();
        let Kind::Write(write) = &operation.kind else {
            return Err(Refusal::new(Reason::SchemaMismatch, "the operation writes nothing").into());
        };
        let mut earlier = Earlier::new();
        for step in &write.steps {
            let returned = self.step(transaction, step, &earlier).await?;
            earlier.push(returned);
        }
        let of_step = operation.answer.step.and_then(|step| earlier.get(step)?.as_ref());
        let answer = written::answer(operation, values, of_step)?;
        transaction.buffer(own_rows::of(stamp, &answer))?;
        Ok(answer)
    }

    async fn step(
        &self,
        transaction: &ReadWriteTransaction,
        step: &WriteStep,
        earlier: &Earlier,
    ) -> Result<Option<Returned>, Stopped> {
        let WriteStep { action, for_each, expect } = step;
        let items: Vec<Option<usize>> = match for_each {
            Some(_) => (0..self.items()).map(Some).collect(),
            None => vec![None],
        };
        match action {
            Action::Mutate(mutation) => {
                let mutations = items.iter().map(|item| self.mutation(mutation, *item, earlier));
                transaction.buffer(mutations.collect::<Result<Vec<_>, _>>()?)?;
                Ok(None)
            }
            Action::Sql(sql) if for_each.is_some() => {
                let statements = items.iter().map(|item| self.statement(sql, *item, earlier));
                let statements = statements.collect::<Result<Vec<_>, _>>()?;
                // Spanner refuses a batch of nothing.
                if !statements.is_empty() {
                    let counts = transaction.execute_batch_update(self.batch(statements)).await?;
                    counts.into_iter().try_for_each(|count| judge(expect.as_ref(), count))?;
                }
                Ok(None)
            }
            Action::Sql(sql) if sql.returns_rows => {
                let result = transaction.execute_query(self.statement(sql, None, earlier)?).await?;
                let (returned, count) = Returned::all_of(result).await?;
                judge(expect.as_ref(), count)?;
                Ok(Some(returned))
            }
            Action::Sql(sql) => {
                let count = transaction.execute_update(self.statement(sql, None, earlier)?).await?;
                judge(expect.as_ref(), count)?;
                Ok(None)
            }
        }
    }

    /// How many items the list has: an operation goes through one, and each parameter of an item knows.
    fn items(&self) -> usize {
        let Order { operation, values, .. } = self.order.as_ref();
        let mut all = operation.parameters.iter().zip(values);
        match all.find(|(parameter, _)| parameter.source.is_of_item()) {
            Some((_, Value::Array(items))) => items.len(),
            _ => 0,
        }
    }

    fn parameter(&self, index: usize) -> Result<(&Parameter, &Value), Refusal> {
        let Order { operation, values, .. } = self.order.as_ref();
        operation.parameters.get(index).zip(values.get(index)).ok_or_else(unknown)
    }

    fn statement(&self, sql: &Sql, item: Option<usize>, earlier: &Earlier) -> Result<Statement, Refusal> {
        let given = sql.arguments.iter().map(|(name, argument)| {
            let (r#type, value) = self.value(argument, item, earlier)?;
            Ok(Given { name, r#type, value })
        });
        let given = given.collect::<Result<Vec<_>, Refusal>>()?;
        Ok(statement(&self.order.operation, &self.order.tag, sql, given, self.until))
    }

    fn batch(&self, statements: Vec<Statement>) -> BatchDml {
        let batch = BatchDml::builder()
            .set_request_tag(&self.order.tag)
            .set_priority(priority(self.order.operation.priority))
            .with_attempt_timeout(remaining(self.until))
            .with_retry_policy(retry_policy(self.until))
            .with_backoff_policy(backoff_policy());
        statements.into_iter().fold(batch, |batch, statement| batch.add_statement(statement)).build()
    }

    fn mutation(
        &self,
        mutation: &Mutation,
        item: Option<usize>,
        earlier: &Earlier,
    ) -> Result<SpannerMutation, Refusal> {
        let Mutation { kind, table } = mutation;
        let (builder, columns) = match kind {
            MutationKind::Insert(columns) => (SpannerMutation::new_insert_builder(table), columns),
            MutationKind::Update(columns) => (SpannerMutation::new_update_builder(table), columns),
            MutationKind::InsertOrUpdate(columns) => {
                (SpannerMutation::new_insert_or_update_builder(table), columns)
            }
            MutationKind::Replace(columns) => (SpannerMutation::new_replace_builder(table), columns),
            MutationKind::Delete(key) => {
                let parts = key.iter().map(|argument| Ok(self.value(argument, item, earlier)?.1));
                let key = Key::new(parts.collect::<Result<_, Refusal>>()?);
                return Ok(SpannerMutation::delete(table, KeySet::builder().add_key(key).build()));
            }
        };
        let set = |builder: WriteBuilder, (column, argument): &(String, Argument)| {
            Ok::<_, Refusal>(builder.set(column).to(self.value(argument, item, earlier)?.1))
        };
        columns.iter().try_fold(builder, set).map(WriteBuilder::build)
    }

    fn value(
        &self,
        argument: &Argument,
        item: Option<usize>,
        earlier: &Earlier,
    ) -> Result<(Type, SpannerValue), Refusal> {
        match argument {
            Argument::CommitTimestamp => Ok((types::timestamp(), COMMIT_TIMESTAMP.into())),
            Argument::Returned { step, column } => {
                earlier.get(*step).and_then(Option::as_ref).ok_or_else(unknown)?.only(column)
            }
            Argument::Parameter(index) => {
                let (parameter, value) = self.parameter(*index)?;
                let value = match (value, item) {
                    (Value::Array(items), Some(item)) if parameter.source.is_of_item() => {
                        items.get(item).ok_or_else(unknown)?
                    }
                    (value, _) => value,
                };
                Ok((spanner_type(&parameter.r#type), to_spanner(value)))
            }
        }
    }
}

fn unknown() -> Refusal {
    Refusal::new(Reason::SchemaMismatch, "a step needs what no step returned")
}

fn judge(expect: Option<&Expectation>, count: i64) -> Result<(), Refusal> {
    match expect {
        Some(Expectation { rows, status, reason }) if count != *rows => {
            let reason = Reason::Expected { status: *status, reason: reason.clone() };
            Err(Refusal::new(reason, "the operation's expectation does not hold; nothing was written"))
        }
        _ => Ok(()),
    }
}
