//! Licence expressions as crates write them: `MIT OR Apache-2.0`, `(A OR B) AND C`, the old `A/B`, and
//! `A WITH exception`. `AND` binds tighter than `OR`, as SPDX says.

/// Whether the licences we may use satisfy the expression.
pub fn allowed(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> Result<bool, &'static str> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() {
        return Err("is missing");
    }
    let mut parser = Parser {
        words: &words,
        is_allowed,
    };
    let value = parser.any()?;
    if parser.words.is_empty() {
        Ok(value)
    } else {
        Err("is no SPDX expression")
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    is_allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<bool, &'static str> {
        let mut value = self.all()?;
        while self.take("OR") {
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, &'static str> {
        let mut value = self.one()?;
        while self.take("AND") {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool, &'static str> {
        if self.take("(") {
            let value = self.any()?;
            return if self.take(")") {
                Ok(value)
            } else {
                Err("has an open parenthesis")
            };
        }
        match self.next() {
            None | Some("AND" | "OR" | "WITH" | ")") => Err("is no SPDX expression"),
            Some(id) if self.take("WITH") => {
                let exception = self.next().ok_or("ends after WITH")?;
                Ok((self.is_allowed)(&format!("{id} WITH {exception}")) || (self.is_allowed)(id))
            }
            Some(id) => Ok((self.is_allowed)(id)),
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.words.first() == Some(&word);
        if there {
            self.words = &self.words[1..];
        }
        there
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn expressions() {
        let ours = |id: &str| ["MIT", "Apache-2.0", "Unicode-3.0"].contains(&id);
        for (expression, expected) in [
            ("MIT", Ok(true)),
            ("GPL-3.0", Ok(false)),
            ("GPL-3.0 OR MIT", Ok(true)),
            ("MIT/GPL-3.0", Ok(true)),
            ("MIT AND GPL-3.0", Ok(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Ok(true)),
            ("MIT OR GPL-3.0 AND GPL-2.0", Ok(true)),
            ("(MIT OR GPL-3.0) AND GPL-2.0", Ok(false)),
            ("Apache-2.0 WITH LLVM-exception", Ok(true)),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", Ok(true)),
            ("", Err("is missing")),
            ("(MIT", Err("has an open parenthesis")),
            ("MIT Apache-2.0", Err("is no SPDX expression")),
            ("MIT OR", Err("is no SPDX expression")),
        ] {
            assert_eq!(allowed(expression, &ours), expected, "{expression}");
        }
    }
}
