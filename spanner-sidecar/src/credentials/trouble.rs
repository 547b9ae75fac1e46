//! What may be said of credentials that fail. The libraries' texts quote answers of token services and lines of key
//! files; here stands only what is known to be no secret: a host, a status, a kind.

use std::error::Error;

use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::Error as GaxError;

/// Why there is no token.
pub struct Trouble {
    pub is_transient: bool,
    pub told: String,
}

impl Trouble {
    pub fn of(error: &CredentialsError) -> Self {
        Self { is_transient: error.is_transient(), told: of(error) }
    }

    pub fn late() -> Self {
        Self { is_transient: true, told: "no token came in time".to_owned() }
    }

    /// The library gave up in a way of its own.
    pub fn unusable() -> Self {
        Self { is_transient: true, told: "the token service gave an answer that cannot be used".to_owned() }
    }
}

fn of(error: &CredentialsError) -> String {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(told) = of_http(error) {
            return told;
        }
        next = error.source();
    }
    let lasts = if error.is_transient() { "for now" } else { "until they are made anew" };
    format!("the credentials give no token {lasts}")
}

pub fn of_building(error: &BuildError) -> &'static str {
    if error.is_loading() {
        "they cannot be loaded"
    } else if error.is_parsing() {
        "a member is missing, of the wrong type, or not a key"
    } else if error.is_unknown_type() {
        "their `type` is not known"
    } else if error.is_missing_field() {
        "a member is missing"
    } else {
        "they are of a kind that is not supported here"
    }
}

fn of_http(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        let host = error.url().and_then(|url| url.host_str()).unwrap_or("the token service");
        let told = match error.status() {
            Some(status) => format!("{host} answered {}", status.as_u16()),
            None if error.is_timeout() => format!("{host} did not answer in time"),
            None if error.is_connect() => format!("{host} cannot be reached"),
            None if error.is_decode() => format!("{host} gave an answer that holds no token"),
            None => return None,
        };
        return Some(told);
    }
    let status = error.downcast_ref::<GaxError>()?.http_status_code()?;
    Some(format!("the token service answered {status}"))
}
