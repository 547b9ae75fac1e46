//! The linked module as it is shipped. The Rust SDK exports a function for every callback there is, and Envoy calls
//! each that is exported, for every request, into the module and back, for nothing. Without those exports much of the
//! SDK can no longer be reached, which the linker could not know.

mod reach;

use anyhow::Result;
use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload};

/// Callbacks that do nothing in our filter, with the trait method that would make them do something.
///
/// Never among them: `proxy_on_delete`, since the SDK frees a context only there; `proxy_on_context_create`, which
/// makes it; `_initialize`, the ABI's marker, the allocator and the memory.
const UNUSED: [(&str, &str); 12] = [
    // Of network filters.
    ("proxy_on_new_connection", "on_new_connection"),
    ("proxy_on_downstream_data", "on_downstream_data"),
    ("proxy_on_downstream_connection_close", "on_downstream_close"),
    ("proxy_on_upstream_data", "on_upstream_data"),
    ("proxy_on_upstream_connection_close", "on_upstream_close"),
    // gRPC goes by Envoy's router, keys come by HTTP.
    ("proxy_on_grpc_receive_initial_metadata", "on_grpc_call_initial_metadata"),
    ("proxy_on_grpc_receive", "on_grpc_call_response"),
    ("proxy_on_grpc_receive_trailing_metadata", "on_grpc_stream_trailing_metadata"),
    ("proxy_on_grpc_close", "on_grpc_stream_close"),
    // Without these Envoy takes a context as done at once and has nothing to say at its log.
    ("proxy_on_done", "on_done"),
    ("proxy_on_log", "on_log"),
    ("proxy_on_foreign_function", "on_foreign_function"),
];

/// The module without the exports that do nothing and the bodies of functions that nothing reaches, and without names
/// and other custom sections.
pub fn strip(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = Module::new();
    let reached = reach::reached(module, |export| !is_unused(export))?;
    let mut bodies = CodeSection::new();
    let mut functions = reached.iter();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section.clone() {
                    let export = export?;
                    if !is_unused(export.name) {
                        exports.export(export.name, kind(export.kind)?, export.index);
                    }
                }
                stripped.section(&exports);
            }
            Payload::CodeSectionEntry(body) => match functions.next() {
                Some(true) => {
                    bodies.raw(body.as_bytes());
                }
                _ => {
                    bodies.function(&unreachable());
                }
            },
            Payload::CustomSection(_) | Payload::CodeSectionStart { .. } => {}
            _ => {
                // All functions have come once another section begins.
                if !bodies.is_empty() {
                    stripped.section(&std::mem::take(&mut bodies));
                }
                if let Some((id, range)) = payload.as_section() {
                    let data = module
                        .get(usize::try_from(range.start)?..usize::try_from(range.end)?)
                        .unwrap_or_default();
                    stripped.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(stripped.finish())
}

fn is_unused(export: &str) -> bool {
    UNUSED.iter().any(|(name, _)| *name == export)
}

/// What is left of a function that nothing reaches: its number, by which others are counted.
fn unreachable() -> Function {
    let mut function = Function::new([]);
    function.instructions().unreachable().end();
    function
}

fn kind(kind: ExternalKind) -> Result<ExportKind> {
    Ok(match kind {
        ExternalKind::Func => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
        other => anyhow::bail!("the module exports {other:?}, which proxy-wasm does not know"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use expect_test::expect;
    use wasm_encoder::{CustomSection, FunctionSection, TypeSection};

    use super::*;

    /// A module with these exports, each an empty function.
    fn module(exports: &[&str]) -> Vec<u8> {
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        let (mut exported, mut code) = (ExportSection::new(), CodeSection::new());
        types.ty().function([], []);
        for (index, name) in exports.iter().enumerate() {
            functions.function(0);
            exported.export(name, ExportKind::Func, u32::try_from(index).unwrap());
            let mut function = Function::new([]);
            function.instructions().end();
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&exported).section(&code);
        module.section(&CustomSection { name: "producers".into(), data: b"rustc".as_slice().into() });
        module.finish()
    }

    #[test]
    fn what_does_nothing_goes_and_all_else_stays() {
        let stripped =
            strip(&module(&["proxy_on_log", "proxy_on_delete", "proxy_on_request_headers"])).unwrap();
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(&stripped) {
            match payload.unwrap() {
                Payload::ExportSection(section) => {
                    found.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
                }
                Payload::CustomSection(section) => found.push(format!("custom {}", section.name())),
                _ => {}
            }
        }
        expect![[r#"proxy_on_delete proxy_on_request_headers"#]].assert_eq(&found.join(" "));
    }

    /// A callback that the filter has but whose export is dropped would never be called, and nothing would tell.
    #[test]
    fn the_filter_has_none_of_the_dropped_callbacks() {
        for file in sources(&spangate_stack::root().join("filter/src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (export, method) in UNUSED {
                let has = text.contains(&format!("fn {method}("));
                assert!(!has, "{} has `{method}`: keep `{export}`", file.display());
            }
        }
    }

    fn sources(directory: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
}
