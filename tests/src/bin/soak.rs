//! A hundred thousand mixed calls at concurrency 64 through the sample, run by hand: `cargo run --release -p
//! spangate-stack --bin soak -- [CALLS] [CONCURRENCY]`. It counts answers by operation, status and reason, compares each
//! with what may come, and prints what Envoy counts of its VMs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use spangate_stack::{Options, Part, Stack, http};

const ORDERS: &str = "/storefront/v2/customers/7/orders";

/// A call, how often it comes in a thousand, and the statuses that may answer it.
struct Kind {
    name: &'static str,
    weight: u64,
    method: &'static str,
    path: String,
    person: Option<&'static str>,
    body: Option<&'static str>,
    statuses: &'static [u16],
}

impl Kind {
    fn get(name: &'static str, weight: u64, path: impl Into<String>) -> Self {
        let path = path.into();
        Self { name, weight, method: "GET", path, person: Some("alice"), body: None, statuses: &[200] }
    }

    fn all() -> Vec<Self> {
        let order = "1b671a64-40d5-491e-99b0-da01ff1f3341";
        // Few, since the emulator runs one transaction at a time: more would tell of its limits only.
        let create = Self {
            method: "POST",
            person: Some("carol"),
            body: Some(r#"{"total":"1.50","note":"soak"}"#),
            statuses: &[201],
            ..Self::get("create", 3, "/storefront/v2/customers/7/orders")
        };
        vec![
            Self::get("list", 257, format!("{ORDERS}?limit=2")),
            Self::get("one", 100, format!("{ORDERS}/{order}")),
            Self { person: None, ..Self::get("public", 140, "/storefront/v2/catalog") },
            create,
            Self { statuses: &[404], ..Self::get("absent", 50, format!("{ORDERS}/none")) },
            Self { statuses: &[200, 429], ..Self::get("limited", 100, "/storefront/v2/revenue") },
            Self { statuses: &[401], person: None, ..Self::get("no token", 100, ORDERS) },
            Self {
                statuses: &[403],
                method: "DELETE",
                ..Self::get("no right", 100, format!("{ORDERS}/{order}"))
            },
            Self { statuses: &[400], ..Self::get("denied", 100, format!("{ORDERS}?limit=5000")) },
            Self { statuses: &[404], ..Self::get("no route", 50, "/storefront/v2/tenants") },
        ]
    }
}

/// Answers by kind, status and reason.
type Counts = BTreeMap<(&'static str, u16, String), u64>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let calls: u64 = arguments.next().transpose()?.unwrap_or(100_000);
    let concurrency: u64 = arguments.next().transpose()?.unwrap_or(64);
    let stack = Stack::start(Options::storefront()?)?;
    let kinds = Kind::all();
    let mix = kinds.iter().flat_map(|kind| (0..kind.weight).map(move |_| kind)).collect();
    let people = ["alice", "carol"].map(|name| Ok::<_, anyhow::Error>((name, stack.token(name)?)));
    let tokens = people.into_iter().collect::<Result<_>>()?;
    let load = Load { stack: &stack, mix, tokens, next: AtomicU64::new(0), calls };
    let started = Instant::now();
    let counted = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..concurrency).map(|_| scope.spawn(|| load.run())).collect();
        let ended = callers.into_iter().map(|caller| caller.join().ok().context("a caller panicked")?);
        ended.collect::<Result<Vec<Counts>>>()
    })?;
    let elapsed = started.elapsed();
    let mut counts = Counts::new();
    for (key, count) in counted.into_iter().flatten() {
        *counts.entry(key).or_default() += count;
    }
    report(&stack, &counts, elapsed)?;
    let total: u64 = counts.values().sum();
    ensure!(total == calls, "{total} answers to {calls} calls");
    let answered = |reason: &str| {
        let of_writes = counts.iter().filter(|((name, _, known), _)| *name == "create" && known == reason);
        of_writes.map(|(_, count)| count).sum::<u64>()
    };
    let (created, unknown) = (answered(""), answered("outcome_unknown"));
    let rows = stack.query("SELECT COUNT(*) FROM orders WHERE note = 'soak'")?;
    let rows = rows.first().and_then(|row| row.get(0)?.as_str()?.parse().ok()).context("no count")?;
    println!("{created} orders created, {unknown} perhaps, {rows} in the database");
    ensure!((created..=created + unknown).contains(&rows), "orders were lost, or written twice");
    let unexpected = counts.keys().filter(|(name, status, _)| {
        kinds.iter().any(|kind| kind.name == *name && !kind.statuses.contains(status))
    });
    ensure!(unexpected.count() == 0, "some answers were not to be expected");
    Ok(())
}

/// What all callers share.
struct Load<'s> {
    stack: &'s Stack,
    /// A thousand calls.
    mix: Vec<&'s Kind>,
    tokens: BTreeMap<&'static str, String>,
    next: AtomicU64,
    calls: u64,
}

impl Load<'_> {
    /// One caller, with a connection of its own.
    fn run(&self) -> Result<Counts> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build()
            .into();
        let mut counts = Counts::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.calls {
                return Ok(counts);
            }
            // A step that has no factor in common with a thousand mixes the kinds.
            let slot = usize::try_from(number.wrapping_mul(377) % 1000)?;
            let kind = self.mix.get(slot).context("the weights make no thousand")?;
            let (status, reason) = self.call(&agent, kind)?;
            *counts.entry((kind.name, status, reason)).or_default() += 1;
        }
    }

    fn call(&self, agent: &ureq::Agent, kind: &Kind) -> Result<(u16, String)> {
        let mut request = ureq::http::Request::builder().method(kind.method).uri(self.stack.url(&kind.path));
        if let Some(token) = kind.person.and_then(|person| self.tokens.get(person)) {
            request = request.header("authorization", token);
        }
        let answer = match kind.body {
            Some(body) => agent.run(request.header("content-type", "application/json").body(body)?),
            None => agent.run(request.body(())?),
        };
        let mut answer = answer.with_context(|| format!("`{}` got no answer", kind.name))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_vec().with_context(|| format!("`{}` was cut", kind.name))?;
        let reason = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|body| Some(body.get("reason")?.as_str()?.to_owned()));
        Ok((status, reason.unwrap_or_default()))
    }
}

fn report(stack: &Stack, counts: &Counts, elapsed: Duration) -> Result<()> {
    for ((name, status, reason), count) in counts {
        println!("{count:>8}  {name:<10} {status} {reason}");
    }
    let total: u64 = counts.values().sum();
    println!("{total} calls in {:.1} s", elapsed.as_secs_f64());
    let statistics =
        http::get(&stack.admin("/stats?filter=(^wasm|server.memory_|upstream_rq_(total|5xx|retry)$)"), &[])?;
    print!("{}", statistics.text());
    let log = stack.process(Part::Envoy).context("envoy does not run")?.log();
    let log = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    println!("traps in Envoy's log: {}", log.matches("Uncaught").count());
    Ok(())
}
