//! What gRPC health tells: of the server as a whole (as Envoy asks for it) and of its service, and of each database
//! as `database/NAME`. The whole is healthy once every operation is known to fit or not, as long as one database
//! answers at least, and until the end is asked for.

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
    planned: bool,
    draining: bool,
    reachable: BTreeMap<String, bool>,
}

impl State {
    /// Every service and whether it serves.
    fn services(&self) -> Vec<(String, bool)> {
        let open = !self.draining;
        let whole = open && self.planned && self.reachable.values().any(|reachable| *reachable);
        let databases = self.reachable.iter();
        [("", whole), (SERVICE_NAME, whole)]
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
        self.change(|state| state.reachable = reachable).await;
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

    #[test]
    fn the_whole_serves_while_one_database_does() {
        let serving = |state: &State| {
            let names = state.services().into_iter().filter(|(_, serving)| *serving).map(|(name, _)| name);
            names.collect::<Vec<_>>().join(" ")
        };
        let mut state = State::default();
        assert_eq!(serving(&state), "");
        state.reachable = BTreeMap::from([("main".to_owned(), true), ("other".to_owned(), false)]);
        assert_eq!(serving(&state), "database/main");
        state.planned = true;
        assert_eq!(serving(&state), " spangate.v1.Gateway database/main");
        state.reachable.insert("main".to_owned(), false);
        assert_eq!(serving(&state), "");
        state.reachable.insert("other".to_owned(), true);
        state.draining = true;
        assert_eq!(serving(&state), "");
    }
}
