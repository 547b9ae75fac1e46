//! Token services and metadata that refuse, lie or say nothing: each is told without a word of theirs, no call waits for
//! them longer than it may take, and once they are well again so is the sidecar.

use super::exchange::{LENT_TOKEN, Service, Trouble};
use super::*;

/// What the log says of it, in the end.
async fn told(service: Service, trouble: Trouble) -> String {
    let exchange = Exchange::start().await;
    let folder = Folder::new(&format!("{service:?}-{trouble:?}"));
    let metadata = json!({
        "url": format!("{}/azure/token", exchange.url),
        "headers": {"Metadata": "True"},
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    });
    let configuration = exchange.lending(exchange.configuration(metadata));
    let path = folder.put("configuration.json", &configuration.to_string());
    exchange.trouble(service, trouble);
    let expected = format!("Bearer {LENT_TOKEN}");
    let (mock, stand) = serving(&path, move |authorization| authorization == expected).await;
    stand.until_logged(&["credentials_refused"]).await;
    let answer = stand.execute(call("Read"), &[]).await;
    answer.assert_refused("503", "database_unavailable");
    assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
    exchange.heal();
    stand.until_served(call("Read")).await;
    assert_eq!(mock.query("SELECT COUNT(*) FROM t").unwrap(), [["1"]]);
    assert_silent(&stand, &CANARIES);
    let log = stand.log();
    let refused = log.lines().find(|line| line.contains("credentials_refused")).unwrap();
    let line: Value = serde_json::from_str(refused).unwrap();
    format!("{service:?} {trouble:?}: {}\n", line["problem"].as_str().unwrap())
}

#[tokio::test]
async fn whatever_goes_wrong_is_told_and_ends() {
    let cases = [
        (Service::Metadata, Trouble::Status(403)),
        (Service::Metadata, Trouble::Garbage),
        (Service::Metadata, Trouble::OtherJson),
        (Service::Metadata, Trouble::Silence),
        (Service::Exchange, Trouble::Status(503)),
        (Service::Exchange, Trouble::Garbage),
        (Service::Exchange, Trouble::OtherJson),
        (Service::Exchange, Trouble::Silence),
        (Service::Lending, Trouble::Status(403)),
        (Service::Lending, Trouble::Garbage),
        (Service::Lending, Trouble::OtherJson),
        (Service::Lending, Trouble::Silence),
        (Service::Lending, Trouble::Expired),
    ];
    let table = futures::future::join_all(cases.map(|(service, trouble)| told(service, trouble))).await;
    expect_test::expect![[r#"
        Metadata Status(403): 127.0.0.1 answered 403
        Metadata Garbage: the credentials give no token until they are made anew
        Metadata OtherJson: the credentials give no token until they are made anew
        Metadata Silence: 127.0.0.1 did not answer in time
        Exchange Status(503): 127.0.0.1 answered 503
        Exchange Garbage: 127.0.0.1 gave an answer that holds no token
        Exchange OtherJson: 127.0.0.1 gave an answer that holds no token
        Exchange Silence: no token came in time
        Lending Status(403): the token service answered 403
        Lending Garbage: 127.0.0.1 gave an answer that holds no token
        Lending OtherJson: 127.0.0.1 gave an answer that holds no token
        Lending Silence: no token came in time
        Lending Expired: the token service gave an answer that cannot be used
    "#]]
    .assert_eq(&table.concat());
}
