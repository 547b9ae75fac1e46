use tonic::metadata::MetadataValue;

use super::*;

fn metadata(bytes: &[u8]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    metadata.insert_bin(CALL_METADATA, MetadataValue::from_bytes(bytes));
    metadata
}

fn detail(metadata: &MetadataMap) -> String {
    decode(metadata).map_or_else(|refusal| refusal.detail.into_owned(), |call| call.operation)
}

#[test]
fn strictly_decoded() {
    let call = Call { operation: "ListOrders".to_owned(), ..Call::default() };
    let bytes = call.encode_to_vec();
    assert_eq!(detail(&metadata(&bytes)), "ListOrders");

    assert_eq!(detail(&MetadataMap::new()), "the call metadata must be there exactly once");
    let mut twice = metadata(&bytes);
    twice.append_bin(CALL_METADATA, MetadataValue::from_bytes(&bytes));
    assert_eq!(detail(&twice), "the call metadata must be there exactly once");

    assert_eq!(detail(&metadata(&bytes[..4])), "the call metadata is malformed");
    let repeated = [bytes.clone(), bytes.clone()].concat();
    assert_eq!(detail(&metadata(&repeated)), "the call metadata has fields that this sidecar does not know");
    let unknown = [bytes.clone(), vec![15 << 3, 1]].concat();
    assert_eq!(detail(&metadata(&unknown)), "the call metadata has fields that this sidecar does not know");
    assert_eq!(detail(&metadata(&vec![0; MAX_CALL_BYTES + 3])), "the call metadata is too long");
}

#[test]
fn timeouts() {
    for (text, expected) in [
        ("5S", Some(Duration::from_secs(5))),
        ("250m", Some(Duration::from_millis(250))),
        ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
        ("123456789S", None),
        ("5", None),
        ("S", None),
        ("-5S", None),
        ("5s", None),
        ("", None),
    ] {
        let mut metadata = MetadataMap::new();
        metadata.insert("grpc-timeout", text.parse().unwrap());
        assert_eq!(timeout(&metadata), expected, "{text}");
    }
}
