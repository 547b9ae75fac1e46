//! `operations`: what each is, what it answers, under which limits.

use schemars::JsonSchema;
use spangate_document::schema::{AnyNumber, Duration};

use super::Named;
use super::database::DirectedReads;
use super::parameter::Parameter;
use super::read::Read;
use super::write::Step;

/// A read or a write, with its parameters.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["read"]}, {"required": ["write"]}]),
    extend("dependentSchemas" = {
        "read": {"properties": {"class": {"enum": ["point", "scan", null]}}},
        "write": {"properties": {"class": {"enum": ["write", null]}}},
    }),
    extend("dependentRequired" = {
        "freshness": ["read"], "pages": ["read"], "directed_reads": ["read"],
        "audit": ["write"], "idempotency": ["write"],
    })
)]
pub struct Operation {
    /// A query, or rows by their keys.
    read: Option<Read>,
    /// Steps in one transaction: all of it happens, or nothing.
    #[schemars(length(min = 1))]
    write: Option<Vec<Step>>,
    /// Every name that the SQL uses is declared here, and every value is bound.
    parameters: Option<Named<Parameter>>,
    /// What a caller gets when all went well. Where nothing is said: of a read `rows`; of a write `one` where a
    /// statement returns rows, else `none`.
    answer: Option<Answer>,
    /// Of a write: whether the caller must send an `Idempotency-Key`; `allowed` where nothing is said.
    idempotency: Option<Idempotency>,
    /// Of a write: what its audit row tells of the call.
    audit: Option<Audit>,
    /// Of a read: whether a caller may send `Read-Min-Timestamp`; `operation` where nothing is said.
    freshness: Option<Freshness>,
    /// Of a query that answers with `rows`: it comes in pages.
    pages: Option<Pages>,
    /// Of which budget of its database it takes. Where nothing is said: `point` of reads that answer `one` or `none`,
    /// `scan` of `rows`, and `write`.
    class: Option<Class>,
    /// Of a read: which replicas serve it; those of its database where nothing is said.
    directed_reads: Option<DirectedReads>,
    /// How long a call may take, all in all; as in `defaults` where nothing is said.
    deadline: Option<Duration>,
    priority: Option<Priority>,
    /// A name of `databases`; as in `defaults` where nothing is said.
    database: Option<String>,
    /// The database role that statements run under; as in `defaults` where nothing is said.
    database_role: Option<String>,
    numbers: Option<Numbers>,
}

/// Spanner's own priority of a request; `medium` where nothing is said.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Priority {
    Low,
    Medium,
    High,
}

/// How INT64 is written in JSON; `text` where nothing is said.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Numbers {
    /// `"7"`: no reader rounds it.
    Text,
    /// `7` within 2⁵³, `"9007199254740993"` beyond.
    Native,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Class {
    /// A few rows by their key.
    Point,
    /// Whatever else reads.
    Scan,
    Write,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Idempotency {
    /// A caller's key, or else a nonce of the gateway that its retries repeat.
    Allowed,
    /// A call without a key is refused with 400 `idempotency_key_missing`.
    Required,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Freshness {
    /// As the operation's `staleness` says.
    Operation,
    /// A caller may ask for what is at least as new as an earlier answer.
    Caller,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Answer {
    Body(AnswerBody),
    Detailed(AnswerDetails),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum AnswerBody {
    /// `{"rows":[…]}`, streamed.
    Rows,
    /// The row itself; 404 `not_found` when there is none.
    One,
    /// Nothing, with status 204.
    None,
}

/// Of a write: status and `Location` of its answer, the row of the last step that returns any.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct AnswerDetails {
    /// 200 to 202; 200 where nothing is said.
    #[schemars(range(min = 200, max = 202))]
    status: Option<u16>,
    /// Where clients find what was made, as they see it: `/customers/{customer_id}/orders/{order_id}`, filled from
    /// returned columns and parameters.
    #[schemars(regex(pattern = r"^/($|[^/{}\s]|\{[A-Za-z0-9_]+\})([^{}\s]|\{[A-Za-z0-9_]+\})*$"))]
    location: Option<String>,
}

/// What a write's audit row tells of the call.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Audit {
    /// Each of the call, as it was sent.
    fields: Option<AnyNumber<AuditField>>,
}

/// `path.NAME`, `query.NAME`, `body.MEMBER` or `identity.FIELD`.
#[derive(JsonSchema)]
struct AuditField(
    #[schemars(regex(
        pattern = r"^((path|query)\..+|body(\.[^.]+)+|identity\.(issuer|subject|tenant|roles|scopes))$"
    ))]
    String,
);

/// Keyset pages: the SQL asks for what comes after the last row of the page before, whose columns are the parameters
/// `from: page.COLUMN`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Pages {
    /// The parameter that is the SQL's `LIMIT`: an INT64 with a `maximum`.
    size: String,
    /// Under which name the query carries the page's token; `page` where nothing is said.
    token: Option<String>,
}
