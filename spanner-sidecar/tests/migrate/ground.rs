//! An emulator, or a Spanner of the mock's, and a folder of migrations that `spanner-sidecar migrate` is run with.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use google_cloud_spanner::client::{DatabaseClient, Spanner};
use google_cloud_spanner::mutation::Mutation;

use crate::slow::Slow;
use crate::stand::key_file::key_file;
use crate::stand::{Running, emulator};

const DATABASE: &str = "projects/pp/instances/ii/databases/dd";
const OPERATIONS: &str = "
apiVersion: spangate/v1
databases:
  main: {name: projects/pp/instances/ii/databases/dd}
operations:
  ReadNote:
    read: {sql: SELECT note FROM orders WHERE id = @id}
    parameters: {id: {type: INT64, from: path}}
    database_role: reader
    answer: one
  PlaceOrder:
    write:
      - sql: INSERT INTO orders (id, note) VALUES (@id, 'new')
    parameters: {id: {type: INT64, from: path}}
    database_role: writer
    answer: none
";

pub struct Ground {
    folder: PathBuf,
    port: u16,
    /// Where commands find Spanner, and a key that they show: without one it is the emulator to them.
    door: u16,
    key: Option<String>,
    /// Ends with the test.
    emulator: Option<Running>,
}

/// How a run ended, and all that it said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

impl Ground {
    /// An emulator with an empty database, whose own tables are there.
    pub fn emulated() -> Self {
        let schema = "CREATE TABLE counter (id INT64, n INT64) PRIMARY KEY (id)";
        Self::of(OPERATIONS, schema)
    }

    /// The same in the other dialect.
    pub fn of_postgresql() -> Self {
        let operations =
            OPERATIONS.replace("databases/dd}", "databases/dd, dialect: postgresql}").replace("@id", "$1");
        Self::of(
            &operations.replace("{id: {type", "{p1: {type"),
            "CREATE TABLE counter (id bigint PRIMARY KEY, n bigint)",
        )
    }

    /// With operations of another document.
    pub fn of_example(operations: &str) -> Self {
        Self::of(operations, "CREATE TABLE counter (id INT64, n INT64) PRIMARY KEY (id)")
    }

    fn of(operations: &str, schema: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut ground = Self::new(port);
        let child = Command::new(emulator())
            .args(["--host_port", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        ground.emulator = Some(Running(child));
        ground.write("operations.yaml", operations);
        let schema = ground.write("schema.sql", schema);
        let data = ground.write("data.sql", "INSERT INTO counter (id, n) VALUES (1, 0)");
        let set_up =
            ground.command(&["emulator-setup", "--schema", &schema, "--data", &data]).output().unwrap();
        assert!(set_up.status.success(), "{}", String::from_utf8_lossy(&set_up.stderr));
        ground
    }

    fn new(port: u16) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("spangate-migrate-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join("migrations")).unwrap();
        Self { folder, port, door: port, key: None, emulator: None }
    }

    /// From now on commands go through this door.
    pub async fn slow_down(&mut self) -> Slow {
        let slow = self.another_door().await;
        self.door = slow.port;
        slow
    }

    pub async fn another_door(&self) -> Slow {
        Slow::before(self.port).await
    }

    /// From now on commands take what answers for Spanner itself, and show a key.
    pub fn show_key(&mut self) {
        let (key, _) = key_file("key");
        let path = self.write("key.json", &key);
        // What every user may read is no secret, and refused.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        self.key = Some(path);
    }

    /// Writes a file beside the migrations.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub fn file(&self, name: &str, text: &str) {
        self.write(&format!("migrations/{name}"), text);
    }

    /// An action; those that read files are told where they are.
    pub fn migrate(&self, arguments: &[&str]) -> Said {
        Said::of(self.migration(arguments).output().unwrap())
    }

    /// An action that finds Spanner behind this door, and has to end by itself.
    pub async fn migrate_through(&self, door: &Slow, arguments: &[&str]) -> Said {
        let mut command = tokio::process::Command::from(self.migration(arguments));
        command.env("SPANNER_EMULATOR_HOST", format!("127.0.0.1:{}", door.port)).kill_on_drop(true);
        let output = tokio::time::timeout(FOR_EVER, command.output()).await.unwrap().unwrap();
        Said::of(output)
    }

    pub fn migration(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.join("migrations").display().to_string();
        let of_files: &[&str] =
            if arguments.first() == Some(&"init") { &[] } else { &["--migrations", &folder] };
        self.command(&[&["migrate"], arguments, of_files].concat())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spanner-sidecar"));
        command.current_dir(&self.folder).env("USER", "tester").env("HOSTNAME", "host").args(arguments);
        let address = format!("127.0.0.1:{}", self.door);
        match &self.key {
            None => command.env("SPANNER_EMULATOR_HOST", address),
            Some(key) => command.env_remove("SPANNER_EMULATOR_HOST").args([
                "--endpoint",
                &format!("http://{address}"),
                "--credentials",
                key,
            ]),
        };
        if arguments.first() == Some(&"emulator-setup") {
            command.args(["--operations", "operations.yaml"]);
        }
        command
    }

    /// The one number that a query of the emulator's database gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let transaction = self.client().await.single_use().build();
        let mut rows = transaction.execute_query(sql.to_owned()).await.unwrap();
        rows.next().await.unwrap().unwrap().get(0).unwrap()
    }

    /// A lock that nobody renews.
    pub async fn lock(&self, owner: &str, lease: i64) {
        let row = Mutation::new_insert_or_update_builder("spangate_migration_lock")
            .set("name")
            .to("migrate")
            .set("owner")
            .to(owner)
            .set("lease_seconds")
            .to(lease)
            .set("renewed_at")
            .to("spanner.commit_timestamp()")
            .build();
        self.client().await.write_only_transaction().build().write([row]).await.unwrap();
    }

    async fn client(&self) -> DatabaseClient {
        let spanner = Spanner::builder()
            .with_endpoint(format!("http://127.0.0.1:{}", self.port))
            .with_credentials(google_cloud_auth::credentials::anonymous::Builder::new().build())
            .build()
            .await
            .unwrap();
        spanner.database_client(DATABASE).build().await.unwrap()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Said {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), error: text(output.stderr) }
    }

    /// Without the times, which no test can know.
    pub fn table(&self) -> String {
        let is_time = |word: &str| word.starts_with("20") && word.ends_with('Z');
        self.out
            .split(' ')
            .map(|word| if is_time(word) { "TIME" } else { word })
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub fn fine(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    pub fn refused(&self, why: &str) -> &Self {
        assert!(self.code == Some(2) && self.error.contains(why), "{self:?}");
        self
    }
}

/// Long enough for a lease of a second to run out, and short enough for a test.
pub const SOON: [&str; 4] = ["--lease", "1s", "--lock-wait", "30s"];
/// What takes longer than this does not end.
pub const FOR_EVER: Duration = Duration::from_secs(120);
pub const PAUSE: Duration = Duration::from_millis(2);
