//! Whether a database answers at all: a query that reads nothing is planned.

use google_cloud_spanner::Error;
use google_cloud_spanner::model::execute_sql_request::QueryMode;
use google_cloud_spanner::statement::Statement;
use tokio::time::{Instant, timeout_at};

use super::{Plan, TAG, is_out_of_reach, judge};
use crate::spanner::connection::Session;
use crate::spanner::database::Database;
use crate::spanner::{failure, remaining, retry_policy};

pub async fn answers(database: &Database, role: Option<&str>, deadline: Instant) -> bool {
    let probe = async {
        let session = match database.session(role, deadline).await {
            Ok(session) => session,
            // Who refuses the role is there.
            Err(refusal) => return (!is_out_of_reach(&refusal.reason)).then_some(()),
        };
        match plan(&session, deadline).await {
            Ok(()) => Some(()),
            // Nobody else may be calling who would meet it.
            Err(error) if failure::is_lost_session(&error) => {
                database.renew(role, &session, deadline).await.ok().map(|_| ())
            }
            Err(error) => {
                if failure::is_unauthenticated(&error) {
                    database.suspect_credentials();
                }
                (!matches!(judge(&error), Plan::Unreachable(_))).then_some(())
            }
        }
    };
    matches!(timeout_at(deadline, probe).await, Ok(Some(())))
}

async fn plan(session: &Session, deadline: Instant) -> Result<(), Error> {
    let statement = Statement::builder("SELECT 1")
        .set_request_tag(TAG)
        .set_query_mode(QueryMode::Plan)
        .with_attempt_timeout(remaining(deadline))
        .with_retry_policy(retry_policy(deadline))
        .build();
    session.client.single_use().build().execute_query(statement).await.map(|_| ())
}
