//! A file of credentials: read whole, refused when others than its owner and group could have read it or changed it.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// Members that are secrets, in any kind of credentials.
const SECRETS: [&str; 3] = ["private_key", "client_secret", "refresh_token"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Unreadable(std::io::ErrorKind),
    /// Neither the text nor the parser's complaint is told: both can hold a key.
    NotJson {
        line: usize,
        column: usize,
    },
    OthersRead,
    OthersWrite,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(formatter, "it cannot be read: {kind}"),
            Self::NotJson { line, column } => write!(formatter, "it is not JSON at line {line}, column {column}"),
            Self::OthersRead => formatter.write_str("it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes"),
            Self::OthersWrite => formatter.write_str("every user may change it: take that away, as `chmod o-w` does"),
        }
    }
}

impl std::error::Error for Fault {}

pub async fn read(path: &Path) -> Result<Value, Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(error.kind());
    let mode = tokio::fs::metadata(path).await.map_err(unreadable)?.permissions().mode();
    let bytes = tokio::fs::read(path).await.map_err(unreadable)?;
    let json: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Fault::NotJson { line: error.line(), column: error.column() })?;
    if mode & OTHERS_WRITE != 0 {
        return Err(Fault::OthersWrite);
    }
    if mode & OTHERS_READ != 0 && holds_secret(&json) {
        return Err(Fault::OthersRead);
    }
    Ok(json)
}

/// At any depth: an impersonation holds its source.
fn holds_secret(json: &Value) -> bool {
    match json {
        Value::Object(members) => {
            members.iter().any(|(name, value)| SECRETS.contains(&name.as_str()) || holds_secret(value))
        }
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_that_others_could_read_is_refused() {
        let key = r#"{"type": "service_account", "private_key": "secret-canary"}"#;
        let nested = r#"{"source_credentials": {"refresh_token": "secret-canary"}}"#;
        let federation = r#"{"type": "external_account", "audience": "a"}"#;
        let mut table = String::new();
        for (name, text, mode) in [
            ("a key", key, 0o600),
            ("a key of the group's", key, 0o440),
            ("a key of everybody's", key, 0o644),
            ("a key inside", nested, 0o604),
            ("no secret", federation, 0o644),
            ("no secret, but open", federation, 0o646),
            ("half a key", &key[..50], 0o600),
        ] {
            let path = std::env::temp_dir().join(format!("spangate-file-{}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&path).await.map_or_else(|fault| fault.to_string(), |_| "taken".to_owned());
            table.push_str(&format!("{name}: {read}\n"));
            std::fs::remove_file(&path).unwrap();
        }
        let missing = read(Path::new("/nowhere/at/all")).await.unwrap_err();
        table.push_str(&format!("no file: {missing}\n"));
        assert!(!table.contains("canary"));
        expect_test::expect![[r#"
            a key: taken
            a key of the group's: taken
            a key of everybody's: it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes
            a key inside: it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes
            no secret: taken
            no secret, but open: every user may change it: take that away, as `chmod o-w` does
            half a key: it is not JSON at line 1, column 50
            no file: it cannot be read: entity not found
        "#]].assert_eq(&table);
    }
}
