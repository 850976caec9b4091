//! A wasm module, as far as dividing it has to know: what there is, by index, and the names.

use wasmparser::{
    Data, Element, Export, FuncType, FunctionBody, Global, Import, KnownCustom, MemoryType, Name,
    Parser, Payload, Table, TypeRef, TypeSectionReader,
};

pub struct Module<'a> {
    pub bytes: &'a [u8],
    pub type_section: TypeSectionReader<'a>,
    pub types: Vec<FuncType>,
    pub imports: Vec<Import<'a>>,
    /// The type of every function; the imported ones come first.
    pub functions: Vec<u32>,
    pub tables: Vec<Table<'a>>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<Global<'a>>,
    pub exports: Vec<Export<'a>>,
    pub start: Option<u32>,
    pub elements: Vec<Element<'a>>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub data: Vec<Data<'a>>,
    /// Where the code and the data section begin in the file: relocations count from there.
    pub code_at: u64,
    pub data_at: u64,
    pub names: Vec<&'a str>,
    /// The section that says which features the code uses: wasm-opt reads it.
    pub features: Option<&'a [u8]>,
    pub symbols: Vec<wasmparser::SymbolInfo<'a>>,
    /// Relocations, each with whether it is in the code; else it is in the data.
    pub relocations: Vec<(bool, wasmparser::RelocationEntry)>,
    pub data_names: Vec<&'a str>,
}

impl<'a> Module<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, String> {
        Self::parse(bytes).map_err(|error| error.to_string())
    }

    fn parse(bytes: &'a [u8]) -> Result<Self, wasmparser::Error> {
        let nothing = wasmparser::BinaryReader::new(&[0], 0);
        let mut module = Module {
            bytes,
            type_section: TypeSectionReader::new(nothing)?,
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            exports: Vec::new(),
            start: None,
            elements: Vec::new(),
            bodies: Vec::new(),
            data: Vec::new(),
            code_at: 0,
            data_at: 0,
            names: Vec::new(),
            features: None,
            symbols: Vec::new(),
            relocations: Vec::new(),
            data_names: Vec::new(),
        };
        let mut section = 0;
        let (mut code, mut data) = (u32::MAX, u32::MAX);
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match &payload {
                Payload::CodeSectionStart {
                    unchecked_range: range,
                    ..
                } => {
                    code = section;
                    module.code_at = range.start;
                }
                Payload::DataSection(reader) => {
                    data = section;
                    module.data_at = reader.range().start;
                }
                _ => {}
            }
            let counts = payload.as_section().is_some();
            module.take(payload, code, data)?;
            section += u32::from(counts);
        }
        module.names.resize(module.functions.len(), "");
        Ok(module)
    }

    fn take(
        &mut self,
        payload: Payload<'a>,
        code: u32,
        data: u32,
    ) -> Result<(), wasmparser::Error> {
        match payload {
            Payload::TypeSection(reader) => {
                self.types = reader
                    .clone()
                    .into_iter_err_on_gc_types()
                    .collect::<Result<_, _>>()?;
                self.type_section = reader;
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    if let TypeRef::Func(ty) = import.ty {
                        self.functions.push(ty);
                    }
                    self.imports.push(import);
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(reader) => {
                self.tables = reader.into_iter().collect::<Result<_, _>>()?
            }
            Payload::MemorySection(reader) => {
                self.memories = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(reader) => {
                self.globals = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ExportSection(reader) => {
                self.exports = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(reader) => {
                self.elements = reader.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(reader) => {
                self.data = reader.into_iter().collect::<Result<_, _>>()?
            }
            Payload::CustomSection(custom) => match custom.as_known() {
                KnownCustom::Name(subsections) => {
                    for name in subsections {
                        self.take_names(name?)?;
                    }
                }
                KnownCustom::Linking(linking) => {
                    for part in linking.subsections() {
                        if let wasmparser::Linking::SymbolTable(symbols) = part? {
                            self.symbols = symbols.into_iter().collect::<Result<_, _>>()?;
                        }
                    }
                }
                KnownCustom::Reloc(reader) => {
                    let section = reader.section_index();
                    if section == code || section == data {
                        for entry in reader.entries() {
                            self.relocations.push((section == code, entry?));
                        }
                    }
                }
                _ if custom.name() == "target_features" => self.features = Some(custom.data()),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn take_names(&mut self, name: Name<'a>) -> Result<(), wasmparser::Error> {
        let (into, map) = match name {
            Name::Function(map) => (&mut self.names, map),
            Name::Data(map) => (&mut self.data_names, map),
            _ => return Ok(()),
        };
        for naming in map {
            let naming = naming?;
            let index = naming.index as usize;
            // An index far beyond what there is would only make the list long.
            if index < 1_000_000 {
                if into.len() <= index {
                    into.resize(index + 1, "");
                }
                into[index] = naming.name;
            }
        }
        Ok(())
    }

    /// How many functions are imported.
    pub fn imported(&self) -> usize {
        self.functions.len() - self.bodies.len()
    }

    /// The body of a function; none where it is imported.
    pub fn body(&self, function: usize) -> Option<&FunctionBody<'a>> {
        self.bodies.get(function.checked_sub(self.imported())?)
    }
}

/// The number that an offset of a segment says outright.
pub fn constant(expression: &wasmparser::ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read() {
        Ok(wasmparser::Operator::I32Const { value }) => Some(value.cast_unsigned()),
        _ => None,
    }
}
