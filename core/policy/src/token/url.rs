//! URLs of http and https, as far as fetching through a cluster of the proxy needs them: that connects where it was
//! told to, whatever the URL's host.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    /// `https` or `http`.
    pub scheme: &'static str,
    pub authority: String,
    /// With the query, if any. Begins with a slash.
    pub path: String,
}

impl HttpUrl {
    /// None for anything else, and for a URL with a user, a password or a fragment.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = ["https", "http"].into_iter().find(|known| *known == scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let fits = !authority.is_empty()
            && !authority.contains('@')
            && url.chars().all(|c| c.is_ascii_graphic() && c != '#');
        let slash = if path.starts_with('/') { "" } else { "/" };
        fits.then(|| Self { scheme, authority: authority.to_owned(), path: [slash, path].concat() })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, authority, path } = self;
        write!(f, "{scheme}://{authority}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_authority_and_the_rest() {
        for (url, expected) in [
            ("https://a.example/keys?v=2", Some("https://a.example/keys?v=2")),
            ("http://a.example:8080", Some("http://a.example:8080/")),
            ("https://a.example?v=2", Some("https://a.example/?v=2")),
            ("ftp://a.example/", None),
            ("https:///keys", None),
            ("https://user@a.example/", None),
            ("https://a.example/#x", None),
            ("https://a.example/ä", None),
            ("https://a.example/a b", None),
            ("a.example/keys", None),
        ] {
            assert_eq!(HttpUrl::parse(url).map(|url| url.to_string()).as_deref(), expected, "{url}");
        }
    }
}
