//! A wasm that notes which of its functions have run: a byte for each, in a second memory.

use std::collections::BTreeSet;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Instruction, MemArg, MemArgTarget, MemorySection,
    MemoryType,
};
use wasmparser::{Parser, Payload};

use crate::module::Module;
use crate::names::readable;
use crate::rewrite::{self, Target};

/// The name of the memory that is written.
const SEEN: &str = "seen";
const PAGE: usize = 65_536;

pub fn watched(module: &Module<'_>) -> Result<Vec<u8>, String> {
    let mut same = RoundtripReencoder;
    let text = |error: wasm_encoder::reencode::Error| error.to_string();
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module.bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        match payload {
            Payload::MemorySection(_) => {
                let mut memories = MemorySection::new();
                for memory in &module.memories {
                    memories.memory(same.memory_type(*memory).map_err(text)?);
                }
                memories.memory(MemoryType {
                    minimum: module.bodies.len().div_ceil(PAGE) as u64,
                    maximum: None,
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
                out.section(&memories);
            }
            Payload::ExportSection(reader) => {
                let mut exports = ExportSection::new();
                same.parse_export_section(&mut exports, reader)
                    .map_err(text)?;
                exports.export(SEEN, ExportKind::Memory, module.memories.len() as u32);
                out.section(&exports);
            }
            Payload::CodeSectionStart { .. } => {
                out.section(&code(module)?);
            }
            Payload::CodeSectionEntry(_) | Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = &module.bytes[range.start as usize..range.end as usize];
                    out.section(&wasm_encoder::RawSection { id, data });
                }
            }
        }
    }
    Ok(out.finish())
}

fn code(module: &Module<'_>) -> Result<CodeSection, String> {
    let mut code = CodeSection::new();
    for (at, body) in module.bodies.iter().enumerate() {
        let note = [
            Instruction::I32Const(at as i32),
            Instruction::I32Const(1),
            Instruction::I32Store8(MemArg {
                offset: 0,
                align: 0,
                target: MemArgTarget::Memory(module.memories.len() as u32),
                ordering: None,
            }),
        ];
        code.function(&rewrite::body(body, &note, Target::Function)?);
    }
    Ok(code)
}

/// The names of the functions that have run.
pub fn ran(module: &Module<'_>, seen: &[u8]) -> BTreeSet<String> {
    let names = &module.names[module.imported()..];
    names
        .iter()
        .zip(seen)
        .filter(|(name, seen)| **seen != 0 && !name.is_empty())
        .map(|(name, _)| readable(name))
        .collect()
}
