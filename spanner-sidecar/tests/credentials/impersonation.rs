//! `--impersonate`: an account in whose name everything is done.

use super::exchange::tunnel::Tunnel;
use super::exchange::{LENT_TOKEN, Service, Trouble};
use super::*;

/// The chain's accounts lend one another's identity, and who refuses to is asked again.
#[tokio::test]
async fn an_account_is_lent_through_a_chain() {
    let exchange = Exchange::start().await;
    let tunnel = Tunnel::to(&exchange, "iamcredentials.googleapis.com").await;
    let folder = Folder::new("impersonation");
    let (key, line) = key_file("own");
    let path = folder.put("key.json", &key);
    let options = ["--impersonate", "first@project.iam,second@project.iam,spanner@project.iam"];
    exchange.trouble(Service::Lending, Trouble::Status(403));
    let expected = format!("Bearer {LENT_TOKEN}");
    let guard = move |authorization: &str| authorization == expected;
    let (_mock, stand) = serving_with(&path, &options, &tunnel.environment(&folder.0), guard).await;

    stand.until_logged(&["credentials_refused", "the token service answered 403"]).await;
    stand.execute(call("Read"), &[]).await.assert_refused("503", "database_unavailable");
    exchange.heal();
    stand.until_served(call("Read")).await;
    let lent = exchange.lent();
    assert_eq!(lent["account"], "spanner@project.iam:generateAccessToken");
    assert_eq!(key_id(lent["by"].as_str().unwrap()).as_deref(), Some("own"));
    let wanted = json!({
        "delegates": ["first@project.iam", "second@project.iam"],
        "scope": ["https://www.googleapis.com/auth/cloud-platform"],
        "lifetime": "3600s",
    });
    assert_eq!(lent["wanted"], wanted);
    assert_silent(&stand, &[&line]);
}

#[tokio::test]
async fn an_account_is_an_address() {
    let said = Stand::refusing_to_start("credentials.yaml", &["--impersonate", "a@project.iam,../b"]).await;
    assert!(said.contains("`../b` is no service account"), "{said}");
}
