//! What is free to differ between two clusters is made the same: ages and times, uids, revisions of
//! the store, hashes and generated names, addresses, nodes, temporary names, the order of rows that
//! kubectl does not sort.

/// The letters of generated names (`k8s.io/apimachinery/pkg/util/rand`).
const SAFE: &str = "bcdfghjklmnpqrstvwxz2456789";

/// A text of a command's output in its normal form.
pub fn normal(command: &str, text: &str) -> String {
    let text = without_distribution(text);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = normal_line(line);
        // How often a wait is told depends on timing, as do the counts on the way.
        if line.starts_with("Waiting for ") {
            continue;
        }
        lines.push(line);
    }
    sort_rows(command, &mut lines);
    if command.contains("describe") {
        normal_events(&mut lines);
    }
    lines.join("\n") + "\n"
}

/// The cluster of the transcripts put a config map of its distribution into every token volume.
fn without_distribution(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("ConfigMapName:")
            && line.ends_with("openshift-service-ca.crt")
        {
            lines.next_if(|next| next.trim_start().starts_with("Optional:"));
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn normal_line(line: &str) -> String {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let body = line.trim_start_matches(' ');
    let mut out = String::new();
    let mut token = String::new();
    let mut blanks = 0;
    for c in body.chars() {
        if c == ' ' {
            flush(&mut token, &mut out);
            blanks += 1;
            continue;
        }
        // A column is as wide as its widest cell, which may be a name: two blanks stand for any.
        out.extend(std::iter::repeat_n(' ', blanks.min(2)));
        blanks = 0;
        token.push(c);
    }
    flush(&mut token, &mut out);
    let line = times(&out);
    format!("{indent}{line}")
}

/// Replaces what is free to differ inside of a word.
fn flush(token: &mut String, out: &mut String) {
    let mut word = String::new();
    for c in std::mem::take(token).chars() {
        match c {
            // Words of names, times and addresses hold together.
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_') => word.push(c),
            c => {
                out.push_str(&normal_word(&word));
                word.clear();
                out.push(c);
            }
        }
    }
    out.push_str(&normal_word(&word));
}

fn normal_word(word: &str) -> String {
    let trimmed = word.trim_end_matches([':', '.']);
    let tail = &word[trimmed.len()..];
    format!("{}{tail}", exact_word(trimmed))
}

fn exact_word(word: &str) -> String {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if is_age(word) {
        return "AGE".to_owned();
    }
    if is_stamp(word) {
        return "TIME".to_owned();
    }
    if word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) {
        return "UID".to_owned();
    }
    // The fingerprint of a certificate.
    if word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return "FINGERPRINT".to_owned();
    }
    if let Some((address, port)) = word.split_once(':')
        && is_address(address)
        && digits(port)
    {
        return format!("IP:{port}");
    }
    if is_address(word) {
        return "IP".to_owned();
    }
    // Events are named after their object, with a time in nanoseconds behind it.
    if let Some((name, nanos)) = word.rsplit_once('.')
        && nanos.len() == 16
        && nanos.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return format!("{}.NANOS", generated(name));
    }
    // The machine on which the scheduler ran.
    if word.starts_with("default-scheduler-") {
        return "default-scheduler-HOST".to_owned();
    }
    if let Some(number) = word.strip_prefix("node-").filter(|n| digits(n)) {
        return format!("node-{}", "N".repeat(usize::from(!number.is_empty())));
    }
    generated(word)
}

fn is_age(word: &str) -> bool {
    let mut rest = word;
    let mut units = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = &rest[digits..];
        if digits == 0 || !after.starts_with(['s', 'm', 'h', 'd']) {
            return false;
        }
        rest = &after[1..];
        units += 1;
    }
    (1..=2).contains(&units)
}

/// `2026-11-20T17:43:29Z`, with or without a fraction, and what `sed` left of it.
fn is_stamp(word: &str) -> bool {
    word.starts_with("20") && word.get(4..5) == Some("-") && word.get(10..11) == Some("T")
}

fn is_address(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 4 && parts.iter().all(|p| p.parse::<u8>().is_ok())
}

/// Names that end in a template hash, a random suffix, or both.
fn generated(word: &str) -> String {
    let safe = |s: &str| s.chars().all(|c| SAFE.contains(c));
    if let Some(rest) = word.strip_prefix("kube-api-access-")
        && rest.len() == 5
    {
        return "kube-api-access-SUFFIX".to_owned();
    }
    let parts: Vec<&str> = word.split('-').collect();
    let hash =
        |s: &str| (7..=10).contains(&s.len()) && safe(s) && s.chars().any(|c| c.is_ascii_digit());
    if (8..=10).contains(&word.len()) && hash(word) {
        return "HASH".to_owned();
    }
    match parts.as_slice() {
        [base @ .., middle, last]
            if !base.is_empty() && hash(middle) && last.len() == 5 && safe(last) =>
        {
            format!("{}-HASH-SUFFIX", base.join("-"))
        }
        [base @ .., last] if !base.is_empty() && hash(last) => format!("{}-HASH", base.join("-")),
        [base @ .., last]
            if !base.is_empty() && last.len() == 5 && safe(last) && last != &"proxy" =>
        {
            format!("{}-SUFFIX", base.join("-"))
        }
        _ => word.to_owned(),
    }
}

/// Times of more than one word, and numbers that only the store knows.
fn times(line: &str) -> String {
    let mut line = line.to_owned();
    for (day, _) in ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .iter()
        .zip(0..)
    {
        while let Some(start) = line.find(&format!("{day}, "))
            && let Some(end) = line[start..].find(" +0000")
        {
            line.replace_range(start..start + end + 6, "TIME");
        }
    }
    // The heads of a diff: a date, a time with a fraction, a zone.
    if (line.starts_with("--- ") || line.starts_with("+++ "))
        && let Some(tab) = line.find('\t')
    {
        line.truncate(tab);
    }
    // A hash of digits alone is quoted in YAML, others are not.
    line = line.replace("\"HASH\"", "HASH");
    // How many replicas a step moves depends on how many pods became ready since the last one.
    if let Some(start) = line.find("Scaled ")
        && let Some(from) = line[start..].find(" from ")
    {
        line.truncate(start + from);
    }
    // Sets that were made within the same second are in the order of their names.
    if let Some(sets) = line.strip_prefix("OldReplicaSets:  ") {
        let mut sets: Vec<&str> = sets.split(", ").collect();
        sets.sort_unstable();
        line = format!("OldReplicaSets:  {}", sets.join(", "));
    }
    for key in ["resourceVersion: \"", "\"resourceVersion\": \""] {
        if let Some(start) = line.find(key).map(|i| i + key.len())
            && let Some(end) = line[start..].find('"')
        {
            line.replace_range(start..start + end, "N");
        }
    }
    line
}

/// Sorts the rows below the headings of tables, and lists of names.
fn sort_rows(command: &str, lines: &mut [String]) {
    let list = command.contains("-o name") || command.contains("delete pods --all");
    let ends = |line: &String| {
        line.is_empty()
            || line.starts_with("exit=")
            || line.starts_with("Name:")
            || is_heading(line)
    };
    let mut from = 0;
    while from < lines.len() {
        let heading = is_heading(&lines[from]);
        let start = from + usize::from(heading);
        let found = (start..lines.len()).find(|i| ends(&lines[*i]));
        let end = found.unwrap_or(lines.len());
        if heading || list {
            lines[start..end].sort();
        }
        from = end.max(from + 1);
    }
}

fn is_heading(line: &str) -> bool {
    line.starts_with("NAME ") || line.starts_with("LAST SEEN ")
}

/// Events of a description: as a set, without their ages and counts.
fn normal_events(lines: &mut Vec<String>) {
    let mut out: Vec<String> = Vec::new();
    let mut events: Vec<String> = Vec::new();
    let mut inside = false;
    for line in lines.drain(..) {
        if line.starts_with("Events:") {
            inside = true;
            out.push(line);
            continue;
        }
        if inside && line.starts_with("  ") {
            if line.trim_start().starts_with(['-']) || line.trim_start().starts_with("Type ") {
                continue;
            }
            let cells: Vec<&str> = line.trim().split("  ").collect();
            let kept: Vec<&str> = match cells.as_slice() {
                // From which event on similar ones are told together depends on their number.
                [type_, reason, _age, from, message] => {
                    let rest = message.strip_prefix("(combined from similar events): ");
                    vec![*type_, *reason, *from, rest.unwrap_or(message)]
                }
                [type_, reason, _age, rest @ ..] => [&[*type_, *reason], rest].concat(),
                other => other.to_vec(),
            };
            events.push(kept.join(" | "));
            continue;
        }
        if inside {
            inside = false;
            events.sort();
            events.dedup();
            out.append(&mut events);
        }
        out.push(line);
    }
    events.sort();
    events.dedup();
    out.append(&mut events);
    *lines = out;
}

#[test]
fn only_what_is_free_is_replaced() {
    for (line, expected) in [
        (
            "nginx-84c6c97457-44tnd   1/1     Running   0          0s",
            "nginx-HASH-SUFFIX  1/1  Running  0  AGE",
        ),
        ("  uid: d175fa91-7b17-4520-b353-49337a8e0222", "  uid: UID"),
        ("  resourceVersion: \"356\"", "  resourceVersion: \"N\""),
        (
            "    lastUpdateTime: \"2026-11-20T17:43:29Z\"",
            "    lastUpdateTime: \"TIME\"",
        ),
        (
            "web   10.64.0.40:80,10.64.0.41:80   2m3s",
            "web  IP:80,IP:80  AGE",
        ),
        (
            "Start Time:       Fri, 20 Nov 2026 17:43:29 +0000",
            "Start Time:  TIME",
        ),
        ("  replicas: 3", "  replicas: 3"),
        (
            "    message: ReplicaSet \"nginx-84c6c97457\" has",
            "    message: ReplicaSet \"nginx-HASH\" has",
        ),
        (
            "app=nginx,pod-template-hash=b5cd58bb8",
            "app=nginx,pod-template-hash=HASH",
        ),
        (
            "deployment.apps/nginx configured",
            "deployment.apps/nginx configured",
        ),
    ] {
        assert_eq!(normal_line(line), expected, "{line}");
    }
}
