//! `steps`: one key names the kind; `when`, `mode` and `name` stand beside it or in its own map.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;
use spangate_document::schema::{AnyNumber, Duration};

use super::identity::Authenticate;
use super::limit::{Concurrency, Quota, RateLimit};
use super::validate::Validate;
use super::{Expression, Mode, Named};

/// A step's own map, with what goes with any kind.
macro_rules! step {
    ($(#[$about:meta])* struct $name:ident { $($(#[$note:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            $($(#[$note])* $field: $type,)*
            /// The step is passed over when false.
            when: Option<$crate::schema::Expression>,
            mode: Option<$crate::schema::Mode>,
            /// What the step is called in logs and reports.
            name: Option<String>,
        }
    };
}
pub(super) use step;

/// One key names the kind; `when`, `mode` and `name` go with any.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [
        {"required": ["authenticate"]}, {"required": ["require"]}, {"required": ["deny"]},
        {"required": ["rate_limit"]}, {"required": ["quota"]}, {"required": ["concurrency"]},
        {"required": ["validate"]}, {"required": ["cors"]}, {"required": ["set_header"]},
        {"required": ["remove_header"]}, {"required": ["cache"]}, {"required": ["respond"]},
        {"required": ["group"]}, {"required": ["audit"]},
    ]),
    extend("dependentRequired" = {"reason": ["require"], "status": ["require"], "detail": ["require"]})
)]
pub struct Step {
    authenticate: Option<Authenticate>,
    require: Option<Require>,
    deny: Option<Deny>,
    rate_limit: Option<RateLimit>,
    quota: Option<Quota>,
    concurrency: Option<Concurrency>,
    validate: Option<Validate>,
    cors: Option<Cors>,
    set_header: Option<SetHeader>,
    remove_header: Option<RemoveHeader>,
    cache: Option<Cache>,
    respond: Option<Respond>,
    group: Option<Group>,
    audit: Option<Audit>,
    /// The step is passed over when false.
    when: Option<Expression>,
    mode: Option<Mode>,
    /// What the step is called in logs and reports.
    name: Option<String>,
    /// Beside `require: EXPRESSION`: what a refused client is told.
    reason: Option<Reason>,
    /// Beside `require: EXPRESSION`.
    status: Option<RefusalStatus>,
    /// Beside `require: EXPRESSION`.
    detail: Option<String>,
}

/// A reason in the author's own words, in snake_case.
#[derive(JsonSchema)]
struct Reason(#[schemars(regex(pattern = "^[a-z][a-z0-9_]{0,63}$"))] String);

#[derive(JsonSchema)]
struct RefusalStatus(#[schemars(range(min = 400, max = 599))] u16);

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Require {
    /// What must be true.
    Condition(Expression),
    Detailed(RequireDetails),
}

step! {
    /// What must be true, and what is said if it is not.
    struct RequireDetails {
        condition: Expression,
        reason: Option<Reason>,
        status: Option<RefusalStatus>,
        /// Shown to the client.
        detail: Option<String>,
    }
}

step! {
    /// Refuses when `when` is true; `when` is needed.
    struct Deny {
        reason: Option<Reason>,
        status: Option<RefusalStatus>,
        /// Shown to the client.
        detail: Option<String>,
    }
}

step! {
    /// Which pages of other origins may call.
    struct Cors {
        /// Such as `https://shop.example`, `https://*.shop.example` or `*`.
        origins: AnyNumber<String>,
        /// Methods that such a page may use.
        methods: Option<AnyNumber<String>>,
        /// Headers that such a page may send.
        headers: Option<AnyNumber<String>>,
        /// Headers of the answer that a page may read.
        expose: Option<AnyNumber<String>>,
        /// Whether a page may send cookies and the like.
        credentials: Option<bool>,
        /// How long a browser may keep the answer to a preflight; 5 minutes where nothing is said.
        max_age: Option<Duration>,
    }
}

step! {
    /// Names of headers and what they are set to: an expression or a text.
    struct SetHeader {
        /// Of the request that goes on.
        request: Option<BTreeMap<String, Expression>>,
        /// Of the answer that comes back.
        response: Option<BTreeMap<String, Expression>>,
    }
}

step! {
    /// Names of headers that are taken away.
    struct RemoveHeader {
        /// Of the request that goes on.
        request: Option<AnyNumber<String>>,
        /// Of the answer that comes back.
        response: Option<AnyNumber<String>>,
    }
}

step! {
    /// Answers that may be kept; only on a read.
    struct Cache {
        ttl: Duration,
        /// What the answer depends on besides the operation and its parameters.
        vary: Option<Vec<Expression>>,
        /// Whether callers of other issuers, tenants and roles get the same answer.
        shared: Option<bool>,
    }
}

step! {
    /// Ends the call with an answer of the policy's own.
    struct Respond {
        status: AnswerStatus,
        /// Each an expression or a text.
        headers: Option<BTreeMap<String, Expression>>,
        /// A text goes out as it stands, anything else as JSON.
        body: Option<Value>,
    }
}

/// An answer of the policy's own.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Answer {
    status: AnswerStatus,
    /// Each an expression or a text.
    headers: Option<BTreeMap<String, Expression>>,
    /// A text goes out as it stands, anything else as JSON.
    body: Option<Value>,
}

#[derive(JsonSchema)]
struct AnswerStatus(#[schemars(range(min = 200, max = 599))] u16);

step! {
    /// Steps under one condition, and those for when it is false.
    struct Group {
        /// Where the condition holds.
        steps: Vec<Step>,
        /// Where it does not.
        otherwise: Option<Vec<Step>>,
    }
}

step! {
    /// Adds to the audit record.
    struct Audit {
        fields: Named<Expression>,
    }
}
