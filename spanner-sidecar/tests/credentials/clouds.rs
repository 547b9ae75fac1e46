//! Who the sidecar is in another cloud.

use super::exchange::{AWS_KEY, LENT_TOKEN, Service, Trouble};
use super::*;

/// Each source of a subject's token that Google's console can write, without and with an account that is lent.
#[tokio::test]
async fn identities_of_other_clouds() {
    let exchange = Exchange::start().await;
    let folder = Folder::new("clouds");
    let token_file = folder.put("projected-token", SUBJECT_TOKEN);
    let url = &exchange.url;
    let azure = json!({
        "url": format!("{url}/azure/token?api-version=2018-02-01&resource=api://spangate"),
        "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    });
    let aks = json!({"file": token_file});
    let aws = json!({
        "environment_id": "aws1",
        "region_url": format!("{url}/latest/meta-data/zone"),
        "url": format!("{url}/latest/meta-data/iam/security-credentials"),
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        "imdsv2_session_token_url": format!("{url}/latest/api/token"),
    });
    for (name, source) in [("azure", azure), ("aks", aks), ("aws", aws)] {
        let own = exchange.configuration(source);
        for (configuration, token) in [(own.clone(), FEDERATED_TOKEN), (exchange.lending(own), LENT_TOKEN)] {
            let path = folder.put(name, &configuration.to_string());
            let expected = format!("Bearer {token}");
            let (_mock, stand) = serving(&path, move |authorization| authorization == expected).await;
            stand.until_served(call("Read")).await;
            assert_silent(&stand, &CANARIES);
            if name == "aws" {
                assert_signed_for_aws(&exchange.subject());
            } else {
                assert_eq!(exchange.subject(), SUBJECT_TOKEN, "{name}");
            }
        }
    }
}

/// What proves the identity is a request to AWS, signed and not sent.
fn assert_signed_for_aws(subject: &str) {
    let decoded = percent_decoded(subject);
    let request: Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(
        request["url"],
        "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    );
    let headers = request["headers"].as_array().unwrap();
    let value = |name: &str| headers.iter().find(|header| header["key"] == name).unwrap()["value"].clone();
    let authorization = value("Authorization");
    let authorization = authorization.as_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
    assert!(value("x-goog-cloud-target-resource").as_str().unwrap().contains("workloadIdentityPools"));
    assert!(!decoded.contains(AWS_KEY));
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).unwrap()
}

/// Kubernetes writes a new token long before the old one expires: whoever keeps the first one ends with it.
#[tokio::test]
async fn a_projected_token_is_read_at_each_renewal() {
    const ROTATED: &str = "canary-rotated-token";
    let exchange = Exchange::start().await;
    exchange.lifetime(11);
    let folder = Folder::new("projected");
    let token_file = folder.put("projected-token", SUBJECT_TOKEN);
    let path = folder.put("aks", &exchange.configuration(json!({"file": token_file})).to_string());
    let expected = format!("Bearer {FEDERATED_TOKEN}");
    let (_mock, stand) = serving(&path, move |authorization| authorization == expected).await;
    stand.until_served(call("Read")).await;
    assert_eq!(exchange.subject(), SUBJECT_TOKEN);
    folder.put("projected-token", ROTATED);
    until("the rotated token", || exchange.subject() == ROTATED).await;
    stand.until_served(call("Read")).await;
    assert_silent(&stand, &CANARIES);
    assert!(!stand.log().contains("credentials_refused"), "{}", stand.log());
}

/// Of AWS's environment, where there is one, nothing is asked for at the instance's metadata.
#[tokio::test]
async fn keys_of_awss_environment() {
    let exchange = Exchange::start().await;
    exchange.trouble(Service::Metadata, Trouble::Status(403));
    let folder = Folder::new("environment");
    let url = &exchange.url;
    let source = json!({
        "environment_id": "aws1",
        "region_url": format!("{url}/latest/meta-data/zone"),
        "url": format!("{url}/latest/meta-data/iam/security-credentials"),
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
    });
    let path = folder.put("aws", &exchange.configuration(source).to_string());
    let environment = [
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", AWS_KEY.to_owned()),
    ];
    let expected = format!("Bearer {FEDERATED_TOKEN}");
    let guard = move |authorization: &str| authorization == expected;
    let (_mock, stand) = serving_with(&path, &[], &environment, guard).await;
    stand.until_served(call("Read")).await;
    assert_signed_for_aws(&exchange.subject());
    assert_eq!(exchange.refused(), 0);
    assert_silent(&stand, &CANARIES);
}
