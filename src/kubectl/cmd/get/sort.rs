//! `--sort-by`: rows in the order of a field. Models `k8s.io/kubectl/pkg/cmd/get/sorter.go`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::jsonpath::Template;
use crate::api::quantity::Quantity;
use crate::kubectl::error::{Failure, Result, plain};
use crate::kubectl::kube::Kube;

/// Sorts objects by the field at a path.
pub fn objects(kube: &Kube, items: &mut Vec<Value>, path: &str) -> Result<()> {
    let template = template(path)?;
    let keys: Vec<Option<Value>> = items.iter().map(|item| key(&template, item)).collect();
    if !items.is_empty() && keys.iter().all(Option::is_none) {
        return plain(format!(
            "couldn't find any field with path \"{}\" in the list of objects",
            template.source()
        ));
    }
    sortable(kube, path, keys.iter().flatten())?;
    let mut order: Vec<(Option<Value>, Value)> = keys.into_iter().zip(items.drain(..)).collect();
    order.sort_by(|(a, _), (b, _)| compare(a.as_ref(), b.as_ref()));
    items.extend(order.into_iter().map(|(_, item)| item));
    Ok(())
}

/// Sorts a table's rows by a field of their objects.
pub fn rows(kube: &Kube, table: &mut Value, path: &str) -> Result<()> {
    let Some(rows) = table["rows"].as_array_mut() else {
        return Ok(());
    };
    if rows.len() < 2 {
        return Ok(());
    }
    let template = template(path)?;
    let mut order: Vec<(Option<Value>, Value)> = rows
        .drain(..)
        .map(|row| (key(&template, &row["object"]), row))
        .collect();
    sortable(kube, path, order.iter().filter_map(|(key, _)| key.as_ref()))?;
    let missing = !order.is_empty() && order.iter().all(|(key, _)| key.is_none());
    order.sort_by(|(a, _), (b, _)| compare(a.as_ref(), b.as_ref()));
    rows.extend(order.into_iter().map(|(_, row)| row));
    match missing {
        true => plain(format!(
            "couldn't find any field with path \"{}\" in the list of objects",
            template.source()
        )),
        false => Ok(()),
    }
}

/// Objects and lists have no order: there, the real one ends with a line of its log.
fn sortable<'v>(kube: &Kube, path: &str, keys: impl Iterator<Item = &'v Value>) -> Result<()> {
    for key in keys {
        let wrong = match key {
            Value::Object(_) => "map[string]interface {}",
            Value::Array(_) => "[]interface {}",
            _ => continue,
        };
        let head = crate::kubectl::trace::head(kube.now(), 'F', "sorter.go:375");
        kube.warn(&format!(
            "{head} Field {{{path}}} in [][][]reflect.Value is an unsortable type: interface, err: unsortable type: {wrong}"
        ));
        return Err(Failure::Exit(1));
    }
    Ok(())
}

fn template(path: &str) -> Result<Template> {
    Template::relaxed(path).map_err(|e| match e.starts_with("unexpected path string") {
        true => Failure::Plain(e),
        false => Failure::Plain(format!("error parsing jsonpath {path}, {e}")),
    })
}

fn key(template: &Template, object: &Value) -> Option<Value> {
    let found = template.find(object).ok()?;
    found.first().map(|v| (*v).clone())
}

/// What is missing comes first.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (None | Some(Value::Null), None | Some(Value::Null)) => Ordering::Equal,
        (None | Some(Value::Null), _) => Ordering::Less,
        (_, None | Some(Value::Null)) => Ordering::Greater,
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            let wide = |n: &serde_json::Number| n.as_i64().map_or(i128::MAX, i128::from);
            wide(a).cmp(&wide(b))
        }
        (Some(Value::String(a)), Some(Value::String(b))) => {
            match (Quantity::parse(a), Quantity::parse(b)) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => natural(a, b),
            }
        }
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(a), Some(b)) => a.to_string().cmp(&b.to_string()),
    }
}

/// Text with its numbers compared as numbers: `pod-9` before `pod-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let digits = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_digit()).count();
        let (n, m) = (digits(x), digits(y));
        if n > 0 && m > 0 {
            let number = |s: &[u8], n: usize| -> Vec<u8> {
                s.iter()
                    .take(n)
                    .copied()
                    .skip_while(|c| *c == b'0')
                    .collect()
            };
            let (p, q) = (number(x, n), number(y, m));
            let order = p
                .len()
                .cmp(&q.len())
                .then_with(|| p.cmp(&q))
                .then(n.cmp(&m));
            if order != Ordering::Equal {
                return order;
            }
            x = x.get(n..).unwrap_or_default();
            y = y.get(m..).unwrap_or_default();
            continue;
        }
        match (x.split_first(), y.split_first()) {
            (Some((c, xs)), Some((d, ys))) if c == d => {
                x = xs;
                y = ys;
            }
            (c, d) => return c.map(|c| c.0).cmp(&d.map(|d| d.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::natural;
    use std::cmp::Ordering;

    #[test]
    fn numbers_in_names_count() {
        assert_eq!(natural("pod-9", "pod-10"), Ordering::Less);
        assert_eq!(natural("a", "b"), Ordering::Less);
        assert_eq!(natural("a1", "a1"), Ordering::Equal);
        assert_eq!(natural("a", "ab"), Ordering::Less);
    }
}
