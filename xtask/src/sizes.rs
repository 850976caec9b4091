//! What the page weighs on the wire, held to a budget.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::run::output;
use crate::workspace;

/// Gzip bytes that everything which is loaded before the page can be used may weigh (see docs/performance.md for
/// what weighs how much). Where it is exceeded by functions that the first minute does not run any more,
/// `cargo xtask profile-page` helps.
const FIRST_LOAD_BUDGET: u64 = 900 * 1024;

/// Folders of `dist/` whose files are loaded later, when somebody needs them.
const LAZY: [&str; 9] = [
    "editor/",
    "embed.",
    "installed/",
    "lazy/",
    "lessons/",
    "licenses/",
    "locales/",
    "schema/",
    "worker.js",
];

/// What other pages load, and what it may weigh there, in gzip bytes.
const EMBED: &str = "embed.js";
const EMBED_BUDGET: u64 = 4 * 1024;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Size {
    path: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Size {
    fn is_lazy(&self) -> bool {
        LAZY.iter().any(|folder| self.path.starts_with(folder))
    }
}

/// Sum of the files that make the first load, and what is held beside it.
pub struct FirstLoad {
    gzip: u64,
    embed: u64,
}

impl FirstLoad {
    /// Fails when the bound is exceeded.
    pub fn hold(&self) -> Result {
        if self.embed > EMBED_BUDGET {
            return Err(Failure::new(format!(
                "{EMBED} is {} of gzip, over its budget of {}",
                kilobytes(self.embed),
                kilobytes(EMBED_BUDGET)
            )));
        }
        if self.gzip <= FIRST_LOAD_BUDGET {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the first load is {} of gzip, over the {} that it may not exceed",
            kilobytes(self.gzip),
            kilobytes(FIRST_LOAD_BUDGET)
        )))
    }
}

/// Prints the table for a built page.
pub fn report(dist: &Path) -> Result<FirstLoad> {
    let mut node = Command::new("node");
    node.arg(workspace::web().join("scripts/sizes.mjs"))
        .arg(dist);
    let sizes = parse(&output(&mut node)?)?;
    print!("{}", table(&sizes));
    Ok(FirstLoad {
        gzip: first_load(&sizes).gzip,
        embed: sizes
            .iter()
            .find(|size| size.path == EMBED)
            .map_or(0, |size| size.gzip),
    })
}

fn parse(lines: &str) -> Result<Vec<Size>> {
    let mut sizes = Vec::new();
    for line in lines.lines() {
        let mut fields = line.split('\t');
        let path = fields.next().unwrap_or_default().to_owned();
        let mut number = || {
            fields
                .next()
                .and_then(|field| field.parse().ok())
                .ok_or_else(|| Failure::new(format!("web/scripts/sizes.mjs printed {line:?}")))
        };
        sizes.push(Size {
            path,
            raw: number()?,
            gzip: number()?,
            brotli: number()?,
        });
    }
    sizes.sort_by(|a, b| (a.is_lazy(), b.gzip, &a.path).cmp(&(b.is_lazy(), a.gzip, &b.path)));
    Ok(sizes)
}

fn first_load(sizes: &[Size]) -> Size {
    let mut sum = Size {
        path: "first load".to_owned(),
        ..Size::default()
    };
    for size in sizes.iter().filter(|size| !size.is_lazy()) {
        sum.raw += size.raw;
        sum.gzip += size.gzip;
        sum.brotli += size.brotli;
    }
    sum
}

fn table(sizes: &[Size]) -> String {
    let sum = first_load(sizes);
    let width = sizes
        .iter()
        .chain([&sum])
        .map(|size| size.path.len())
        .max()
        .unwrap_or(0);
    let row = |path: &str, [raw, gzip, brotli]: [&str; 3]| {
        format!("{path:<width$}  {raw:>10}  {gzip:>10}  {brotli:>10}\n")
    };
    let line = |size: &Size| {
        let [raw, gzip, brotli] = [size.raw, size.gzip, size.brotli].map(kilobytes);
        row(&size.path, [&raw, &gzip, &brotli])
    };
    let mut out = row("", ["raw", "gzip", "brotli"]);
    for size in sizes.iter().filter(|size| !size.is_lazy()) {
        out += &line(size);
    }
    out += &line(&sum);
    for size in sizes.iter().filter(|size| size.is_lazy()) {
        out += &line(size);
    }
    out += &format!(
        "first load: {} gzip, {} % of the {} that it may weigh\n",
        kilobytes(sum.gzip),
        sum.gzip * 100 / FIRST_LOAD_BUDGET,
        kilobytes(FIRST_LOAD_BUDGET)
    );
    out
}

/// Kilobytes of 1024 bytes, to one decimal, as in `12.3 KB`.
fn kilobytes(bytes: u64) -> String {
    let tenths = (bytes * 10 + 512) / 1024;
    format!("{}.{} KB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "index.html\t2048\t1024\t900\n\
        editor/editor-1.js\t400000\t140000\t120000\n\
        app.wasm\t3000000\t900000\t700000\n";

    #[test]
    fn the_first_load_leaves_out_what_is_loaded_later() {
        let sizes = parse(LINES).unwrap();
        let sum = first_load(&sizes);
        assert_eq!(
            (sum.raw, sum.gzip, sum.brotli),
            (3_002_048, 901_024, 700_900)
        );
        assert_eq!(sizes[0].path, "app.wasm");
        assert_eq!(sizes[2].path, "editor/editor-1.js");
        assert!(
            table(&sizes)
                .contains("first load: 879.9 KB gzip, 97 % of the 900.0 KB that it may weigh"),
            "{}",
            table(&sizes)
        );
    }

    #[test]
    fn the_bound_is_kept_to_the_byte() {
        assert!(
            FirstLoad {
                gzip: FIRST_LOAD_BUDGET,
                embed: EMBED_BUDGET,
            }
            .hold()
            .is_ok()
        );
        let over = FirstLoad {
            gzip: FIRST_LOAD_BUDGET + 1024,
            embed: 0,
        }
        .hold()
        .unwrap_err();
        assert_eq!(
            over.to_string(),
            format!(
                "the first load is {} of gzip, over the {} that it may not exceed",
                kilobytes(FIRST_LOAD_BUDGET + 1024),
                kilobytes(FIRST_LOAD_BUDGET)
            )
        );
    }

    #[test]
    fn what_other_pages_load_has_its_own_budget() {
        let over = FirstLoad {
            gzip: 0,
            embed: EMBED_BUDGET + 1024,
        };
        assert_eq!(
            over.hold().unwrap_err().to_string(),
            "embed.js is 5.0 KB of gzip, over its budget of 4.0 KB"
        );
    }

    #[test]
    fn a_line_that_is_no_size_is_refused() {
        assert!(parse("a\t1\t2").is_err());
    }
}
