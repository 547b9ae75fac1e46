//! `operations.yaml`: which SQL callers may run, and with which parameters. Reads the document into a model,
//! turns what a call carries into typed values, and looks into SQL just far enough to find its parameters and
//! its statements. Knows no Spanner client: the spanner-sidecar runs what stands here, `spangate check` compares
//! it with a policy.

mod bind;
mod body;
mod constraint;
#[cfg(feature = "schema")]
mod json_schema;
mod load;
mod location;
mod model;
mod schema;
mod sent;
pub mod sql;
mod types;
mod value;

pub use bind::{Bound, Caller, Inputs, Refusal, Wrong, bind};
#[cfg(feature = "schema")]
pub use json_schema::json_schema;
pub use load::{Schemas, load, load_with};
pub use location::{Location, Piece};
pub use model::{
    Action, Answer, Argument, AuditField, Body, Class, Constraints, Database, Dialect, DirectedReads,
    Expectation, ForEach, Freshness, Idempotency, IdentityField, KeyRead, Kind, Limits, Mutation,
    MutationKind, Numbers, Operation, Operations, Pages, Parameter, Priority, Queue, Read, ReadSource,
    Replica, ReplicaType, Source, Staleness, Statement, Write, WriteStep,
};
pub use schema::Schema;
pub use types::{Field, Scalar, Type, TypeFault};
pub use value::{Decimal, Interval, Misfit, Nulls, Value};
