//! Transactions: when all comparisons hold, these requests, else those.

use serde_json::{Value, json};

use super::{Held, Span, Wanted, is_registry, refused};
use crate::api::Result;
use crate::apiserver::ApiServer;
use crate::sim::Kernel;

/// The most requests of a transaction (`--max-txn-ops`).
const MOST_OPS: usize = 128;

impl ApiServer {
    pub(super) fn etcd_txn(&mut self, kernel: &mut Kernel, body: &Value) -> Result<Value> {
        let list = |name: &str| body[name].as_array().map_or(&[][..], Vec::as_slice);
        let most = ["compare", "success", "failure"].map(|name| list(name).len());
        if most.iter().any(|count| *count > MOST_OPS) {
            return Err(refused("etcdserver: too many operations in txn request"));
        }
        for branch in ["success", "failure"] {
            check(list(branch))?;
        }
        let mut holds = true;
        for compare in list("compare") {
            holds &= self.compares(compare)?;
        }
        let ops = list(if holds { "success" } else { "failure" });
        // All that is written is checked before anything is.
        for op in ops.iter().filter(|op| op["op"] == "put") {
            self.check_write(text(op, "key"), text(op, "value"), false)?;
            self.lease_of(&op["lease"])?;
        }
        let revision = self.store.next_revision();
        let mut responses = Vec::new();
        for op in ops {
            responses.push(self.txn_op(kernel, revision, op)?);
        }
        Ok(json!({"succeeded": holds, "responses": responses}))
    }

    fn txn_op(&mut self, kernel: &mut Kernel, revision: u64, op: &Value) -> Result<Value> {
        let key = text(op, "key");
        match text(op, "op") {
            "put" => {
                let lease = self.lease_of(&op["lease"])?;
                self.put_key(kernel, revision, (key, text(op, "value")), lease);
                Ok(json!({"op": "put"}))
            }
            "del" => {
                let span = Span::of(key, text(op, "mode"), text(op, "end"))?;
                let mut keys = Vec::new();
                self.each_key(&span, 0, &mut |key, held| {
                    if matches!(held, Held::Text(_)) {
                        keys.push(key.to_owned());
                    }
                })?;
                for key in &keys {
                    self.delete_key(kernel, revision, key);
                }
                Ok(json!({"op": "del", "deleted": keys.len()}))
            }
            _ => {
                let span = Span::of(key, text(op, "mode"), text(op, "end"))?;
                let wanted = Wanted {
                    values: true,
                    ..Wanted::default()
                };
                let mut found = self.range_of(&span, &wanted)?;
                found["op"] = "get".into();
                Ok(found)
            }
        }
    }

    fn compares(&self, compare: &Value) -> Result<bool> {
        let mut found = None;
        self.each_key(
            &Span::of(text(compare, "key"), "", "")?,
            0,
            &mut |_, held| {
                found = Some((held.numbers(), held.text()));
            },
        )?;
        let target = text(compare, "target");
        let ordering = if target == "value" {
            // A key that is not there has no value to compare.
            let Some((_, value)) = &found else {
                return Ok(false);
            };
            value.as_str().cmp(text(compare, "value"))
        } else {
            let (created, modified, version, lease) =
                found.map(|(numbers, _)| numbers).unwrap_or_default();
            let actual = match target {
                "create" => created,
                "mod" => modified,
                "lease" => lease,
                _ => version,
            };
            actual.cmp(&compare["number"].as_u64().unwrap_or_default())
        };
        Ok(match text(compare, "op") {
            ">" => ordering.is_gt(),
            "<" => ordering.is_lt(),
            "!=" => ordering.is_ne(),
            _ => ordering.is_eq(),
        })
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// A key is put once, and objects not at all.
fn check(ops: &[Value]) -> Result<()> {
    let mut put: Vec<&str> = Vec::new();
    for op in ops.iter().filter(|op| op["op"] != "get") {
        let key = text(op, "key");
        if is_registry(key) {
            let why = "a transaction does not write what belongs to the API server";
            return Err(refused(format!("{key}: {why}")));
        }
        if op["op"] == "put" {
            if put.contains(&key) {
                return Err(refused("etcdserver: duplicate key given in txn request"));
            }
            put.push(key);
        }
    }
    Ok(())
}
