//! What gRPC health tells. Of the server as a whole, as its Envoy asks for it: whether it can answer, be it with a
//! refusal, which says more than a proxy could in its place. Of its service, for whoever chooses between several: once
//! every operation is known to fit or not, as long as one database answers at least. And of each database as
//! `database/NAME`. Nothing is healthy any more when the end is asked for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use spangate_proto::v1::gateway_server::SERVICE_NAME;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

pub struct Health {
    reporter: HealthReporter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// It is known which operations are served, or that their databases do not answer.
    tried: bool,
    planned: bool,
    draining: bool,
    reachable: BTreeMap<String, bool>,
}

impl State {
    /// Where no database answers, planning may take long to find that out.
    fn reach(&mut self, reachable: BTreeMap<String, bool>) {
        self.tried |= !reachable.values().any(|reachable| *reachable);
        self.reachable = reachable;
    }

    /// Every service and whether it serves.
    fn services(&self) -> Vec<(String, bool)> {
        let open = !self.draining;
        let able = self.planned && self.reachable.values().any(|reachable| *reachable);
        let databases = self.reachable.iter();
        [("", open && self.tried), (SERVICE_NAME, open && able)]
            .into_iter()
            .map(|(name, serving)| (name.to_owned(), serving))
            .chain(databases.map(|(name, reachable)| (service_name(name), open && *reachable)))
            .collect()
    }
}

fn service_name(database: &str) -> String {
    format!("database/{database}")
}

impl Health {
    pub async fn new(reporter: HealthReporter) -> Self {
        let health = Self { reporter, state: Mutex::default() };
        health.change(|_| {}).await;
        health
    }

    /// All operations have been planned once, whatever came of it.
    pub async fn tried(&self) {
        self.change(|state| state.tried = true).await;
    }

    /// Which operations fit is known.
    pub async fn planned(&self) {
        self.change(|state| state.planned = true).await;
    }

    pub async fn draining(&self) {
        self.change(|state| state.draining = true).await;
    }

    /// Whether each of the databases that there are now can be reached. One that is gone from the document serves no
    /// more.
    pub async fn databases(&self, reachable: BTreeMap<String, bool>) {
        let gone: Vec<_> = {
            let state = self.lock();
            state.reachable.keys().filter(|name| !reachable.contains_key(*name)).cloned().collect()
        };
        for name in gone {
            self.reporter.clone().clear_service_status(&service_name(&name)).await;
        }
        self.change(|state| state.reach(reachable)).await;
    }

    async fn change(&self, change: impl FnOnce(&mut State)) {
        let services = {
            let mut state = self.lock();
            change(&mut state);
            state.services()
        };
        for (name, serving) in services {
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            self.reporter.set_service_status(name, status).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whichever of `""`, the service and the databases serve.
    fn check(state: &State, expected: &[&str]) {
        let services = state.services();
        let serving: Vec<_> =
            services.iter().filter(|(_, serving)| *serving).map(|(name, _)| name.as_str()).collect();
        assert_eq!(serving, expected, "{state:?}");
    }

    fn reachable(main: bool, other: bool) -> BTreeMap<String, bool> {
        BTreeMap::from([("main".to_owned(), main), ("other".to_owned(), other)])
    }

    #[test]
    fn the_service_serves_while_one_database_does() {
        let mut state = State::default();
        check(&state, &[]);
        state.reach(reachable(true, false));
        check(&state, &["database/main"]);
        (state.tried, state.planned) = (true, true);
        check(&state, &["", SERVICE_NAME, "database/main"]);
        state.reach(reachable(false, true));
        check(&state, &["", SERVICE_NAME, "database/other"]);
        state.draining = true;
        check(&state, &[]);
    }

    #[test]
    fn the_server_refuses_by_itself_while_no_database_answers() {
        let mut state = State::default();
        state.reach(reachable(false, false));
        check(&state, &[""]);
        state.planned = true;
        check(&state, &[""]);
        state.draining = true;
        check(&state, &[]);
    }
}
