//! What tells of the machine: `free`, `netstat`, `ss`.

use std::rc::Rc;

use crate::kubelet::runtime::shell::Machine;
use crate::kubelet::runtime::shell::run::Shell;

impl Shell {
    pub(super) fn sockets(&mut self, name: &str, args: &[Rc<str>], m: &mut dyn Machine) -> i32 {
        let mut letters = String::new();
        for word in args {
            match word.strip_prefix("--") {
                Some("human") => letters.push('h'),
                Some("mebi") => letters.push('m'),
                Some("gibi") => letters.push('g'),
                Some("bytes") => letters.push('b'),
                Some("listening") => letters.push('l'),
                Some("tcp") => letters.push('t'),
                Some("udp") => letters.push('u'),
                Some("numeric") => letters.push('n'),
                Some("processes") => letters.push('p'),
                Some(_) => {}
                None => letters.push_str(word.trim_start_matches('-')),
            }
        }
        let text = match name {
            "free" => free(&letters, m),
            "netstat" => netstat(&letters, m),
            _ => ss(&letters, m),
        };
        self.print(1, &text, m);
        0
    }
}

/// A number of kibibytes as `-h` writes it: two digits, or one behind a point.
fn human(kib: u64) -> String {
    let (mut value, mut unit) = (kib * 10, "Ki");
    for next in ["Mi", "Gi", "Ti"] {
        if value < 10_240 {
            break;
        }
        (value, unit) = (value.div_ceil(1024), next);
    }
    match value {
        0 => "0B".to_owned(),
        1..=99 => format!("{}.{}{unit}", value / 10, value % 10),
        _ => format!("{}{unit}", value / 10),
    }
}

/// Divergence: of the node's memory the same parts are used and kept as buffers, whatever runs there.
fn free(letters: &str, m: &dyn Machine) -> String {
    let total = m.memory() / 1024;
    let (used, shared, cached) = (total / 8, 4_096, total / 4);
    let unused = total - used - cached;
    let shown = |kib: u64| match letters {
        l if l.contains('h') => human(kib),
        l if l.contains('b') => (kib * 1024).to_string(),
        l if l.contains('m') => (kib / 1024).to_string(),
        l if l.contains('g') => (kib / 1024 / 1024).to_string(),
        _ => kib.to_string(),
    };
    let label = if m.is_small() { 7 } else { 8 };
    let heads = ["total", "used", "free", "shared", "buff/cache", "available"];
    let mut out = " ".repeat(label);
    heads
        .iter()
        .for_each(|head| out.push_str(&format!("{head:>12}")));
    out.push('\n');
    let row = |name: &str, values: &[u64]| {
        let mut line = format!("{name:<label$}");
        for value in values {
            line.push_str(&format!("{:>12}", shown(*value)));
        }
        line + "\n"
    };
    let values = [total, used, unused, shared, cached, unused + cached * 3 / 4];
    out.push_str(&row("Mem:", &values));
    out.push_str(&row("Swap:", &[0, 0, 0]));
    out
}

fn netstat(letters: &str, m: &dyn Machine) -> String {
    if letters.contains('r') {
        return "Kernel IP routing table\nDestination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n".to_owned();
    }
    let processes = letters.contains('p');
    let title = match (letters.contains('l'), letters.contains('a')) {
        (true, _) => "only servers",
        (_, true) => "servers and established",
        _ => "w/o servers",
    };
    let mut out = format!(
        "Active Internet connections ({title})\nProto Recv-Q Send-Q Local Address           Foreign Address         State      {}\n",
        if processes {
            " PID/Program name    "
        } else {
            " "
        }
    );
    let listens = letters.contains(['l', 'a']);
    let tcp = letters.contains('t') || !letters.contains('u');
    for (port, pid, name) in m.listening() {
        if !listens || !tcp {
            break;
        }
        for (local, foreign) in [
            (format!("0.0.0.0:{port}"), "0.0.0.0:*"),
            (format!(":::{port}"), ":::*"),
        ] {
            let process = match (processes, pid) {
                (false, _) => String::new(),
                (true, 0) => "-".to_owned(),
                (true, pid) => format!("{pid}/{name}"),
            };
            out.push_str(&format!(
                "tcp        0      0 {local:<23} {foreign:<23} LISTEN      {process}\n"
            ));
        }
    }
    out
}

fn ss(letters: &str, m: &dyn Machine) -> String {
    let processes = letters.contains('p');
    let bare = letters.contains('H');
    let listens = letters.contains(['l', 'a']);
    let tcp = letters.contains('t') || !letters.contains('u');
    let mut out = match bare {
        true => String::new(),
        false => "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n".to_owned(),
    };
    for (port, pid, name) in m.listening() {
        if !listens || !tcp {
            break;
        }
        let process = match processes && pid > 0 {
            true => format!("users:((\"{name}\",pid={pid},fd=6))"),
            false => String::new(),
        };
        let local = format!("0.0.0.0:{port}");
        out.push_str(&format!(
            "LISTEN 0      511    {local:>18} {:>17}{process}\n",
            "0.0.0.0:*"
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_for_people() {
        for (kib, expected) in [
            (0, "0B"),
            (5, "5.0Ki"),
            (8_956, "8.8Mi"),
            (11_575_468, "11Gi"),
            (1_048_576, "1.0Gi"),
        ] {
            assert_eq!(human(kib), expected);
        }
    }
}
