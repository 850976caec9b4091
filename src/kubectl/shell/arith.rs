//! Whole numbers and what is computed with them: `$((...))`, `((...))`, `let`.

/// Parentheses nest no deeper.
const DEEPEST: usize = 32;
/// Nor do subscripts in subscripts.
const MOST_SUBSCRIPTS: usize = 8;

/// Where variables come from and go to.
pub trait Variables {
    fn get(&self, name: &str) -> String;
    fn set(&mut self, name: &str, value: i64);
}

struct Reader<'t, 'v> {
    rest: &'t str,
    depth: usize,
    variables: &'v mut dyn Variables,
    /// What is not chosen is read, and changes nothing.
    idle: bool,
}

/// The value of an expression; nothing is 0.
///
/// # Errors
/// What is wrong with it.
pub fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    let mut reader = Reader {
        rest: text,
        depth: 0,
        variables,
        idle: false,
    };
    reader.blanks();
    if reader.rest.is_empty() {
        return Ok(0);
    }
    let value = reader.comma()?;
    match reader.rest.is_empty() {
        true => Ok(value),
        false => Err(format!(
            "{}: syntax error in expression (error token is \"{}\")",
            text.trim(),
            reader.rest
        )),
    }
}

/// Operators of two sides, weakest first.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

const ASSIGNMENTS: [&str; 11] = [
    "<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "=",
];

impl<'t> Reader<'t, '_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                self.blanks();
                true
            }
            None => false,
        }
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn name(&self) -> Option<&'t str> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let name = self.rest.get(..end)?;
        if !super::lex::is_name(name) {
            return None;
        }
        // `NAME[...]` is a name, too.
        match self.rest.get(end..).filter(|r| r.starts_with('[')) {
            None => Some(name),
            Some(behind) => {
                let mut depth = 0usize;
                let mut deepest = 0usize;
                let close = behind.char_indices().find_map(|(at, c)| {
                    match c {
                        '[' => {
                            depth += 1;
                            deepest = deepest.max(depth);
                        }
                        ']' => depth -= 1,
                        _ => {}
                    }
                    (depth == 0).then_some(at)
                })?;
                // Each is an expression of its own.
                if deepest > MOST_SUBSCRIPTS {
                    return None;
                }
                self.rest.get(..end + close + 1)
            }
        }
    }

    fn assignment(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("expression nests too deeply".to_owned());
        }
        let value = self.assignment_inside();
        self.depth -= 1;
        value
    }

    fn assignment_inside(&mut self) -> Result<i64, String> {
        if let Some(name) = self.name() {
            let before = self.rest;
            self.rest = self.rest.get(name.len()..).unwrap_or_default();
            self.blanks();
            let equal = self.rest.starts_with("==");
            let found = ASSIGNMENTS
                .iter()
                .find(|op| !equal && self.rest.starts_with(**op));
            if let Some(operator) = found.copied() {
                self.take(operator);
                let right = self.assignment()?;
                let value = match operator.strip_suffix('=') {
                    Some("") | None => right,
                    Some(operator) => {
                        let left = self.variable(name)?;
                        self.apply(operator, left, right)?
                    }
                };
                if !self.idle {
                    self.variables.set(name, value);
                }
                return Ok(value);
            }
            self.rest = before;
        }
        let condition = self.level(0)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let idle = self.idle;
        self.idle = idle || condition == 0;
        let yes = self.assignment()?;
        if !self.take(":") {
            return Err("`:' expected for conditional expression".to_owned());
        }
        self.idle = idle || condition != 0;
        let no = self.assignment()?;
        self.idle = idle;
        Ok(if condition != 0 { yes } else { no })
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.power();
        };
        let mut left = self.level(level + 1)?;
        loop {
            let found = operators.iter().find(|op| {
                let Some(rest) = self.rest.strip_prefix(**op) else {
                    return false;
                };
                // A longer operator that begins alike is another one.
                match **op {
                    "|" => !rest.starts_with('|') && !rest.starts_with('='),
                    "&" => !rest.starts_with('&') && !rest.starts_with('='),
                    "<" => !rest.starts_with('<'),
                    ">" => !rest.starts_with('>'),
                    "*" => !rest.starts_with('*') && !rest.starts_with('='),
                    "+" | "-" | "/" | "%" | "^" | "<<" | ">>" => !rest.starts_with('='),
                    _ => true,
                }
            });
            let Some(operator) = found.copied() else {
                return Ok(left);
            };
            self.take(operator);
            let idle = self.idle;
            self.idle = idle || (operator == "||" && left != 0) || (operator == "&&" && left == 0);
            let right = self.level(level + 1)?;
            self.idle = idle;
            left = self.apply(operator, left, right)?;
        }
    }

    fn apply(&self, operator: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match operator {
            "||" => i64::from(left != 0 || right != 0),
            "&&" => i64::from(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<<" => left.wrapping_shl((right & 63) as u32),
            ">>" => left.wrapping_shr((right & 63) as u32),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => match self.idle {
                true => 0,
                false => return Err("division by 0".to_owned()),
            },
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            _ => return Err(format!("{operator}: syntax error")),
        })
    }

    fn power(&mut self) -> Result<i64, String> {
        let base = self.unary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.deeper(Self::power)?;
        match u32::try_from(exponent) {
            Ok(exponent) => Ok(base.wrapping_pow(exponent)),
            Err(_) => Err("exponent less than 0".to_owned()),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<i64, String>) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("expression nests too deeply".to_owned());
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn unary(&mut self) -> Result<i64, String> {
        for (token, by) in [("++", 1), ("--", -1)] {
            if self.rest.starts_with(token) {
                self.take(token);
                let Some(name) = self.name() else {
                    return Err(format!("{token}: a variable is needed"));
                };
                self.rest = self.rest.get(name.len()..).unwrap_or_default();
                self.blanks();
                return self.step(name, by).map(|(_, after)| after);
            }
        }
        if self.take("!") {
            return Ok(i64::from(self.deeper(Self::unary)? == 0));
        }
        if self.take("~") {
            return Ok(!self.deeper(Self::unary)?);
        }
        if self.take("-") {
            return Ok(self.deeper(Self::unary)?.wrapping_neg());
        }
        if self.take("+") {
            return self.deeper(Self::unary);
        }
        self.primary()
    }

    fn step(&mut self, name: &str, by: i64) -> Result<(i64, i64), String> {
        let before = self.variable(name)?;
        let after = before.wrapping_add(by);
        if !self.idle {
            self.variables.set(name, after);
        }
        Ok((before, after))
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.take("(") {
            let value = self.deeper(Self::comma)?;
            return match self.take(")") {
                true => Ok(value),
                false => Err("missing `)'".to_owned()),
            };
        }
        if let Some(name) = self.name() {
            self.rest = self.rest.get(name.len()..).unwrap_or_default();
            self.blanks();
            for (token, by) in [("++", 1), ("--", -1)] {
                if self.take(token) {
                    return self.step(name, by).map(|(before, _)| before);
                }
            }
            return self.variable(name);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.rest.len());
        let digits = self.rest.get(..end).unwrap_or_default();
        // `2#101`: digits of another base.
        if let Some(behind) = self.rest.get(end..).and_then(|r| r.strip_prefix('#'))
            && let Ok(base @ 2..=36) = digits.parse::<u32>()
        {
            let length = behind
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(behind.len());
            let digits = behind.get(..length).unwrap_or_default();
            let value = i64::from_str_radix(digits, base).map_err(|_| {
                format!("{digits}: value too great for base (error token is \"{digits}\")")
            })?;
            self.rest = behind.get(length..).unwrap_or_default();
            self.blanks();
            return Ok(value);
        }
        if digits.is_empty() {
            return Err(format!(
                "syntax error: operand expected (error token is \"{}\")",
                self.rest
            ));
        }
        let value = number(digits)?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        self.blanks();
        Ok(value)
    }

    /// A variable's value: a number, or the name of another variable.
    fn variable(&self, name: &str) -> Result<i64, String> {
        let mut name = name.to_owned();
        for _ in 0..8 {
            let text = self.variables.get(&name).trim().to_owned();
            if text.is_empty() {
                return Ok(0);
            }
            if !super::lex::is_name(&text) {
                let (sign, digits) = match text.strip_prefix('-') {
                    Some(digits) => (-1, digits),
                    None => (1, text.as_str()),
                };
                return number(digits).map(|n: i64| n.wrapping_mul(sign));
            }
            name = text;
        }
        Ok(0)
    }
}

/// `12`, `0x1f`, `017`.
fn number(digits: &str) -> Result<i64, String> {
    let (digits, base) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    i64::from_str_radix(digits, base).map_err(|_| match base {
        8 => format!("{digits}: value too great for base (error token is \"{digits}\")"),
        _ => format!("{digits}: syntax error: invalid arithmetic operator"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    impl Variables for BTreeMap<String, String> {
        fn get(&self, name: &str) -> String {
            BTreeMap::get(self, name).cloned().unwrap_or_default()
        }
        fn set(&mut self, name: &str, value: i64) {
            self.insert(name.to_owned(), value.to_string());
        }
    }

    #[test]
    fn what_expressions_give() {
        let mut variables = BTreeMap::from([
            ("a".to_owned(), "7".to_owned()),
            ("b".to_owned(), "a".to_owned()),
        ]);
        for (text, value) in [
            ("", 0),
            ("1 + 2 * 3", 7),
            ("(1+2)*3", 9),
            ("-2 ** 2", 4),
            ("7 / 2", 3),
            ("-7 % 3", -1),
            ("a + b", 14),
            ("a > 5 && a < 10", 1),
            ("a == 7 ? 1 : 0", 1),
            ("1 || 1/0", 1),
            ("0x1f + 010", 39),
            ("1 << 4 | 1", 17),
            ("!a", 0),
            ("c = 5, c += 2, c", 7),
            ("c++ + ++c", 16),
            ("a >= 7", 1),
            ("9223372036854775807 + 1", i64::MIN),
        ] {
            assert_eq!(evaluate(text, &mut variables), Ok(value), "{text}");
        }
        for text in [
            "1 +",
            "1/0",
            "(",
            "1 2",
            "08",
            "2 ** -1",
            &"(".repeat(999),
            &"a[".repeat(999),
        ] {
            assert!(evaluate(text, &mut variables).is_err(), "{text}");
        }
    }
}
