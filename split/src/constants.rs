//! Which constants a function can reach, by the relocations that the linker left.
//!
//! Code names an address in memory by a symbol; the linker notes every such place, in code and in data. So
//! a constant that neither a function of the first file names, nor a constant that it can reach, cannot be
//! read by it, whatever it computes: a pointer has to come from somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{RelocationType, SymbolInfo};

use crate::module::{Module, constant};

/// Holes shorter than this stay in the first file: the header of a further segment weighs as much.
const WORTH_A_SEGMENT: u32 = 16;

pub struct Constants {
    /// Addresses of read-only data.
    read_only: Vec<Range<u32>>,
    /// Addresses of each symbol of data.
    symbols: Vec<Range<u32>>,
    /// The symbols that each symbol points at.
    points_at: Vec<Vec<usize>>,
    /// The names of all functions that were linked.
    linked: BTreeSet<String>,
    /// The symbols that the functions of a name use.
    used_by: BTreeMap<String, Vec<usize>>,
    /// Symbols that something uses of which it is not known what it is.
    always: Vec<usize>,
}

impl Constants {
    pub fn read(linked: &[u8]) -> Result<Self, String> {
        let module = Module::read(linked)?;
        if module.relocations.is_empty() || module.symbols.is_empty() {
            return Err("no relocations in it: link with --emit-relocs".to_owned());
        }
        let bases = bases(&module)?;
        let read_only = module
            .data
            .iter()
            .zip(&bases)
            .zip(&module.data_names)
            .filter(|(_, name)| name.starts_with(".rodata"))
            .map(|((data, base), _)| *base..*base + data.data.len() as u32)
            .collect::<Vec<_>>();
        if read_only.is_empty() {
            return Err("no segment is named .rodata".to_owned());
        }
        // Symbols of data by their number in the symbol table.
        let mut symbols = Vec::new();
        let mut number = BTreeMap::new();
        for (index, symbol) in module.symbols.iter().enumerate() {
            if let SymbolInfo::Data {
                symbol: Some(at), ..
            } = symbol
            {
                let base = bases
                    .get(at.index as usize)
                    .ok_or("a symbol in no segment")?;
                number.insert(index as u32, symbols.len());
                symbols.push(base + at.offset..base + at.offset + at.size);
            }
        }
        let mut constants = Constants {
            read_only,
            points_at: vec![Vec::new(); symbols.len()],
            linked: module.names.iter().map(|name| (*name).to_owned()).collect(),
            used_by: BTreeMap::new(),
            always: Vec::new(),
            symbols,
        };
        constants.check(&module, &number)?;
        constants.follow(&module, &bases, &number);
        Ok(constants)
    }

    /// Sees to it that every relocation stands where its address is written: a file that something has
    /// changed after the linker would lead us astray.
    fn check(&self, module: &Module<'_>, number: &BTreeMap<u32, usize>) -> Result<(), String> {
        for (in_code, entry) in &module.relocations {
            let Some(&symbol) = number.get(&entry.index).filter(|_| is_address(entry.ty)) else {
                continue;
            };
            let section = if *in_code {
                module.code_at
            } else {
                module.data_at
            };
            let at = (section + u64::from(entry.offset)) as usize;
            let bytes = module.bytes.get(at..at + 5).unwrap_or(&[0; 5]);
            let written = match entry.ty {
                RelocationType::MemoryAddrI32 => {
                    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                }
                RelocationType::MemoryAddrLeb | RelocationType::MemoryAddrSleb => bytes
                    .iter()
                    .rev()
                    .fold(0, |sum, byte| sum << 7 | u32::from(byte & 0x7f)),
                other => return Err(format!("a relocation of an unknown kind, {other:?}")),
            };
            let meant = self.symbols[symbol].start.wrapping_add(entry.addend as u32);
            if written != meant {
                return Err(format!(
                    "the relocation at {at} speaks of address {meant}, but {written} stands there"
                ));
            }
        }
        Ok(())
    }

    fn follow(&mut self, module: &Module<'_>, bases: &[u32], number: &BTreeMap<u32, usize>) {
        let mut starts: Vec<(u32, usize)> = (0..self.symbols.len())
            .map(|symbol| (self.symbols[symbol].start, symbol))
            .collect();
        starts.sort_unstable();
        let longest = self.symbols.iter().map(|s| s.end - s.start).max();
        for (in_code, entry) in &module.relocations {
            if !is_address(entry.ty) {
                continue;
            }
            let Some(&target) = number.get(&entry.index) else {
                continue;
            };
            let owner = if *in_code {
                let at = module.code_at + u64::from(entry.offset);
                let place = module.bodies.partition_point(|body| body.range().end <= at);
                module.names.get(module.imported() + place)
            } else {
                None
            };
            if let Some(name) = owner.filter(|name| !name.is_empty()) {
                let used = self.used_by.entry((*name).to_owned()).or_default();
                used.push(target);
                continue;
            }
            let from = (!in_code)
                .then(|| address(module, bases, entry.offset))
                .flatten();
            let mut found = false;
            if let Some(from) = from.filter(|from| self.is_read_only(*from)) {
                let until = starts.partition_point(|(start, _)| *start <= from);
                for (start, symbol) in starts[..until].iter().rev() {
                    if from - start > longest.unwrap_or(0) {
                        break;
                    }
                    if self.symbols[*symbol].contains(&from) {
                        self.points_at[*symbol].push(target);
                        found = true;
                    }
                }
            }
            if !found {
                self.always.push(target);
            }
        }
    }

    fn is_read_only(&self, address: u32) -> bool {
        self.read_only.iter().any(|range| range.contains(&address))
    }

    /// Whether the linked code has a function of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.linked.contains(name)
    }

    /// The addresses that the functions of these names cannot reach, in order. `beside` are addresses that
    /// must stay, too.
    pub fn out_of_reach<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        beside: &[u32],
    ) -> Vec<Range<u32>> {
        let mut reached = vec![false; self.symbols.len()];
        let mut open: Vec<usize> = self.always.clone();
        open.extend(names.filter_map(|name| self.used_by.get(name)).flatten());
        let beside: BTreeSet<u32> = beside
            .iter()
            .copied()
            .filter(|address| self.read_only.iter().any(|r| r.contains(address)))
            .collect();
        open.extend((0..self.symbols.len()).filter(|symbol| {
            let range = &self.symbols[*symbol];
            beside.range(range.start..=range.end).next().is_some()
        }));
        while let Some(symbol) = open.pop() {
            if !std::mem::replace(&mut reached[symbol], true) {
                open.extend(&self.points_at[symbol]);
            }
        }
        // What no symbol covers stays; what only symbols out of reach cover goes.
        let mut goes: Vec<Range<u32>> = Vec::new();
        let mut stays: Vec<Range<u32>> = Vec::new();
        for (symbol, range) in self.symbols.iter().enumerate() {
            if self.is_read_only(range.start) && range.end > range.start {
                if reached[symbol] {
                    &mut stays
                } else {
                    &mut goes
                }
                .push(range.clone());
            }
        }
        let goes = joined(goes);
        let stays = joined(stays);
        without(&goes, &stays)
            .into_iter()
            .filter(|range| range.end - range.start >= WORTH_A_SEGMENT)
            .collect()
    }
}

fn is_address(ty: RelocationType) -> bool {
    use RelocationType as R;
    matches!(
        ty,
        R::MemoryAddrLeb
            | R::MemoryAddrSleb
            | R::MemoryAddrI32
            | R::MemoryAddrRelSleb
            | R::MemoryAddrLocrelI32
            | R::MemoryAddrTlsSleb
    )
}

/// Where each segment of data begins in memory.
fn bases(module: &Module<'_>) -> Result<Vec<u32>, String> {
    module
        .data
        .iter()
        .map(|data| match &data.kind {
            wasmparser::DataKind::Active { offset_expr, .. } => constant(offset_expr),
            wasmparser::DataKind::Passive => None,
        })
        .map(|base| base.ok_or_else(|| "a segment of data has no fixed place".to_owned()))
        .collect()
}

/// The address in memory of a place in the data section.
fn address(module: &Module<'_>, bases: &[u32], offset: u32) -> Option<u32> {
    let at = module.data_at + u64::from(offset);
    let segment = module
        .data
        .iter()
        .position(|data| data.range.start <= at && at < data.range.end)?;
    let data = &module.data[segment];
    // The bytes stand at the end of the segment, after its header.
    let first = data.range.end - data.data.len() as u64;
    let inside = u32::try_from(at.checked_sub(first)?).ok()?;
    Some(bases[segment] + inside)
}

/// The same addresses in order, without overlaps.
fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// `from` without `what`; both are in order.
fn without(from: &[Range<u32>], what: &[Range<u32>]) -> Vec<Range<u32>> {
    let mut out = Vec::new();
    let mut next = 0;
    for range in from {
        let mut start = range.start;
        while next < what.len() && what[next].end <= start {
            next += 1;
        }
        let mut look = next;
        while look < what.len() && what[look].start < range.end {
            if what[look].start > start {
                out.push(start..what[look].start);
            }
            start = start.max(what[look].end);
            look += 1;
        }
        if start < range.end {
            out.push(start..range.end);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init)]
    fn ranges_are_taken_from_ranges() {
        assert_eq!(joined(vec![5..7, 0..3, 2..4, 7..9]), [0..4, 5..9]);
        assert_eq!(without(&[0..10], &[2..4, 6..7]), [0..2, 4..6, 7..10]);
        assert_eq!(without(&[0..4, 6..9], &[3..7]), [0..3, 7..9]);
        assert_eq!(without(&[0..4], &[0..9]), []);
        assert_eq!(without(&[1..2, 3..5], &[]), [1..2, 3..5]);
    }
}
