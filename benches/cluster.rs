//! What pods cost: CPU time per pod must not depend on how many there are.
//!
//! `cargo xtask bench` runs this, prints the tables and writes `target/bench.json`. The figures
//! that stand in `docs/performance.md` come from here. An argument restricts it to what is
//! called so ("create" or "create 1000"), `--once` does everything once: for a profiler.
//!
//! Beside the time stands what does not depend on how busy the machine is: events of the
//! simulation, allocations, bytes.

#![allow(clippy::disallowed_methods, reason = "a bench measures real time")]

#[path = "cluster/meter.rs"]
mod meter;
#[path = "cluster/scenes.rs"]
mod scenes;

use meter::{Meter, Reading};
use scenes::Scene;
use serde_json::{Value, json};

/// How often everything is measured. The sizes take turns, so that what else runs on the machine
/// burdens them alike; the fastest run is the one that was disturbed least.
const ROUNDS: usize = 3;

/// One line of the table: each figure of all clusters together.
struct Row {
    what: &'static str,
    units: u32,
    unit: &'static str,
    times: u32,
    best: Reading,
    /// CPU time of each round, in nanoseconds.
    cpu: Vec<u64>,
}

impl Row {
    fn per_unit(&self, figure: u64) -> f64 {
        figure as f64 / f64::from(self.units) / f64::from(self.times)
    }
}

fn main() {
    let mut only = None;
    let mut rounds = ROUNDS;
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            // `cargo test` also runs benches, with `--test`: then there is nothing to measure.
            "--test" => return,
            "--once" => rounds = 0,
            flag if flag.starts_with('-') => {}
            _ => only = Some(arg),
        }
    }
    let mut rows: Vec<Row> = scenes::all()
        .iter()
        .map(|scene| Row {
            what: scene.what,
            units: scene.units,
            unit: scene.unit,
            times: if rounds == 0 { 1 } else { scene.times },
            best: Reading::WORST,
            cpu: Vec::new(),
        })
        .collect();
    let wanted = |row: &Row| {
        let name = format!("{} {}", row.what, row.units);
        only.as_ref()
            .is_none_or(|only| *only == name || *only == row.what)
    };
    if rounds > 0 && only.is_none() {
        // Page in the code and the allocator.
        measure(&scenes::all()[0], 1);
    }
    for _ in 0..rounds.max(1) {
        for (scene, row) in scenes::all().iter().zip(&mut rows) {
            if wanted(row) {
                let reading = measure(scene, row.times);
                row.cpu.push(reading.cpu_nanos);
                if reading.cpu_nanos < row.best.cpu_nanos {
                    row.best = reading;
                }
            }
        }
    }
    rows.retain(|row| !row.cpu.is_empty());
    print(&rows);
    if only.is_none() {
        write(&rows);
    }
}

fn measure(scene: &Scene, times: u32) -> Reading {
    let mut sum = Reading::default();
    for _ in 0..times {
        let before = meter::held();
        let mut cluster = (scene.prepare)(scene.units);
        let (at, steps) = (cluster.now(), cluster.steps());
        let meter = Meter::start();
        (scene.run)(&mut cluster, scene.units);
        let mut reading = meter.read();
        reading.events = cluster.steps() - steps;
        reading.virtual_secs = cluster.now().since(at).as_secs();
        reading.whole_bytes = meter::held() - before;
        sum.add(&reading);
    }
    sum
}

fn print(rows: &[Row]) {
    println!(
        "| what | how many | CPU | per one | rounds | allocations per one | events | virtual time |"
    );
    println!("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |");
    for row in rows {
        let times = f64::from(row.times);
        let rounds: Vec<String> = row
            .cpu
            .iter()
            .map(|&cpu| format!("{:.1}", row.per_unit(cpu) / 1e3))
            .collect();
        println!(
            "| {} | {} {} | {:.1} ms | {:.1} µs | {} | {:.0} | {:.0} | {:.0} s |",
            row.what,
            row.units,
            row.unit,
            row.best.cpu_nanos as f64 / 1e6 / times,
            row.per_unit(row.best.cpu_nanos) / 1e3,
            rounds.join(", "),
            row.per_unit(row.best.allocations),
            row.best.events as f64 / times,
            row.best.virtual_secs as f64 / times,
        );
    }
    println!("\n| what | how many | cluster | grown by | per one | at most |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for row in rows {
        let times = f64::from(row.times);
        let megabytes = |bytes: i64| bytes as f64 / times / 1e6;
        println!(
            "| {} | {} {} | {:.1} MB | {:.1} MB | {:.1} KB | {:.1} MB |",
            row.what,
            row.units,
            row.unit,
            megabytes(row.best.whole_bytes),
            megabytes(row.best.grown_bytes),
            megabytes(row.best.grown_bytes) * 1e3 / f64::from(row.units),
            megabytes(row.best.peak_bytes),
        );
    }
    for (few, many) in [(100, 1_000), (100, 10_000)] {
        let find = |units| rows.iter().find(|r| r.what == "create" && r.units == units);
        if let (Some(few), Some(many)) = (find(few), find(many)) {
            let ratio =
                many.per_unit(many.best.cpu_nanos) / few.per_unit(few.best.cpu_nanos).max(1e-9);
            println!(
                "\ncreate: a pod among {} costs {ratio:.2} times what it costs among {}",
                many.units, few.units
            );
        }
    }
}

fn write(rows: &[Row]) {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let times = u64::from(row.times);
            json!({
                "what": row.what, "count": row.units, "unit": row.unit, "clusters": times,
                "cpuMicros": row.best.cpu_nanos / 1000 / times,
                "cpuMicrosOfRounds": row.cpu.iter().map(|c| c / 1000 / times).collect::<Vec<_>>(),
                "allocations": row.best.allocations / times,
                "events": row.best.events / times,
                "virtualSeconds": row.best.virtual_secs / times,
                "clusterBytes": row.best.whole_bytes / i64::from(row.times),
                "grownBytes": row.best.grown_bytes / i64::from(row.times),
                "peakBytes": row.best.peak_bytes / i64::from(row.times),
            })
        })
        .collect();
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let path = format!("{target}/bench.json");
    if let Err(error) = std::fs::write(&path, Value::from(rows).to_string()) {
        eprintln!("{path} was not written: {error}");
    }
}
