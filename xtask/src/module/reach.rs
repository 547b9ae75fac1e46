//! Which functions of a module can be called at all: from an export, a table, or another that can.

use anyhow::{Context, Result};
use wasmparser::{ElementItems, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef};

/// For each function with a body, whether anything reaches it. `is_kept` says which exports count.
pub fn reached(module: &[u8], is_kept: impl Fn(&str) -> bool) -> Result<Vec<bool>> {
    let (mut imports, mut roots, mut calls) = (0_usize, Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imports += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func && is_kept(export.name) {
                        roots.push(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => roots.push(func),
            Payload::ElementSection(section) => {
                for element in section {
                    match element?.items {
                        ElementItems::Functions(functions) => {
                            for function in functions {
                                roots.push(function?);
                            }
                        }
                        ElementItems::Expressions(..) => anyhow::bail!("a table of expressions"),
                    }
                }
            }
            Payload::CodeSectionEntry(body) => calls.push(called(&body)?),
            _ => {}
        }
    }
    let mut reached = vec![false; calls.len()];
    while let Some(function) = roots.pop() {
        let Some(index) = usize::try_from(function)?.checked_sub(imports) else { continue };
        let seen = reached.get_mut(index).context("a function that is not there")?;
        if !std::mem::replace(seen, true) {
            roots.extend(calls.get(index).into_iter().flatten());
        }
    }
    Ok(reached)
}

/// The functions that a body names.
fn called(body: &FunctionBody<'_>) -> Result<Vec<u32>> {
    let mut called = Vec::new();
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } => called.push(function_index),
            _ => {}
        }
    }
    Ok(called)
}
