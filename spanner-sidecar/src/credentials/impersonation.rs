//! `--impersonate`: the account in whose name everything is done, and those on the way to it.

use std::str::FromStr;

/// Written as `gcloud` has it: a chain in which each account may lend the next one's identity, the last one being who
/// we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    pub delegates: Vec<String>,
    pub account: String,
}

impl FromStr for Impersonation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chain: Vec<String> = text.split(',').map(|account| account.trim().to_owned()).collect();
        if let Some(wrong) = chain.iter().find(|account| !is_account(account)) {
            return Err(format!(
                "`{wrong}` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`"
            ));
        }
        let account = chain.pop().unwrap_or_default();
        Ok(Self { delegates: chain, account })
    }
}

/// It becomes part of a URL: nothing that would lead elsewhere.
fn is_account(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    text.split_once('@').is_some_and(|(name, domain)| is_part(name) && is_part(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_with_who_we_are() {
        let read = |text: &str| match text.parse::<Impersonation>() {
            Ok(Impersonation { delegates, account }) => format!("{account} by {delegates:?}"),
            Err(fault) => fault,
        };
        let table: String =
            ["a@p.iam", "a@p.iam, b@p.iam,c@p.iam", "", "a@p.iam,", "a", "a@", "a@p/../x", "a@p:b", "a@p@q"]
                .map(|text| format!("{text:?}: {}\n", read(text)))
                .concat();
        expect_test::expect![[r#"
            "a@p.iam": a@p.iam by []
            "a@p.iam, b@p.iam,c@p.iam": c@p.iam by ["a@p.iam", "b@p.iam"]
            "": `` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a@p.iam,": `` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a": `a` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a@": `a@` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a@p/../x": `a@p/../x` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a@p:b": `a@p:b` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
            "a@p@q": `a@p@q` is no service account: write its address, such as `spangate@project.iam.gserviceaccount.com`
        "#]].assert_eq(&table);
    }
}
