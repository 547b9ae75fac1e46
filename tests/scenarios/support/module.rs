//! Modules that stand in the filter's place: the least that Envoy takes for a proxy-wasm filter.

use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};

/// What a module does with a request's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRequest {
    /// Lets every call pass as it is.
    Pass,
    /// Traps.
    Trap,
    /// Refuses its configuration, so that Envoy has no filter to ask.
    Unconfigured,
}

/// A whole module.
pub fn module(on_request: OnRequest) -> Vec<u8> {
    use Instruction::{End, I32Const, Unreachable};
    let answer = |value: i32| vec![I32Const(value), End];
    let configured = i32::from(on_request != OnRequest::Unconfigured);
    let headers = match on_request {
        OnRequest::Trap => vec![Unreachable, End],
        OnRequest::Pass | OnRequest::Unconfigured => answer(0),
    };
    let functions: [(&str, usize, bool, Vec<Instruction<'_>>); 7] = [
        ("proxy_abi_version_0_2_1", 0, false, vec![End]),
        ("_initialize", 0, false, vec![End]),
        ("proxy_on_memory_allocate", 1, true, answer(4096)),
        ("proxy_on_context_create", 2, false, vec![End]),
        ("proxy_on_vm_start", 2, true, answer(1)),
        ("proxy_on_configure", 2, true, answer(configured)),
        ("proxy_on_request_headers", 3, true, headers),
    ];
    let (mut types, mut declared) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (name, parameters, returns, body)) in (0..).zip(functions) {
        types.ty().function(vec![ValType::I32; parameters], vec![ValType::I32; usize::from(returns)]);
        declared.function(index);
        exports.export(name, ExportKind::Func, index);
        let mut function = Function::new([]);
        for instruction in &body {
            function.instruction(instruction);
        }
        code.function(&function);
    }
    exports.export("memory", ExportKind::Memory, 0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 2,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&memories).section(&exports).section(&code);
    module.finish()
}
