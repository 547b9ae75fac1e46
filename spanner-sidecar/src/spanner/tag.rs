//! What a call's requests are called in Spanner's own statistics: by the sidecar's operation and the policy's, as
//! `spangate=ListOrders,policy=orders.list`. Both are always told; what is too long loses its end.

/// Spanner cuts longer ones.
const LONGEST: usize = 50;
const OPERATION: &str = "spangate=";
const POLICY: &str = ",policy=";
/// Stands for the end of a name.
const CUT: char = '~';

pub fn tag(operation: &str, policy_operation: &str) -> String {
    let length = OPERATION.len() + operation.len() + POLICY.len() + policy_operation.len();
    if length <= LONGEST && !policy_operation.is_empty() && is_plain(operation) && is_plain(policy_operation)
    {
        return [OPERATION, operation, POLICY, policy_operation].concat();
    }
    if policy_operation.is_empty() {
        return format!("{OPERATION}{}", fitted(operation, LONGEST - OPERATION.len()));
    }
    // The one may take what the other leaves, and half of it in any case.
    let room = LONGEST - OPERATION.len() - POLICY.len();
    let of_policy = policy_operation.chars().count().min(room / 2);
    let operation = fitted(operation, room - of_policy);
    let policy = fitted(policy_operation, room - operation.len());
    format!("{OPERATION}{operation}{POLICY}{policy}")
}

/// Printable ASCII alone, without what parts the tag's members.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'='))
}

fn fitted(name: &str, most: usize) -> String {
    let plain = |c: char| if is_plain(c.encode_utf8(&mut [0; 4])) { c } else { '_' };
    match name.chars().nth(most) {
        None => name.chars().map(plain).collect(),
        Some(_) => name.chars().map(plain).take(most - 1).chain([CUT]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn both_names_within_fifty_characters() {
        let long = "a_name_that_is_longer_than_any_tag_may_be_by_far";
        let table: String = [
            ("ListOrders", "orders.list"),
            ("ListOrders", ""),
            ("Short", "orders.of_a_name_that_is_longer_than_it"),
            ("AName_that_is_longer_than_it_has_room", "o.short"),
            (long, long),
            (long, ""),
            ("Größe", "a,b=c d\n\u{7f}"),
            ("", long),
        ]
        .into_iter()
        .map(|(operation, policy)| tag(operation, policy))
        .inspect(|tag| assert!(tag.len() <= LONGEST && tag.bytes().all(|byte| (32..127).contains(&byte))))
        .map(|tag| tag + "\n")
        .collect();
        expect![[r#"
            spangate=ListOrders,policy=orders.list
            spangate=ListOrders
            spangate=Short,policy=orders.of_a_name_that_is_lo~
            spangate=AName_that_is_longer_than~,policy=o.short
            spangate=a_name_that_is_l~,policy=a_name_that_is_~
            spangate=a_name_that_is_longer_than_any_tag_may_b~
            spangate=Gr__e,policy=a_b_c_d__
            spangate=,policy=a_name_that_is_longer_than_any_t~
        "#]]
        .assert_eq(&table);
    }
}
