//! Which replicas serve a read, as the client says it.

use google_cloud_spanner::model::DirectedReadOptions;
use google_cloud_spanner::model::directed_read_options::replica_selection::Type;
use google_cloud_spanner::model::directed_read_options::{
    ExcludeReplicas, IncludeReplicas, ReplicaSelection,
};
use spangate_operations::{DirectedReads, Replica, ReplicaType};

pub fn options(directed: &DirectedReads) -> DirectedReadOptions {
    let options = DirectedReadOptions::new();
    match directed {
        DirectedReads::Include { replicas, auto_failover } => options.set_include_replicas(
            IncludeReplicas::new()
                .set_replica_selections(replicas.iter().map(selection))
                .set_auto_failover_disabled(!auto_failover),
        ),
        DirectedReads::Exclude(replicas) => options.set_exclude_replicas(
            ExcludeReplicas::new().set_replica_selections(replicas.iter().map(selection)),
        ),
    }
}

fn selection(Replica { location, r#type }: &Replica) -> ReplicaSelection {
    let selection = ReplicaSelection::new().set_location(location.clone().unwrap_or_default());
    match r#type {
        Some(ReplicaType::ReadOnly) => selection.set_type(Type::ReadOnly),
        Some(ReplicaType::ReadWrite) => selection.set_type(Type::ReadWrite),
        None => selection,
    }
}
