//! A service account as Google's console writes it down: its tokens are signed by the client itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test did not expect fails it")]

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// A service account's key file, and a line of the key that may be nowhere else.
pub fn key_file(id: &str) -> (String, String) {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der = key.as_der().unwrap();
    let text = BASE64_STANDARD.encode(der.as_ref());
    let file = json!({
        "type": "service_account",
        "client_email": "spangate@project.iam.gserviceaccount.com",
        "private_key_id": id,
        "private_key": format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"),
        "project_id": "project",
    });
    (file.to_string(), text[100..140].to_owned())
}
