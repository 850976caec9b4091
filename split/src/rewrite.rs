//! Writing functions down again, with other numbers.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Function, Instruction};
use wasmparser::{FunctionBody, Operator};

/// Where a call goes in the new file.
#[derive(Clone, Copy)]
pub enum Target {
    Function(u32),
    /// Through the table.
    Slot {
        slot: u32,
        ty: u32,
        table: u32,
    },
}

/// The body with every call led to its new place. `before` is put in front of it.
pub fn body(
    body: &FunctionBody<'_>,
    before: &[Instruction<'_>],
    target: impl Fn(u32) -> Target,
) -> Result<Function, String> {
    let mut same = RoundtripReencoder;
    let failed = |error: wasm_encoder::reencode::Error| error.to_string();
    let mut function = same.new_function_with_parsed_locals(body).map_err(failed)?;
    for instruction in before {
        function.instruction(instruction);
    }
    let mut reader = body.get_operators_reader().map_err(|e| e.to_string())?;
    while !reader.eof() {
        match reader.read().map_err(|e| e.to_string())? {
            Operator::Call { function_index } => {
                call(&mut function, target(function_index));
            }
            Operator::ReturnCall { .. } | Operator::RefFunc { .. } => {
                return Err("the code has a tail call or a reference to a function, which cannot be divided yet".to_owned());
            }
            other => {
                function.instruction(&same.instruction(other).map_err(failed)?);
            }
        }
    }
    Ok(function)
}

pub fn call(function: &mut Function, target: Target) {
    match target {
        Target::Function(index) => {
            function.instruction(&Instruction::Call(index));
        }
        Target::Slot { slot, ty, table } => {
            function.instruction(&Instruction::I32Const(slot.cast_signed()));
            function.instruction(&Instruction::CallIndirect {
                type_index: ty,
                table_index: table,
            });
        }
    }
}

/// The functions that a body calls by name.
pub fn calls(body: &FunctionBody<'_>) -> Result<Vec<u32>, String> {
    let mut out = Vec::new();
    let mut reader = body.get_operators_reader().map_err(|e| e.to_string())?;
    while !reader.eof() {
        if let Operator::Call { function_index } = reader.read().map_err(|e| e.to_string())? {
            out.push(function_index);
        }
    }
    Ok(out)
}

/// The numbers in a body that could be addresses.
pub fn numbers(body: &FunctionBody<'_>) -> Result<Vec<u32>, String> {
    let mut out = Vec::new();
    let mut reader = body.get_operators_reader().map_err(|e| e.to_string())?;
    while !reader.eof() {
        if let Operator::I32Const { value } = reader.read().map_err(|e| e.to_string())? {
            out.push(value.cast_unsigned());
        }
    }
    Ok(out)
}
