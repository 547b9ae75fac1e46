//! Changes of the full documents, each at a place, that reader and schema both refuse.

use serde_json::{Value, json};

pub fn policies() -> Vec<(&'static str, Value)> {
    vec![
        ("/apiVersion", json!("spangate/v2")),
        ("/name", json!(7)),
        ("/mode", json!("shadwo")),
        ("/steps", json!({})),
        ("/steps/0", json!({})),
        ("/steps/0", json!({"deny": {"when": "true"}, "require": "true"})),
        ("/steps/0", json!({"denny": {"when": "true"}})),
        ("/steps/0/authenticate/from", json!({"pocket": "x"})),
        ("/steps/0/authenticate/issuers", json!([])),
        ("/steps/1/status", json!(200)),
        ("/steps/1/reason", json!("Not This")),
        ("/issuers/entra/jwks", json!({"cluster": "c", "url": "https://a.example"})),
        ("/issuers/entra/algorithms", json!(["HS256"])),
        ("/issuers/entra/clock_skew", json!("5 parsecs")),
        ("/issuers/entra/clock_skew", json!(60)),
        ("/conditions", json!({"a name": "true"})),
        ("/apis/shop/path", json!("shop")),
        ("/apis/shop/versioning/scheme", json!("cookie x")),
        ("/apis/shop/steps/0/rate_limit/rate", json!("often")),
        ("/apis/shop/steps/0/rate_limit/rate", json!([])),
        ("/apis/shop/steps/0/rate_limit/burst", json!(0)),
        ("/apis/shop/steps/2/quota/limit", json!("5/5month")),
        ("/apis/shop/steps/3/concurrency/scope", json!("global")),
        ("/apis/shop/operations/list/public", json!(true)),
        ("/apis/shop/operations/list/forward", json!("other")),
        ("/apis/shop/operations/list/roles", json!([])),
        ("/apis/shop/operations/health/respond/status", json!(100)),
        ("/apis/shop/operations/list/steps/0/validate/query/limit/type", json!("date")),
        ("/apis/shop/operations/list/steps/0/validate/body/max_size", json!("64KB")),
    ]
}

pub fn policies_without() -> &'static [(&'static str, &'static str)] {
    &[
        (
            "/apis/shop/operations/list/call",
            "exactly one of `call`, `forward` and `respond` is needed, none is there",
        ),
        ("/apis/shop/operations/list/roles", "`roles` or `public: true` is needed"),
        ("/apis/shop/steps/0/rate_limit", "`rate_limit` is missing"),
        (
            "/issuers/entra/discovery",
            "exactly one of `jwks`, `discovery` and `keys` is needed, none is there",
        ),
        ("/name", "`name` is missing"),
    ]
}

pub fn operations() -> Vec<(&'static str, Value)> {
    vec![
        ("/apiVersion", json!("spangate/v2")),
        ("/databases/main/name", json!("storefront")),
        ("/databases/main/dialect", json!("mysql")),
        ("/databases/main/max_in_flight", json!(0)),
        ("/databases/main/max_channels", json!(257)),
        ("/databases/main/classes/scan/max_channels", json!(2)),
        ("/databases/main/classes/slow", json!({"max_in_flight": 2})),
        ("/databases/main/queue", json!({"max_wait": "1s"})),
        ("/databases/main/queue/max_wait", json!(1000)),
        ("/databases/main/directed_reads", json!({})),
        ("/databases/main/directed_reads/exclude", json!([{"type": "read_only"}])),
        ("/databases/main/directed_reads/include", json!([])),
        ("/databases/main/directed_reads/include/0", json!({})),
        ("/defaults/deadline", json!("soon")),
        ("/operations/Two words", json!({"read": {"sql": "SELECT 1"}})),
        ("/operations/List", json!({})),
        ("/operations/List/write", json!([{"sql": "DELETE FROM t WHERE TRUE"}])),
        ("/operations/List/audit", json!({"fields": []})),
        ("/operations/List/idempotency", json!("allowed")),
        ("/operations/List/class", json!("write")),
        ("/operations/List/answer", json!("many")),
        ("/operations/List/read", json!({"staleness": "strong"})),
        ("/operations/List/read/keys", json!({"table": "t", "columns": ["id"], "key": ["word"]})),
        ("/operations/List/read/staleness", json!("fresh")),
        ("/operations/List/read/staleness", json!({})),
        ("/operations/List/read/staleness/max", json!("1s")),
        ("/operations/List/pages", json!({"token": "page"})),
        ("/operations/List/parameters/a-b", json!({"type": "STRING", "from": "path"})),
        ("/operations/List/parameters/word/type", json!("string")),
        ("/operations/List/parameters/word/type", json!("ARRAY<>")),
        ("/operations/List/parameters/word/from", json!("identity.name")),
        ("/operations/List/parameters/word/from", json!("body.")),
        ("/operations/List/parameters/word/value", json!("x")),
        ("/operations/List/parameters/word/min_length", json!(-1)),
        ("/operations/List/parameters/word/max_size", json!("64KB")),
        ("/operations/List/parameters/limit/minimum", json!(true)),
        ("/operations/ReadByKey/parameters/most", json!({"type": "INT64", "from": "constant"})),
        ("/operations/Write/write", json!([])),
        ("/operations/Write/write", json!({"sql": "DELETE FROM t WHERE TRUE"})),
        ("/operations/Write/write/0", json!({"for_each": "body.items"})),
        ("/operations/Write/write/0/insert", json!({"table": "t", "columns": {"word": "word"}})),
        (
            "/operations/Write/write/0/expect",
            json!({"rows": 1, "otherwise": {"status": 409, "reason": "none"}}),
        ),
        ("/operations/Write/write/1/expect/rows", json!(-1)),
        ("/operations/Write/write/1/expect/otherwise/status", json!(500)),
        ("/operations/Write/write/1/expect/otherwise/reason", json!("Not This")),
        ("/operations/Write/write/2/for_each", json!("items")),
        ("/operations/Write/write/2/for_each/max_items", json!(10_001)),
        ("/operations/Write/write/2/insert/columns/id", json!(7)),
        ("/operations/Write/answer/status", json!(204)),
        ("/operations/Write/answer/location", json!("https://elsewhere.example/")),
        ("/operations/Write/freshness", json!("caller")),
        ("/operations/Write/pages", json!({"size": "word"})),
        ("/operations/Write/directed_reads", json!({"exclude": [{"type": "read_only"}]})),
        ("/operations/Write/class", json!("point")),
        ("/operations/Write/audit/fields", json!(["body"])),
        ("/operations/Write/audit/fields", json!(["header.authorization"])),
    ]
}

pub fn operations_without() -> &'static [(&'static str, &'static str)] {
    &[
        ("/databases", "`databases` is missing"),
        ("/operations/List/read", "exactly one of `read` and `write` is needed"),
        ("/operations/List/read/sql", "exactly one of `sql` and `keys` is needed"),
        ("/operations/List/parameters/word/from", "`from` is missing"),
        ("/operations/Write/write/1/expect/otherwise", "`otherwise` is missing"),
    ]
}
