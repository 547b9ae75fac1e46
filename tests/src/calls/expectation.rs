//! Comparing what came with what was expected, where a text may hold `{name}`: it stands for whatever stands there the
//! first time and for the same ever after. `{_}` stands for any text but the empty one.

use std::collections::BTreeMap;

use serde_json::Value;

/// What names stand for.
#[derive(Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// The text with every known name replaced.
    pub fn fill(&self, text: &str) -> String {
        let known = self.0.iter();
        known.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Compares the whole; the fault tells the place and both sides.
    pub fn compare(&mut self, place: &str, expected: &Value, actual: &Value) -> Result<(), String> {
        match (expected, actual) {
            (Value::Object(a), Value::Object(b)) => {
                if let Some(name) = b.keys().find(|name| !a.contains_key(*name)) {
                    return Err(format!("{place}.{name} was not expected"));
                }
                a.iter().try_for_each(|(name, value)| {
                    let other = b.get(name).ok_or_else(|| format!("{place}.{name} is missing"))?;
                    self.compare(&format!("{place}.{name}"), value, other)
                })
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).enumerate().try_for_each(|(index, (value, other))| {
                    self.compare(&format!("{place}[{index}]"), value, other)
                })
            }
            (Value::String(pattern), Value::String(text)) if self.matches(pattern, text) => Ok(()),
            _ if expected == actual => Ok(()),
            _ => Err(format!("{place}: expected {expected}, found {actual}")),
        }
    }

    /// At most one name of a pattern may be unknown.
    pub fn matches(&mut self, pattern: &str, text: &str) -> bool {
        let pattern = self.fill(pattern);
        let unknown =
            pattern.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
        let Some((before, (name, after))) = unknown else { return pattern == text };
        let value = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        match value {
            None | Some("") => false,
            Some(value) => {
                if name != "_" {
                    self.0.insert(name.to_owned(), value.to_owned());
                }
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stand_for_what_stood_there_first() {
        let mut bindings = Bindings::default();
        assert!(bindings.matches("/orders/{id}", "/orders/17"));
        assert_eq!(bindings.fill("id = '{id}'"), "id = '17'");
        assert!(bindings.matches("{id}", "17"));
        assert!(!bindings.matches("{id}", "18"));
        assert!(!bindings.matches("/orders/{other}", "/orders/"));
        assert!(bindings.matches("{_}", "x") && bindings.matches("{_}", "y") && !bindings.matches("{_}", ""));
    }

    #[test]
    fn every_difference_is_found() {
        let expected = json!({"rows": [{"id": "1", "note": null}], "n": 1});
        for (actual, difference) in [
            (json!({"rows": [{"id": "1", "note": null}], "n": 1}), None),
            (
                json!({"rows": [{"id": "2", "note": null}], "n": 1}),
                Some(r#"body.rows[0].id: expected "1", found "2""#),
            ),
            (json!({"rows": [{"id": "1"}], "n": 1}), Some("body.rows[0].note is missing")),
            (
                json!({"rows": [{"id": "1", "note": null, "x": 1}], "n": 1}),
                Some("body.rows[0].x was not expected"),
            ),
            (json!({"rows": [], "n": 1}), Some(r#"body.rows: expected [{"id":"1","note":null}], found []"#)),
            (
                json!({"rows": [{"id": "1", "note": null}], "n": "1"}),
                Some(r#"body.n: expected 1, found "1""#),
            ),
        ] {
            let found = Bindings::default().compare("body", &expected, &actual);
            assert_eq!(found.err().as_deref(), difference);
        }
    }
}
