//! What a protected resource tells of itself (RFC 9728), so that a client without a token learns whom to ask.

use serde_json::{Map, Value, json};

use super::url::HttpUrl;

/// Where such documents are (RFC 9728, section 3): this stands between the resource's host and its path.
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// One resource's document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// Where it is. A challenge names this.
    pub url: HttpUrl,
    /// What it says, `resource` included.
    pub members: Map<String, Value>,
}

impl ResourceMetadata {
    /// That of the resource at `resource`. A host alone has no slash at its end, neither as a resource nor in its
    /// document's place.
    pub fn of_resource(resource: &HttpUrl) -> Self {
        let path = if resource.path == "/" { "" } else { &resource.path };
        let HttpUrl { scheme, authority, .. } = resource;
        let members =
            Map::from_iter([("resource".to_owned(), json!(format!("{scheme}://{authority}{path}")))]);
        Self { url: HttpUrl { path: [WELL_KNOWN, path].concat(), ..resource.clone() }, members }
    }

    /// That at `url`; none if no resource has its document there.
    pub fn at(url: &HttpUrl) -> Option<Self> {
        let path =
            url.path.strip_prefix(WELL_KNOWN).filter(|path| path.is_empty() || path.starts_with('/'))?;
        let path = if path.is_empty() { "/" } else { path };
        Some(Self::of_resource(&HttpUrl { path: path.to_owned(), ..url.clone() }))
    }

    /// Several issuers may speak for one resource: their lists are joined, and otherwise the first has its say.
    pub fn join(&mut self, other: &Self) {
        for (name, value) in &other.members {
            match (self.members.get_mut(name), value) {
                (Some(Value::Array(items)), Value::Array(others)) => {
                    for other in others {
                        if !items.contains(other) {
                            items.push(other.clone());
                        }
                    }
                }
                (Some(_), _) => {}
                (None, value) => {
                    self.members.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_and_the_place_of_its_document() {
        for (resource, document) in [
            ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
            ("https://api.example/shop", "https://api.example/.well-known/oauth-protected-resource/shop"),
        ] {
            let (resource, document) = (HttpUrl::parse(resource).unwrap(), HttpUrl::parse(document).unwrap());
            let metadata = ResourceMetadata::of_resource(&resource);
            assert_eq!(metadata.url, document);
            assert_eq!(ResourceMetadata::at(&document), Some(metadata));
        }
        for url in ["https://api.example/", "https://api.example/.well-known/oauth-protected-resources"] {
            assert_eq!(ResourceMetadata::at(&HttpUrl::parse(url).unwrap()), None, "{url}");
        }
    }

    #[test]
    fn issuers_of_one_resource_are_told_together() {
        let mut one = ResourceMetadata::of_resource(&HttpUrl::parse("https://api.example").unwrap());
        let mut two = one.clone();
        one.members.insert("authorization_servers".to_owned(), json!(["https://a"]));
        two.members.insert("authorization_servers".to_owned(), json!(["https://b", "https://a"]));
        two.members.insert("resource_name".to_owned(), json!("Shop"));
        one.join(&two);
        assert_eq!(
            Value::Object(one.members),
            json!({"authorization_servers": ["https://a", "https://b"], "resource": "https://api.example",
                   "resource_name": "Shop"})
        );
    }
}
