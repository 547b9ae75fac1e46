//! What a person sees when the demo is ready: addresses, tokens, and lines to copy.

use std::fmt::Write;

use anyhow::Result;
use spangate_stack::Stack;
use spangate_stack::calls::{Call, Calls};

pub fn show(stack: &Stack, tokens: &[(String, String)], is_sample: bool) -> Result<()> {
    let mut page = String::new();
    writeln!(page, "\nThe gateway is ready.\n")?;
    let rest = format!("http://127.0.0.1:{}", stack.options().ports.emulator_rest);
    for (what, url) in [
        ("gateway", stack.url("")),
        ("Envoy's admin", stack.admin("")),
        ("issuer (for development only)", stack.issuer("")),
        ("emulator's REST", rest),
        ("logs", stack.directory().join("logs").display().to_string()),
    ] {
        writeln!(page, "  {what:<30} {url}")?;
    }
    writeln!(page, "\nTokens:\n")?;
    for (name, token) in tokens {
        writeln!(page, "  {}={token}", variable(name))?;
    }
    if is_sample {
        writeln!(page, "\nCalls to try, in this order, and what to expect:\n")?;
        for call in Calls::storefront()?.0 {
            page.push_str(&lines(stack, &call)?);
        }
        writeln!(page, "  (ORDER_ID: the end of the `location` that creating an order answers)\n")?;
    } else {
        writeln!(page, "\nA call, with a path of your own policy:\n")?;
        let name = tokens.first().map_or("TOKEN".to_owned(), |(name, _)| variable(name));
        writeln!(page, "  curl -i -H \"authorization: Bearer ${name}\" {}\n", stack.url("/…"))?;
    }
    writeln!(
        page,
        "Save a changed policy and it holds at once; a faulty one is refused and the last good one goes on."
    )?;
    writeln!(page, "Ctrl-C stops everything.")?;
    println!("{page}");
    Ok(())
}

fn lines(stack: &Stack, call: &Call) -> Result<String> {
    let mut text = String::new();
    let times = if call.times > 1 { format!(", {} times", call.times) } else { String::new() };
    writeln!(text, "  # {}{times}", call.name)?;
    write!(text, "  curl -i")?;
    if call.method != "GET" {
        write!(text, " -X {}", call.method)?;
    }
    if let Some(name) = &call.token {
        write!(text, " -H \"authorization: Bearer ${}\"", variable(name))?;
    }
    if let Some(body) = &call.body {
        write!(text, " -H 'content-type: application/json' -d '{body}'")?;
    }
    writeln!(text, " \"{}\"", stack.url(&call.path.replace("{order_id}", "$ORDER_ID")))?;
    write!(text, "  # {}", call.expect.status)?;
    for (name, value) in call.expect.headers.iter().filter(|(name, _)| *name != "content-type") {
        write!(text, " {name}: {}", value.as_str().unwrap_or_default().replace("{_}", "…"))?;
    }
    if let Some(body) = &call.expect.body {
        let body = body.to_string();
        write!(text, " {}", body.replace("{_}", "…"))?;
    }
    writeln!(text, "\n")?;
    Ok(text)
}

fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
