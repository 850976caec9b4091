//! `openssl`, as far as people ask for certificates with it: `genrsa`, `genpkey`, `req`, `x509`.

use crate::api::rfc3339::civil_of;
use crate::api::x509::{Certificate, Name, Request, private_key, request};
use crate::kubectl::shell::state::{Io, Shell};
use crate::sim::hash_bytes;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The options of a command: those with a value, those without, and what is left.
struct Options<'a> {
    values: Vec<(&'a str, &'a str)>,
    flags: Vec<&'a str>,
    rest: Vec<&'a str>,
}

impl<'a> Options<'a> {
    fn of(words: &'a [String]) -> Options<'a> {
        const VALUES: &str = " in out key keyout subj addext newkey algorithm pkeyopt days config ";
        let mut options = Options {
            values: Vec::new(),
            flags: Vec::new(),
            rest: Vec::new(),
        };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some(name) if VALUES.contains(&format!(" {name} ")) => {
                    options
                        .values
                        .push((name, words.next().unwrap_or_default()));
                }
                Some(name) => options.flags.push(name),
                None => options.rest.push(word),
            }
        }
        options
    }

    fn value(&self, name: &str) -> &'a str {
        let found = self.values.iter().rfind(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }
}

/// `openssl rand [-hex | -base64] BYTES`: drawn from the number of files made so far and the time.
fn rand(shell: &Shell, io: &Io, words: &[String]) -> Result<(), String> {
    let count = words.iter().find_map(|w| w.parse::<usize>().ok());
    let Some(count) = count.filter(|count| *count <= 4096) else {
        return Err("rand: Use -help for summary.".to_owned());
    };
    let number = {
        let mut state = shell.state.borrow_mut();
        state.temporary += 1;
        state.temporary
    };
    let mut bytes = Vec::new();
    let mut bits = shell.world.now().0;
    while bytes.len() < count {
        bits = crate::sim::hash_bytes(number, &bits.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
    }
    bytes.truncate(count);
    match words.iter().any(|w| w == "-base64") {
        true => io.out.line(&crate::api::base64::encode(&bytes)),
        false => {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            io.out.line(&hex);
        }
    }
    Ok(())
}

pub fn openssl(shell: &Shell, io: &Io, words: &[String]) -> i32 {
    let done = match words
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        Some(("genrsa" | "genpkey", rest)) => generate(shell, io, &Options::of(rest)),
        Some(("req", rest)) => req(shell, io, &Options::of(rest)),
        Some(("x509", rest)) => x509(shell, io, &Options::of(rest)),
        Some(("rand", rest)) => rand(shell, io, rest),
        Some(("version", _)) => {
            io.out
                .line("OpenSSL 3.5.4 30 Sep 2025 (Library: OpenSSL 3.5.4 30 Sep 2025)");
            Ok(())
        }
        Some((other, _)) => Err(format!(
            "Invalid command '{other}'; here are genrsa, genpkey, rand, req, x509 and version."
        )),
        None => Err("which command? Here are genrsa, genpkey, req, x509 and version.".to_owned()),
    };
    match done {
        Ok(()) => 0,
        Err(message) => {
            io.err.line(&message);
            1
        }
    }
}

/// To the file that `-out` names, or to be seen.
fn put(shell: &Shell, io: &Io, file: &str, text: &str) {
    match file {
        "" => io.out.write(text),
        file => shell.world.host.write_file(file, text),
    }
}

fn get(shell: &Shell, what: &str, file: &str) -> Result<String, String> {
    let text = shell.read_file(file).filter(|_| !file.is_empty());
    text.ok_or_else(|| {
        format!(
            "Could not open file or uri for loading {what} from {file}: No such file or directory"
        )
    })
}

/// A key of its own for each file and instant.
fn new_key(shell: &Shell, file: &str, bits: usize) -> String {
    private_key(hash_bytes(shell.world.now().0, file.as_bytes()), bits)
}

fn generate(shell: &Shell, io: &Io, options: &Options<'_>) -> Result<(), String> {
    let algorithm = options.value("algorithm");
    if !algorithm.is_empty() && !algorithm.eq_ignore_ascii_case("rsa") {
        return Err(format!(
            "Error initializing {algorithm} context: only RSA is known here"
        ));
    }
    let bits = options.value("pkeyopt").strip_prefix("rsa_keygen_bits:");
    let bits = options.rest.first().copied().or(bits).unwrap_or("2048");
    let bits: usize = bits
        .parse()
        .map_err(|_| format!("Extra arguments given: {bits}"))?;
    let file = options.value("out");
    put(shell, io, file, &new_key(shell, file, bits));
    Ok(())
}

fn req(shell: &Shell, io: &Io, options: &Options<'_>) -> Result<(), String> {
    if options.has("x509") {
        return Err("req: certificates that sign themselves are not made here".to_owned());
    }
    let text = if options.has("new") || !options.value("newkey").is_empty() {
        let key = match (options.value("key"), options.value("newkey")) {
            ("", new) => {
                let bits = new.rsplit(':').next().and_then(|b| b.parse().ok());
                let file = match options.value("keyout") {
                    "" => "privkey.pem",
                    file => file,
                };
                let key = new_key(shell, file, bits.unwrap_or(2048));
                put(shell, io, file, &key);
                key
            }
            (file, _) => get(shell, "private key", file)?,
        };
        let subject = match options.value("subj") {
            "" => {
                return Err("req: say who it is for, with -subj; nothing is asked here".to_owned());
            }
            subject => subject,
        };
        let names = options.value("addext").strip_prefix("subjectAltName");
        let names = names.map_or("", |names| names.trim_start_matches([' ', '=']));
        request(&key, subject, names)?
    } else {
        get(shell, "certificate request", options.value("in"))?
    };
    let read = Request::parse(text.as_bytes())
        .map_err(|_| "Could not find certificate request".to_owned())?;
    if options.has("subject") {
        io.out.line(&format!("subject={}", shown(&read.subject)));
    }
    if options.has("text") {
        io.out
            .line("Certificate Request:\n    Data:\n        Version: 1 (0x0)");
        io.out
            .line(&format!("        Subject: {}", shown(&read.subject)));
        let names = read.dns_names.iter().map(|n| format!("DNS:{n}"));
        let names = names.chain(read.ip_addresses.iter().map(|n| format!("IP Address:{n}")));
        let names: Vec<String> = names.collect();
        if !names.is_empty() {
            io.out.line(
                "        Requested Extensions:\n            X509v3 Subject Alternative Name: ",
            );
            io.out
                .line(&format!("                {}", names.join(", ")));
        }
    }
    if !options.has("noout") {
        put(shell, io, options.value("out"), &text);
    }
    Ok(())
}

fn x509(shell: &Shell, io: &Io, options: &Options<'_>) -> Result<(), String> {
    if options.has("req") {
        return Err(
            "x509: certificates are signed by the cluster: kubectl certificate approve".to_owned(),
        );
    }
    let text = get(shell, "certificate", options.value("in"))?;
    let read = Certificate::parse(text.as_bytes())
        .map_err(|_| format!("Could not find certificate from {}", options.value("in")))?;
    let (begins, ends) = (date(read.begins), date(read.ends));
    if options.has("text") {
        io.out.line(
            "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Issuer: CN = kubernetes",
        );
        io.out.line(&format!(
            "        Validity\n            Not Before: {begins}\n            Not After : {ends}"
        ));
        io.out
            .line(&format!("        Subject: {}", shown(&read.subject)));
    }
    if options.has("subject") {
        io.out.line(&format!("subject={}", shown(&read.subject)));
    }
    if options.has("issuer") {
        io.out.line("issuer=CN = kubernetes");
    }
    if options.has("dates") || options.has("startdate") {
        io.out.line(&format!("notBefore={begins}"));
    }
    if options.has("dates") || options.has("enddate") {
        io.out.line(&format!("notAfter={ends}"));
    }
    if !options.has("noout") {
        put(shell, io, options.value("out"), &text);
    }
    Ok(())
}

fn shown(name: &Name) -> String {
    let parts: Vec<String> = name
        .parts()
        .map(|(short, value)| format!("{short} = {value}"))
        .collect();
    parts.join(", ")
}

/// `Jan  1 00:00:07 2026 GMT`
fn date(seconds: i64) -> String {
    let c = civil_of(seconds);
    let month = MONTHS
        .get(usize::from(c.month).saturating_sub(1))
        .unwrap_or(&"");
    format!(
        "{month} {:2} {:02}:{:02}:{:02} {} GMT",
        c.day, c.hour, c.minute, c.second, c.year
    )
}
