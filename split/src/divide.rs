//! Makes two modules of one.
//!
//! The first keeps memory, table, globals, exports and every import; the rest imports them. A function that
//! went to the rest and that the first can call has a slot of the table; until the rest is there, a stub
//! stands in the slot that has the page load it, at once, and then calls what stands there by then. The rest
//! calls functions of the first as imports, which are taken from the table, too: a slot is two bytes, a
//! named export six.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, ImportSection, Instruction,
    MemorySection, NameMap, NameSection, TableSection, TypeSection,
};
use wasmparser::{DataKind, ElementItems, ElementKind, TypeRef};

use crate::constants::Constants;
use crate::module::{Module, constant};
use crate::names::{Glue, Listed, glue};
use crate::order;
use crate::rewrite::{self, Target};

/// What the page calls to have the rest loaded; its argument says whether at once.
const LOADER: &str = "__wbg_loadRest_";
/// A function no longer than this is not worth a stub.
const NOT_WORTH_A_STUB: usize = 20;
/// The names under which the rest finds what it shares (`src/ui/rest.js`).
const SHARED: &str = "rest:";

pub struct Made {
    pub first: Vec<u8>,
    pub rest: Vec<u8>,
    pub said: String,
}

pub fn divide(module: &Module<'_>, constants: &Constants, listed: &Listed) -> Result<Made, String> {
    let plan = Plan::of(module, listed)?;
    let moved = plan.moved_data(module, constants)?;
    let first = plan.first(module, &moved)?;
    let rest = plan.rest(module, &moved)?;
    let size = |first: bool| -> u64 {
        module
            .bodies
            .iter()
            .enumerate()
            .filter(|(at, _)| plan.is_first[module.imported() + at] == first)
            .map(|(_, body)| body.range().end - body.range().start)
            .sum()
    };
    let functions = plan.is_first[module.imported()..].iter();
    let said = format!(
        "the first minute runs {} functions of {} KB; {} of {} KB follow with {} KB of constants; {} stubs, {} shared",
        functions.clone().filter(|first| **first).count(),
        size(true) / 1024,
        functions.filter(|first| !**first).count(),
        size(false) / 1024,
        moved
            .iter()
            .map(|range| range.end - range.start)
            .sum::<u32>()
            / 1024,
        plan.stubs.len(),
        plan.shared.len(),
    );
    Ok(Made { first, rest, said })
}

struct Plan {
    is_first: Vec<bool>,
    loader: u32,
    /// The table of functions, and how long it becomes.
    table: u32,
    length: u32,
    /// How long it was.
    from: u32,
    /// The slots of every function that has some.
    slots: BTreeMap<u32, Vec<u32>>,
    /// Functions of the rest that can be called from the first.
    stubs: Vec<u32>,
    /// Functions of the first that the rest calls.
    shared: Vec<u32>,
    /// Functions that got a slot, in order, the first of them at `from`.
    added: Vec<u32>,
}

impl Plan {
    fn of(module: &Module<'_>, listed: &Listed) -> Result<Self, String> {
        let is_first = first_functions(module, listed)?;
        let loader = loader(module)?;
        let (table, from) = table(module)?;
        let mut slots: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for element in &module.elements {
            let ElementKind::Active { offset_expr, .. } = &element.kind else {
                return Err("a segment of the table is not active".to_owned());
            };
            let base = constant(offset_expr).ok_or("a segment of the table has no fixed place")?;
            for (at, function) in functions_of(element)?.into_iter().enumerate() {
                slots.entry(function).or_default().push(base + at as u32);
            }
        }
        let mut called = vec![false; module.functions.len()];
        for (at, body) in module.bodies.iter().enumerate() {
            let caller_first = is_first[module.imported() + at];
            for callee in rewrite::calls(body)? {
                called[callee as usize] |= is_first[callee as usize] != caller_first;
            }
        }
        let mut plan = Plan {
            loader,
            table,
            length: from,
            from,
            slots,
            stubs: Vec::new(),
            shared: Vec::new(),
            added: Vec::new(),
            is_first,
        };
        for function in 0..module.functions.len() as u32 {
            let index = function as usize;
            let first = plan.is_first[index];
            if called[index] && !plan.slots.contains_key(&function) {
                plan.slots.insert(function, vec![plan.length]);
                plan.added.push(function);
                plan.length += 1;
            }
            if first && called[index] {
                plan.shared.push(function);
            } else if !first && plan.slots.contains_key(&function) {
                plan.stubs.push(function);
            }
        }
        Ok(plan)
    }

    fn slot(&self, function: u32) -> u32 {
        self.slots.get(&function).map_or(0, |slots| slots[0])
    }

    /// Addresses of the constants that go to the rest.
    fn moved_data(
        &self,
        module: &Module<'_>,
        constants: &Constants,
    ) -> Result<Vec<Range<u32>>, String> {
        let mut names = Vec::new();
        let mut beside = Vec::new();
        for (at, body) in module.bodies.iter().enumerate() {
            let index = module.imported() + at;
            if !self.is_first[index] {
                continue;
            }
            let name = module.names[index];
            names.push(name);
            // Code that the linker did not see could name an address that it wrote itself.
            if !constants.knows(name) {
                beside.extend(rewrite::numbers(body)?);
            }
        }
        Ok(constants.out_of_reach(names.into_iter(), &beside))
    }

    fn first(&self, module: &Module<'_>, moved: &[Range<u32>]) -> Result<Vec<u8>, String> {
        let mut same = RoundtripReencoder;
        let imported = module.imported();
        // New numbers: imports, what stays, stubs.
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        let kept: Vec<u32> = (imported as u32..module.functions.len() as u32)
            .filter(|function| self.is_first[*function as usize])
            .collect();
        let order = (0..imported as u32).chain(kept.iter().copied());
        for function in order.chain(self.stubs.iter().copied()) {
            numbers.insert(function, numbers.len() as u32);
        }
        let number = |function: u32| numbers.get(&function).copied().unwrap_or(0);

        let mut out = wasm_encoder::Module::new();
        out.section(&types(module)?);
        let mut imports = ImportSection::new();
        for import in &module.imports {
            let ty = same.entity_type(import.ty).map_err(text)?;
            imports.import(import.module, import.name, ty);
        }
        out.section(&imports);
        let mut functions = FunctionSection::new();
        for function in kept.iter().chain(&self.stubs) {
            functions.function(module.functions[*function as usize]);
        }
        out.section(&functions);
        out.section(&self.tables(module)?);
        let mut memories = MemorySection::new();
        for memory in &module.memories {
            memories.memory(same.memory_type(*memory).map_err(text)?);
        }
        out.section(&memories);
        let mut globals = GlobalSection::new();
        for global in &module.globals {
            let init = same.const_expr(global.init_expr.clone()).map_err(text)?;
            globals.global(same.global_type(global.ty).map_err(text)?, &init);
        }
        out.section(&globals);
        let mut exports = ExportSection::new();
        for export in &module.exports {
            let kind = same.export_kind(export.kind).map_err(text)?;
            let index = match kind {
                ExportKind::Func => number(export.index),
                _ => export.index,
            };
            exports.export(export.name, kind, index);
        }
        for (name, kind, index) in shared(module, self.table) {
            exports.export(&name, kind, index);
        }
        out.section(&exports);
        if let Some(function) = module.start {
            out.section(&wasm_encoder::StartSection {
                function_index: number(function),
            });
        }
        let mut elements = ElementSection::new();
        for element in &module.elements {
            let ElementKind::Active { offset_expr, .. } = &element.kind else {
                continue;
            };
            let base = constant(offset_expr).unwrap_or(0);
            let list: Vec<u32> = functions_of(element)?.into_iter().map(number).collect();
            self.segment(&mut elements, base, list);
        }
        let added: Vec<u32> = self
            .added
            .iter()
            .map(|function| number(*function))
            .collect();
        self.segment(&mut elements, self.from, added);
        out.section(&elements);
        let mut code = CodeSection::new();
        let target = |function: u32| match self.is_first[function as usize] {
            true => Target::Function(number(function)),
            false => self.through_table(module, function),
        };
        for function in &kept {
            let body = module.body(*function as usize).ok_or("no body")?;
            code.function(&rewrite::body(body, &[], target)?);
        }
        for function in &self.stubs {
            code.function(&self.stub(module, *function));
        }
        out.section(&code);
        out.section(&data(module, moved, false)?);
        finish(&mut out, module, &kept, number);
        Ok(out.finish())
    }

    fn rest(&self, module: &Module<'_>, moved: &[Range<u32>]) -> Result<Vec<u8>, String> {
        let mut same = RoundtripReencoder;
        let goes: Vec<u32> = (module.imported() as u32..module.functions.len() as u32)
            .filter(|function| !self.is_first[*function as usize])
            .collect();
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        for function in self.shared.iter().chain(&goes) {
            numbers.insert(*function, numbers.len() as u32);
        }
        let number = |function: u32| numbers.get(&function).copied().unwrap_or(0);

        let mut out = wasm_encoder::Module::new();
        out.section(&types(module)?);
        let mut imports = ImportSection::new();
        for function in &self.shared {
            let ty = wasm_encoder::EntityType::Function(module.functions[*function as usize]);
            imports.import("table", &self.slot(*function).to_string(), ty);
        }
        let tables = self.table_types(module)?;
        for (name, kind, index) in shared(module, self.table) {
            let index = index as usize;
            let ty = match kind {
                ExportKind::Table => wasm_encoder::EntityType::Table(tables[index]),
                ExportKind::Memory => {
                    let memory = same.memory_type(module.memories[index]).map_err(text)?;
                    wasm_encoder::EntityType::Memory(memory)
                }
                _ => {
                    let global = same.global_type(module.globals[index].ty).map_err(text)?;
                    wasm_encoder::EntityType::Global(global)
                }
            };
            imports.import("first", &name, ty);
        }
        out.section(&imports);
        let mut functions = FunctionSection::new();
        for function in &goes {
            functions.function(module.functions[*function as usize]);
        }
        out.section(&functions);
        let mut places: Vec<(u32, u32)> = Vec::new();
        for function in &self.stubs {
            for slot in &self.slots[function] {
                places.push((*slot, number(*function)));
            }
        }
        places.sort_unstable();
        let mut elements = ElementSection::new();
        for run in places.chunk_by(|a, b| a.0 + 1 == b.0) {
            let list = run.iter().map(|(_, function)| *function).collect();
            self.segment(&mut elements, run[0].0, list);
        }
        out.section(&elements);
        let mut code = CodeSection::new();
        for function in &goes {
            let body = module.body(*function as usize).ok_or("no body")?;
            let target = |callee: u32| Target::Function(number(callee));
            code.function(&rewrite::body(body, &[], target)?);
        }
        out.section(&code);
        out.section(&data(module, moved, true)?);
        finish(&mut out, module, &goes, number);
        Ok(out.finish())
    }

    fn through_table(&self, module: &Module<'_>, function: u32) -> Target {
        Target::Slot {
            slot: self.slot(function),
            ty: module.functions[function as usize],
            table: self.table,
        }
    }

    /// What stands in the slot of a function that is not there yet.
    fn stub(&self, module: &Module<'_>, function: u32) -> Function {
        let mut stub = Function::new([]);
        stub.instruction(&Instruction::I32Const(1));
        stub.instruction(&Instruction::Call(self.loader));
        let ty = module.functions[function as usize] as usize;
        for local in 0..module.types[ty].params().len() as u32 {
            stub.instruction(&Instruction::LocalGet(local));
        }
        rewrite::call(&mut stub, self.through_table(module, function));
        stub.instruction(&Instruction::End);
        stub
    }

    fn segment(&self, elements: &mut ElementSection, base: u32, list: Vec<u32>) {
        if list.is_empty() {
            return;
        }
        let table = (self.table != 0).then_some(self.table);
        let offset = ConstExpr::i32_const(base.cast_signed());
        elements.active(table, &offset, Elements::Functions(Cow::Owned(list)));
    }

    fn table_types(&self, module: &Module<'_>) -> Result<Vec<wasm_encoder::TableType>, String> {
        let mut same = RoundtripReencoder;
        let mut types = Vec::new();
        for (index, table) in module.tables.iter().enumerate() {
            let mut ty = same.table_type(table.ty).map_err(text)?;
            if index as u32 == self.table {
                ty.minimum = u64::from(self.length);
                ty.maximum = ty.maximum.map(|most| most.max(ty.minimum));
            }
            types.push(ty);
        }
        Ok(types)
    }

    fn tables(&self, module: &Module<'_>) -> Result<TableSection, String> {
        let mut tables = TableSection::new();
        for ty in self.table_types(module)? {
            tables.table(ty);
        }
        Ok(tables)
    }
}

/// Whether each function belongs to the first file.
fn first_functions(module: &Module<'_>, listed: &Listed) -> Result<Vec<bool>, String> {
    let mut first = vec![true; module.functions.len()];
    let imported = module.imported();
    for (at, body) in module.bodies.iter().enumerate() {
        let index = imported + at;
        let name = module.names[index];
        let short = body.as_bytes().len() <= NOT_WORTH_A_STUB;
        first[index] = name.is_empty() || short || listed.has(name);
    }
    for export in &module.exports {
        if export.kind == wasmparser::ExternalKind::Func {
            first[export.index as usize] = true;
        }
    }
    if let Some(start) = module.start {
        first[start as usize] = true;
    }
    with_chance(module, &mut first)?;
    if first[imported..].iter().all(|first| *first) {
        return Err(
            "every function would be in the first file: is the list empty, or of another build?"
                .to_owned(),
        );
    }
    Ok(first)
}

/// Adds what copies or drops a part of what the functions of the first file copy or drop: a visit may be the first in
/// which there is such a part.
fn with_chance(module: &Module<'_>, first: &mut [bool]) -> Result<(), String> {
    let imported = module.imported();
    let glue: Vec<Option<Glue>> = module.names.iter().map(|name| glue(name)).collect();
    let mut new: Vec<usize> = (imported..first.len()).filter(|at| first[*at]).collect();
    while let Some(caller) = new.pop() {
        for callee in rewrite::calls(&module.bodies[caller - imported])? {
            let callee = callee as usize;
            let goes_along = glue[callee].is_some() && glue[callee] == glue[caller];
            if goes_along && !first[callee] {
                first[callee] = true;
                new.push(callee);
            }
        }
    }
    Ok(())
}

fn loader(module: &Module<'_>) -> Result<u32, String> {
    let functions = module
        .imports
        .iter()
        .filter(|import| matches!(import.ty, TypeRef::Func(_)));
    let mut found = functions
        .enumerate()
        .filter(|(_, import)| import.name.starts_with(LOADER));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Ok(index as u32),
        _ => Err(format!(
            "the page does not import one function {LOADER}… (src/ui/rest.rs)"
        )),
    }
}

/// The table that calls go through, and its length.
fn table(module: &Module<'_>) -> Result<(u32, u32), String> {
    let mut tables = module.elements.iter().map(|element| match &element.kind {
        ElementKind::Active { table_index, .. } => table_index.unwrap_or(0),
        _ => 0,
    });
    let table = tables.next().unwrap_or(0);
    if tables.any(|other| other != table) {
        return Err("functions stand in more than one table".to_owned());
    }
    if module
        .imports
        .iter()
        .any(|import| !matches!(import.ty, TypeRef::Func(_)))
    {
        return Err("the page imports something that is no function".to_owned());
    }
    let length = module
        .tables
        .get(table as usize)
        .ok_or("there is no table")?
        .ty
        .initial;
    Ok((table, u32::try_from(length).map_err(text)?))
}

fn functions_of(element: &wasmparser::Element<'_>) -> Result<Vec<u32>, String> {
    match &element.items {
        ElementItems::Functions(list) => list
            .clone()
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(text),
        ElementItems::Expressions(..) => Err("the table is filled by expressions".to_owned()),
    }
}

/// What the rest imports beside functions: names, kinds and indices.
fn shared(module: &Module<'_>, table: u32) -> Vec<(String, ExportKind, u32)> {
    let mut out = vec![(format!("{SHARED}table"), ExportKind::Table, table)];
    let others = (0..module.tables.len() as u32).filter(|index| *index != table);
    // The order is that of the indices: a module numbers what it imports as it comes.
    out.extend(others.map(|index| (format!("{SHARED}t{index}"), ExportKind::Table, index)));
    out.sort_by_key(|(_, _, index)| *index);
    let all = |kind: ExportKind, letter: char, count: usize| {
        (0..count as u32).map(move |index| (format!("{SHARED}{letter}{index}"), kind, index))
    };
    out.extend(all(ExportKind::Memory, 'm', module.memories.len()));
    out.extend(all(ExportKind::Global, 'g', module.globals.len()));
    out
}

fn types(module: &Module<'_>) -> Result<TypeSection, String> {
    let mut types = TypeSection::new();
    RoundtripReencoder
        .parse_type_section(&mut types, module.type_section.clone())
        .map_err(text)?;
    Ok(types)
}

/// The data inside `moved`, or outside of it.
fn data(module: &Module<'_>, moved: &[Range<u32>], inside: bool) -> Result<DataSection, String> {
    let mut out = DataSection::new();
    for data in &module.data {
        let DataKind::Active {
            memory_index,
            offset_expr,
        } = &data.kind
        else {
            return Err("a segment of data is not active".to_owned());
        };
        let base = constant(offset_expr).ok_or("a segment of data has no fixed place")?;
        let end = base + data.data.len() as u32;
        let mut put = |from: u32, to: u32| {
            if from < to {
                let bytes = &data.data[(from - base) as usize..(to - base) as usize];
                out.active(
                    *memory_index,
                    &ConstExpr::i32_const(from.cast_signed()),
                    bytes.iter().copied(),
                );
            }
        };
        let mut at = base;
        for range in moved
            .iter()
            .filter(|range| range.start < end && range.end > base)
        {
            let (from, to) = (range.start.max(base), range.end.min(end));
            match inside {
                true => put(from, to),
                false => put(at, from),
            }
            at = to;
        }
        if !inside {
            put(at, end);
        }
    }
    Ok(out)
}

/// Names, for wasm-opt sorts by them: each function's place in the file (stubs have none, and come last); and the features
/// that the code uses.
fn finish(
    out: &mut wasm_encoder::Module,
    module: &Module<'_>,
    functions: &[u32],
    number: impl Fn(u32) -> u32,
) {
    let bodies: Vec<&[u8]> = functions
        .iter()
        .filter_map(|function| module.body(*function as usize))
        .map(|body| &module.bytes[body.range().start as usize..body.range().end as usize])
        .collect();
    let mut names: Vec<(u32, usize)> = functions
        .iter()
        .map(|function| number(*function))
        .zip(order::places(&bodies))
        .collect();
    names.sort_unstable();
    let mut map = NameMap::new();
    for (index, place) in names {
        map.append(index, &format!("{place:06}"));
    }
    let mut section = NameSection::new();
    section.functions(&map);
    out.section(&section);
    if let Some(features) = module.features {
        out.section(&CustomSection {
            name: "target_features".into(),
            data: features.into(),
        });
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    /// A module whose functions call others; none of them is short.
    fn module(functions: &[(&str, &[u32])]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut declared = FunctionSection::new();
        let mut code = CodeSection::new();
        let mut map = NameMap::new();
        for (at, (name, calls)) in functions.iter().enumerate() {
            declared.function(0);
            let mut body = Function::new([]);
            for _ in 0..NOT_WORTH_A_STUB {
                body.instruction(&Instruction::Nop);
            }
            for callee in *calls {
                body.instruction(&Instruction::Call(*callee));
            }
            body.instruction(&Instruction::End);
            code.function(&body);
            map.append(at as u32, name);
        }
        let mut names = NameSection::new();
        names.functions(&map);
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&declared);
        module.section(&code).section(&names);
        module.finish()
    }

    #[test]
    fn parts_of_what_the_first_functions_drop_and_copy_go_with_them() {
        let listed = [
            "a::runs",
            "core::ptr::drop_in_place::<a::Outer>",
            "<a::Outer as core::clone::Clone>::clone",
        ];
        let bytes = module(&[
            (listed[0], &[3]),
            (listed[1], &[4]),
            (listed[2], &[5]),
            ("core::ptr::drop_in_place::<a::Other>", &[]),
            ("core::ptr::drop_in_place::<a::Part>", &[6]),
            ("<a::Part as core::clone::Clone>::clone", &[3, 1]),
            ("core::ptr::drop_in_place::<a::PartOfPart>", &[4]),
        ]);
        let module = Module::read(&bytes).unwrap();
        let list = names::written(&listed.map(str::to_owned).into(), "");
        let first = first_functions(&module, &Listed::read(&list)).unwrap();
        assert_eq!(first, [true, true, true, false, true, true, true]);
    }
}
