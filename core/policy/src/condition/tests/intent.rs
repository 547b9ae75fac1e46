//! Expressions told from plain text.

use crate::condition::reads_like_an_expression;

#[test]
fn expressions_are_told_from_text() {
    for source in [
        "request.id",
        "auth.tenant",
        "'v=' + api.version",
        r#"request.headers["x-tier"]"#,
        "request['path']",
        "auth.authenticated ? 'yes' : 'no'",
        "conditions.internal",
        "response.status",
        "string(1)",
        "has(x.y)",
        "[1].map(x, x)",
        "['a', 'b'].join(',')",
        "size('abc')",
        "{'a': auth.subject}",
        // A text in quotes is a text, without them.
        "'nosniff'",
        r#""text/html""#,
        // A slip is to be told, not sent.
        "request.pth",
        "requst.path",
        "api.example",
    ] {
        assert!(reads_like_an_expression(source), "{source}");
    }
    for text in [
        "",
        "nosniff",
        "no-store",
        "text/html",
        "max-age=3",
        "max-age=31536000; includeSubDomains",
        "default-src 'self'",
        "W/\"abc\"",
        "*",
        "1.0",
        "2026-11-23",
        "true",
        "https://example.com/a?b=c",
        "app.example.com",
        "api",
        "source-map",
        "see request.id",
        "foo(1)",
        "null",
        "[1, 2]",
    ] {
        assert!(!reads_like_an_expression(text), "{text}");
    }
}
