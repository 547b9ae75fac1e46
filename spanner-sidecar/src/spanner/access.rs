//! How Spanner is reached, by every client of the process: where, and as whom.

use anyhow::{Context, bail};
use google_cloud_spanner::builder::SpannerBuilder;
use google_cloud_spanner::client::Spanner;
use http::Uri;

use crate::credentials::{Credentials, Source};
use crate::{cli, emulator_host};

/// Cheap to clone.
#[derive(Clone)]
pub struct Access {
    endpoint: Option<String>,
    /// None for the emulator, which asks for none and is given none.
    credentials: Option<Credentials>,
}

impl Access {
    pub async fn start(options: &cli::Google) -> anyhow::Result<Self> {
        let cli::Google { credentials, impersonate, endpoint } = options;
        if emulator_host().is_some() {
            return Ok(Self { endpoint: None, credentials: None });
        }
        endpoint.as_deref().map(demand_secrecy).transpose()?;
        let source = Source::new(credentials.clone(), impersonate.clone());
        let credentials = Credentials::start(source, endpoint.clone()).await?;
        Ok(Self { endpoint: endpoint.clone(), credentials: Some(credentials) })
    }

    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// A database that is reached, under this role: new credentials are tried there before they take over.
    pub fn reaches(&self, database: &str, role: Option<&str>) {
        if let Some(credentials) = &self.credentials {
            credentials.reach(database, role);
        }
    }

    /// Spanner has refused what they gave.
    pub fn suspect_credentials(&self) {
        if let Some(credentials) = &self.credentials {
            credentials.suspect();
        }
    }

    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    pub fn spanner(&self) -> SpannerBuilder {
        let mut builder = Spanner::builder();
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(credentials) = &self.credentials {
            builder = builder.with_credentials(credentials.client());
        }
        builder
    }
}

/// Tokens and rows cross no network in the clear.
fn demand_secrecy(endpoint: &str) -> anyhow::Result<()> {
    let uri: Uri = endpoint.parse().with_context(|| format!("`--endpoint {endpoint}` is no URL"))?;
    let is_loopback = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback => Ok(()),
        _ => bail!("`--endpoint {endpoint}` must begin with `https://`; `http://` is for loopback alone"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_spoken_to_in_the_clear() {
        let table: String = [
            "https://spanner.europe-west3.rep.googleapis.com",
            "http://127.0.0.1:9010",
            "http://[::1]:9010",
            "http://spanner.example.com",
            "http://127.0.0.1.example.com",
            "spanner.googleapis.com",
        ]
        .into_iter()
        .map(|endpoint| format!("{endpoint}: {}\n", demand_secrecy(endpoint).is_ok()))
        .collect();
        expect_test::expect![[r#"
            https://spanner.europe-west3.rep.googleapis.com: true
            http://127.0.0.1:9010: true
            http://[::1]:9010: true
            http://spanner.example.com: false
            http://127.0.0.1.example.com: false
            spanner.googleapis.com: false
        "#]]
        .assert_eq(&table);
    }
}
