//! Where credentials come from, and how they are made of it.

use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, bail};
use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{
    Credentials, external_account, impersonated, mds, service_account, user_account,
};
use serde_json::Value;

use super::{Impersonation, file, trouble};

/// What names a file to every client library of Google's.
const DEFAULT_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// Where `gcloud` keeps its own files, if not below the home.
const GCLOUD: &str = "CLOUDSDK_CONFIG";
const GCLOUD_FILE: &str = "application_default_credentials.json";
/// Who is billed in place of the project that a user's file names.
const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";

#[derive(Clone, Debug)]
pub struct Source {
    /// Else the metadata server.
    file: Option<PathBuf>,
    impersonation: Option<Impersonation>,
}

impl Source {
    pub fn new(file: Option<PathBuf>, impersonation: Option<Impersonation>) -> Self {
        let default = || path_in(DEFAULT_FILE).or_else(of_gcloud);
        Self { file: file.or_else(default), impersonation }
    }

    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Needs a runtime: credentials begin to get a token as soon as they are made.
    pub async fn build(&self) -> anyhow::Result<Credentials> {
        let own = match &self.file {
            Some(path) => {
                let named = || format!("the credentials `{}` cannot be used", path.display());
                let json = file::read(path).await.with_context(named)?;
                of_json(json).with_context(named)?
            }
            None => mds::Builder::default().build().map_err(refused)?,
        };
        let Some(Impersonation { delegates, account }) = &self.impersonation else { return Ok(own) };
        impersonated::Builder::from_source_credentials(own)
            .with_target_principal(account)
            .with_delegates(delegates)
            .build()
            .map_err(refused)
    }
}

fn path_in(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// `gcloud`'s own file, where there is one. The library would find it, too, and neither look at its mode nor read it
/// again.
fn of_gcloud() -> Option<PathBuf> {
    let folder = path_in(GCLOUD).or_else(|| Some(path_in("HOME")?.join(".config/gcloud")))?;
    let file = folder.join(GCLOUD_FILE);
    // What cannot be looked at is told when it is read, and not passed over; a home such as `/dev/null` holds nothing.
    let is_there = file.try_exists().unwrap_or_else(|error| error.kind() != ErrorKind::NotADirectory);
    is_there.then_some(file)
}

fn of_json(json: Value) -> anyhow::Result<Credentials> {
    let built = match json.get("type").and_then(Value::as_str) {
        Some("service_account") => service_account::Builder::new(json).build(),
        Some("external_account") => external_account::Builder::new(json).build(),
        Some("impersonated_service_account") => impersonated::Builder::new(json).build(),
        Some("authorized_user") => {
            let user = user_account::Builder::new(json);
            match std::env::var(QUOTA_PROJECT) {
                Ok(project) => user.with_quota_project_id(project).build(),
                Err(_) => user.build(),
            }
        }
        Some(_) | None => bail!(
            "its `type` is none of `service_account`, `external_account`, `impersonated_service_account`, `authorized_user`"
        ),
    };
    built.map_err(refused)
}

/// Without the library's text, which can quote what it could not read.
fn refused(error: BuildError) -> anyhow::Error {
    anyhow::Error::msg(trouble::of_building(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No part of a file is told, whatever is wrong with it.
    #[tokio::test]
    async fn files_that_cannot_be_used() {
        let mut table = String::new();
        for text in [
            r#"{}"#,
            r#"{"type": "secret-canary"}"#,
            r#"{"type": "service_account", "private_key": "secret-canary"}"#,
            r#"{"type": "service_account", "private_key": ["secret-canary"]}"#,
            r#"{"type": "external_account", "client_secret": "secret-canary", "audience": 7}"#,
            r#"{"type": "impersonated_service_account", "source_credentials": {"type": "secret-canary"}}"#,
        ] {
            let refused = of_json(serde_json::from_str(text).unwrap()).unwrap_err();
            assert!(!format!("{refused:?}").contains("canary"), "{refused:?}");
            table.push_str(&format!("{refused:#}\n"));
        }
        expect_test::expect![[r#"
            its `type` is none of `service_account`, `external_account`, `impersonated_service_account`, `authorized_user`
            its `type` is none of `service_account`, `external_account`, `impersonated_service_account`, `authorized_user`
            a member is missing, of the wrong type, or not a key
            a member is missing, of the wrong type, or not a key
            a member is missing, of the wrong type, or not a key
            a member is missing, of the wrong type, or not a key
        "#]].assert_eq(&table);
    }
}
