//! Labels of pods, as arguments and as Kubernetes' selectors.

use std::str::FromStr;

use serde_json::{Map, Value};

/// `LABEL=VALUE`.
#[derive(Clone, Debug)]
pub struct Label {
    name: String,
    value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("write LABEL=VALUE".to_owned()),
        }
    }
}

/// As `matchLabels` has them; nothing where there are none, since an empty selector is not valid everywhere.
pub fn selector(labels: &[Label]) -> Option<Value> {
    let labels: Map<_, _> =
        labels.iter().map(|label| (label.name.clone(), label.value.as_str().into())).collect();
    (!labels.is_empty()).then(|| labels.into())
}
