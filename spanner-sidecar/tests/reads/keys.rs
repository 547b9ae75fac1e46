use spangate_mock_spanner::Step;
use spangate_proto::v1::Call;

use super::{item, of, start};
use crate::stand::{call, query};

#[tokio::test]
async fn of_a_table_and_through_an_index() {
    let (mock, stand) = start().await;
    let by_key = |id| Call { operation: "ByKey".to_owned(), ..item("a", id) };
    let one = stand.execute(by_key("3"), &[]).await;
    assert_eq!(one.json(), r#"{"id":"3","title":"three"}"#);
    let told = one.metadata("spangate-header-read-timestamp").to_owned();
    assert!(!told.is_empty());
    stand.execute(by_key("6"), &[]).await.assert_refused("404", "not_found");
    let again = stand.execute_with(by_key("3"), &[("read-min-timestamp", &told)]).await;
    assert_eq!(again.metadata("spangate-header-read-timestamp"), told);

    let ids = query(&[("ids", "4"), ("ids", "9"), ("ids", "1")]);
    let several = stand.execute(Call { query: ids, ..of("a", "ByKeys") }, &[]).await;
    assert_eq!(several.json(), r#"{"rows":[{"id":"1"},{"id":"4"}]}"#);
    assert_eq!(stand.execute(of("a", "ByOwner"), &[]).await.json(), r#"{"rows":[{"id":"1"},{"id":"2"}]}"#);
    let all = Call { query: query(&[("limit", "100")]), ..of("a", "ByOwner") };
    assert_eq!(stand.execute(all, &[]).await.json().matches("id").count(), 5);
    let none = Call { query: query(&[("limit", "0")]), ..of("a", "ByOwner") };
    stand.execute(none, &[]).await.assert_refused("400", "parameter_invalid");
    let titled = Call { query: query(&[("title", "six")]), ..call("ByTitle") };
    assert_eq!(stand.execute(titled, &[]).await.json(), r#"{"rows":[{"owner":"b","id":"6"}]}"#);
    assert_eq!((mock.count(Step::Stream), mock.count(Step::Read)), (0, 7));
}
