use serde_json::{Value, json};
use spangate_proto::v1::Call;

use super::{bob, of, start};
use crate::stand::{Stand, query};

fn page(token: Option<&str>) -> Call {
    let token = token.map(|token| query(&[("page", token)])).unwrap_or_default();
    Call { query: token, ..of("a", "ListItems") }
}

async fn read(stand: &Stand, call: Call) -> (Vec<i64>, Option<String>) {
    let answer = stand.execute(call, &[]).await;
    let answer: Value = serde_json::from_str(answer.json()).unwrap();
    let id = |row: &Value| row["id"].as_str().unwrap().parse().unwrap();
    let ids = answer["rows"].as_array().unwrap().iter().map(id).collect();
    assert!(answer.get("next_page").is_some(), "{answer}");
    (ids, answer["next_page"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn from_the_first_to_the_last() {
    let (mock, stand) = start().await;
    let (ids, next) = read(&stand, page(None)).await;
    assert_eq!(ids, [1, 2]);
    // What comes in before the page's end does not move the next one.
    mock.execute("INSERT INTO items (owner, id, title) VALUES ('a', 0, 'zero');").unwrap();
    let (ids, next) = read(&stand, page(next.as_deref())).await;
    assert_eq!(ids, [3, 4]);
    let (ids, last) = read(&stand, page(next.as_deref())).await;
    assert_eq!((ids, last), (vec![5], None));
    // The size may change on the way; a page that is full and the last knows that it is.
    let mut sized = page(next.as_deref());
    sized.query.extend(query(&[("limit", "1")]));
    assert_eq!(read(&stand, sized).await, (vec![5], None));
}

#[tokio::test]
async fn a_token_is_its_callers_own() {
    let (_mock, stand) = start().await;
    let (_, next) = read(&stand, page(None)).await;
    let next = next.unwrap();
    let other = |owner| Call { query: query(&[("page", &next)]), ..of(owner, "ListItems") };
    let twice = Call { query: query(&[("page", &next), ("page", &next)]), ..page(None) };
    let forged = format!("A{}", &next[1..]);
    for call in [
        Call { identity: Some(bob()), ..page(Some(&next)) },
        Call { identity: None, ..page(Some(&next)) },
        other("b"),
        twice,
        page(Some(&forged)),
        page(Some(&next[..next.len() - 1])),
        page(Some("")),
    ] {
        stand.execute(call, &[]).await.assert_refused("400", "parameter_invalid");
    }
    let none = Call { query: query(&[("limit", "0")]), ..page(None) };
    stand.execute(none, &[]).await.assert_refused("400", "parameter_invalid");
}

#[tokio::test]
async fn rows_a_line() {
    let (_mock, stand) = start().await;
    let lines = [("accept", "application/json;q=0.5, application/x-ndjson")];
    let answer = stand.execute_with(crate::stand::call("All"), &lines).await;
    assert_eq!(answer.metadata("spangate-content-type"), "application/x-ndjson");
    let rows: Vec<Value> = answer.json().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[5]), (6, &json!({"id": 6, "title": "six"})));

    let answer = stand.execute_with(page(None), &lines).await;
    let last: Value = serde_json::from_str(answer.json().lines().last().unwrap()).unwrap();
    let next = page(last["next_page"].as_str());
    assert_eq!(answer.json().lines().count(), 3);
    let answer = stand.execute_with(next, &lines).await;
    assert_eq!(answer.json().lines().count(), 3);
    let all = Call { query: query(&[("limit", "100")]), ..page(None) };
    let answer = stand.execute_with(all, &lines).await;
    assert_eq!(answer.json().lines().last(), Some(r#"{"next_page":null}"#));
}
