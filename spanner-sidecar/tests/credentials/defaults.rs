//! Application default credentials: what the sidecar is to Google where no option says it.

use std::os::unix::fs::PermissionsExt;

use super::exchange::{CLIENT_SECRET, REFRESH_TOKEN};
use super::*;

const FILE: &str = "application_default_credentials.json";
const SECRETS: [&str; 2] = [CLIENT_SECRET, REFRESH_TOKEN];

/// An environment that says where everything is, and who answers there.
struct Ground {
    exchange: Exchange,
    folder: Folder,
}

impl Ground {
    async fn new(name: &str) -> Self {
        let (exchange, folder) = (Exchange::start().await, Folder::new(name));
        folder.put("key.json", &key_file("named").0);
        std::fs::create_dir_all(folder.0.join("home/.config/gcloud")).unwrap();
        std::fs::create_dir_all(folder.0.join("empty")).unwrap();
        Self { exchange, folder }
    }

    /// The home's file is a user's, that of `gcloud`'s folder is a key.
    fn put(&self) {
        self.folder.put(&format!("home/.config/gcloud/{FILE}"), &self.exchange.user().to_string());
        self.folder.put(FILE, &key_file("configured").0);
    }

    fn environment(&self, named: &str, configured: &str, home: &str) -> [(&'static str, String); 4] {
        let path = |name: &str| match name {
            "" => String::new(),
            name => self.folder.0.join(name).to_str().unwrap().to_owned(),
        };
        [
            ("GOOGLE_APPLICATION_CREDENTIALS", path(named)),
            ("CLOUDSDK_CONFIG", path(configured)),
            ("HOME", path(home)),
            ("GCE_METADATA_HOST", self.exchange.url.replace("http://", "")),
        ]
    }
}

/// Each of the sources, with those that come after it there as well.
#[tokio::test]
async fn in_their_order() {
    let ground = Ground::new("defaults").await;
    ground.put();
    let token = format!("Bearer {FEDERATED_TOKEN}");
    let own = |id: &'static str| move |authorization: &str| key_id(authorization).as_deref() == Some(id);
    let given = move |authorization: &str| authorization == token;
    type Guard = Box<dyn Fn(&str) -> bool + Send + Sync>;
    let cases: [(_, Guard); 5] = [
        (ground.environment("key.json", ".", "home"), Box::new(own("named"))),
        (ground.environment("", ".", "home"), Box::new(own("configured"))),
        (ground.environment("", "", "home"), Box::new(given.clone())),
        (ground.environment("", "empty", "empty"), Box::new(given.clone())),
        // As nobody's home is in some images.
        (ground.environment("", "", "key.json"), Box::new(given)),
    ];
    for (environment, guard) in cases {
        let (_mock, stand) = serving_by_default(&[], &environment, guard).await;
        stand.until_served(call("Read")).await;
        assert_silent(&stand, &SECRETS);
    }
}

/// The metadata server's tokens run out as others do, and one that refuses is asked again.
#[tokio::test]
async fn the_metadata_server_recovers() {
    let ground = Ground::new("metadata").await;
    ground.exchange.trouble(exchange::Service::Metadata, exchange::Trouble::Status(403));
    let expected = format!("Bearer {FEDERATED_TOKEN}");
    let guard = move |authorization: &str| authorization == expected;
    let (_mock, stand) = serving_by_default(&[], &ground.environment("", "", "empty"), guard).await;
    stand.until_logged(&["credentials_refused", "the token service answered 403"]).await;
    stand.execute(call("Read"), &[]).await.assert_refused("503", "database_unavailable");
    ground.exchange.heal();
    stand.until_served(call("Read")).await;
    assert_silent(&stand, &CANARIES);
}

/// The file of `GOOGLE_APPLICATION_CREDENTIALS` and that of `gcloud` are watched as one of `--credentials` is.
#[tokio::test]
async fn their_files_rotate() {
    let ground = Ground::new("default-rotation").await;
    let gcloud = format!("home/.config/gcloud/{FILE}");
    for (file, environment) in [
        ("key.json", ground.environment("key.json", "", "home")),
        (gcloud.as_str(), ground.environment("", "", "home")),
    ] {
        ground.folder.put(file, &key_file("first").0);
        let withdrawn = Arc::new(AtomicBool::new(false));
        let guard = {
            let withdrawn = Arc::clone(&withdrawn);
            move |authorization: &str| {
                let wanted = if withdrawn.load(Ordering::SeqCst) { "second" } else { "first" };
                key_id(authorization).as_deref() == Some(wanted)
            }
        };
        let (_mock, stand) = serving_by_default(&[], &environment, guard).await;
        stand.until_served(call("Read")).await;
        withdrawn.store(true, Ordering::SeqCst);
        ground.folder.put(file, &key_file("second").0);
        stand.until_logged(&["credentials_renewed"]).await;
        stand.until_served(call("Read")).await;
        assert_silent(&stand, &[]);
    }
}

#[tokio::test]
async fn a_file_that_others_may_read_is_refused_wherever_it_was_found() {
    let ground = Ground::new("default-modes").await;
    ground.put();
    let gcloud = format!("home/.config/gcloud/{FILE}");
    let mut table = String::new();
    for (file, environment) in [
        ("key.json", ground.environment("key.json", "", "")),
        (FILE, ground.environment("", ".", "")),
        (gcloud.as_str(), ground.environment("", "", "home")),
    ] {
        let path = ground.folder.0.join(file);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let options = ["--endpoint", "http://127.0.0.1:1"];
        let said = Stand::refusing_to_start_in("credentials.yaml", &options, &environment).await;
        assert!(!said.contains("canary"), "{said}");
        table.push_str(&said.replace(ground.folder.0.to_str().unwrap(), ""));
    }
    expect_test::expect![[r#"
        error: the credentials `/key.json` cannot be used: it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes
        error: the credentials `/./application_default_credentials.json` cannot be used: it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes
        error: the credentials `/home/.config/gcloud/application_default_credentials.json` cannot be used: it holds a key that every user may read: take that away, as `chmod o-r` does, or `defaultMode: 0440` for a secret of Kubernetes
    "#]].assert_eq(&table);
}
