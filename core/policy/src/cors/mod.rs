//! Cross-origin requests (the Fetch standard's "CORS protocol"): which pages may call, and what their browsers are
//! told. Pure rules over texts; who asks for them stands in `decide`.

mod origin;

pub use origin::OriginPattern;

use spangate_document::Duration;

/// Names and values of headers.
pub type Headers = Vec<(&'static str, String)>;

/// One `cors` step.
#[derive(Clone, Debug)]
pub struct Cors {
    pub origins: Vec<OriginPattern>,
    /// What a preflight is told; the methods that the path has, where there are none.
    pub methods: Vec<String>,
    /// Headers that a page may send; `*` for any.
    pub headers: Vec<String>,
    /// Headers that a page may read.
    pub expose: Vec<String>,
    pub credentials: bool,
    pub max_age: Duration,
}

impl Cors {
    /// Proxies hand several headers of that name over as one with commas, which is no origin, not even any.
    pub fn accepts(&self, origin: &str) -> bool {
        !origin.is_empty()
            && !origin.contains([',', ' '])
            && self.origins.iter().any(|pattern| pattern.matches(origin))
    }

    /// What every answer to a page of that accepted origin carries, refusals too: without it a browser hides even
    /// the status from the page.
    pub fn headers(&self, origin: &str) -> Headers {
        let any = self.origins.contains(&OriginPattern::Any);
        let mut headers: Headers = Vec::with_capacity(4);
        headers.push(("access-control-allow-origin", if any { "*" } else { origin }.to_owned()));
        if !any {
            headers.push(("vary", "origin".to_owned()));
        }
        if self.credentials {
            headers.push(("access-control-allow-credentials", "true".to_owned()));
        }
        if !self.expose.is_empty() {
            headers.push(("access-control-expose-headers", self.expose.join(", ")));
        }
        headers
    }

    /// The answer to a preflight from an accepted origin for a path that has `methods`.
    pub fn preflight(&self, origin: &str, methods: &[String]) -> Headers {
        let methods = if self.methods.is_empty() { methods } else { &self.methods };
        let mut headers = self.headers(origin);
        headers.retain(|(name, _)| *name != "vary" && *name != "access-control-expose-headers");
        headers.push(("access-control-allow-methods", methods.join(", ")));
        if !self.headers.is_empty() {
            headers.push(("access-control-allow-headers", self.headers.join(", ")));
        }
        headers.push(("access-control-max-age", (self.max_age.milliseconds / 1000).to_string()));
        let vary = "origin, access-control-request-method, access-control-request-headers";
        headers.push(("vary", vary.to_owned()));
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        Cors {
            origins: origins.iter().map(|origin| OriginPattern::parse(origin).unwrap()).collect(),
            methods: Vec::new(),
            headers: vec!["authorization".to_owned()],
            expose: vec!["ratelimit".to_owned()],
            credentials: false,
            max_age: Duration::from_secs(60),
        }
    }

    #[test]
    fn answers_name_the_origin_and_vary_by_it() {
        let cors = cors(&["https://app.example"]);
        assert_eq!(
            cors.headers("https://app.example"),
            [
                ("access-control-allow-origin", "https://app.example".to_owned()),
                ("vary", "origin".to_owned()),
                ("access-control-expose-headers", "ratelimit".to_owned())
            ]
        );
        let preflight = cors.preflight("https://app.example", &["GET".to_owned(), "POST".to_owned()]);
        assert!(preflight.contains(&("access-control-allow-methods", "GET, POST".to_owned())));
        assert!(preflight.contains(&("access-control-allow-headers", "authorization".to_owned())));
        assert!(preflight.contains(&("access-control-max-age", "60".to_owned())));
        assert_eq!(preflight.iter().filter(|(name, _)| *name == "vary").count(), 1);
    }

    #[test]
    fn several_origins_are_none() {
        assert!(cors(&["*"]).accepts("https://a.example"));
        assert!(!cors(&["*"]).accepts("https://a.example,https://b.example"));
        assert!(!cors(&["*"]).accepts(""));
    }

    #[test]
    fn any_origin_is_told_to_all_alike() {
        let headers = cors(&["*"]).headers("https://anyone.example");
        assert_eq!(headers.first(), Some(&("access-control-allow-origin", "*".to_owned())));
        assert!(headers.iter().all(|(name, _)| *name != "vary"));
    }
}
