//! What every image with a shell comes with: folders, users, and what the kernel shows.

/// Folders, and what may be done in them. Those of [`SMALL`] busybox has as well.
const FOLDERS: [(&str, u16); 38] = [
    ("/", 0o755),
    ("/bin", 0o755),
    ("/boot", 0o755),
    ("/dev", 0o755),
    ("/dev/shm", 0o1777),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/lib", 0o755),
    ("/media", 0o755),
    ("/mnt", 0o755),
    ("/opt", 0o755),
    ("/proc", 0o555),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/sbin", 0o755),
    ("/srv", 0o755),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/usr", 0o755),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/local", 0o755),
    ("/usr/local/bin", 0o755),
    ("/usr/local/etc", 0o755),
    ("/usr/local/lib", 0o755),
    ("/usr/sbin", 0o755),
    ("/usr/share", 0o755),
    ("/usr/src", 0o755),
    ("/var", 0o755),
    ("/var/cache", 0o755),
    ("/var/lib", 0o755),
    ("/var/local", 0o755),
    ("/var/log", 0o755),
    ("/var/mail", 0o755),
    ("/var/run", 0o755),
    ("/var/spool", 0o755),
    ("/var/tmp", 0o1777),
    ("/var/www", 0o755),
];

/// The folders of an image that is made of busybox alone.
const SMALL: [&str; 17] = [
    "/",
    "/bin",
    "/dev",
    "/dev/shm",
    "/etc",
    "/home",
    "/lib",
    "/proc",
    "/root",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/sbin",
    "/var",
    "/var/run",
    "/var/spool",
    "/var/www",
];

const DEVICES: [&str; 8] = [
    "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero",
];

/// Accounts: name, number, home.
const USERS: [(&str, u32, &str); 9] = [
    ("root", 0, "/root"),
    ("daemon", 1, "/usr/sbin"),
    ("bin", 2, "/bin"),
    ("sys", 3, "/dev"),
    ("mail", 8, "/var/mail"),
    ("www-data", 33, "/var/www"),
    ("operator", 37, "/var"),
    ("nginx", 101, "/nonexistent"),
    ("nobody", 65534, "/nonexistent"),
];

/// The name of an image without its registry and tag.
fn short(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split([':', '@']).next().unwrap_or_default()
}

/// What images of a kind come without, of the tools that people look for.
const SMALL_LACKS: &str =
    " bash curl dig getent host jq less nano netcat ss tcpdump traceroute6 vim ";
const SLIM_LACKS: &str = " curl dig free host ifconfig ip jq killall less nano nc netcat netstat nslookup \
    ping pkill ps ss tcpdump telnet top vi vim wget xxd ";
const UBUNTU_LACKS: &str = " curl dig host ifconfig ip jq killall less nano nc netcat netstat nslookup ping \
    ss tcpdump telnet vi vim wget xxd ";
const FULL_LACKS: &str = " dig host ifconfig ip jq killall less nano nc netcat netstat nslookup ping ss \
    tcpdump telnet vi vim xxd ";

/// Whether an image's tools are those of busybox.
pub fn is_small(image: &str) -> bool {
    let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let name = short(image);
    matches!(name, "busybox" | "alpine" | "bash" | "agnhost")
        || image.contains("curlimages/curl")
        || tag.contains("alpine")
}

/// The shell that an image starts which starts one.
pub fn shell(image: &str) -> &'static str {
    match is_small(image) {
        true => "sh",
        false => "bash",
    }
}

/// Whether a well-known image comes without a tool.
pub fn lacks(image: &str, tool: &str) -> bool {
    let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let name = short(image);
    // What some have beside what is usual for their kind.
    let own = match name {
        "alpine" => "getent",
        "bash" => "bash getent",
        "nginx" | "curl" if is_small(image) => "curl getent",
        "nginx" | "nginx-unprivileged" | "mysql" => "curl",
        "agnhost" => "curl dig getent host",
        _ if is_small(image) && name != "busybox" => "getent",
        _ => "",
    };
    if own.split(' ').any(|own| own == tool) {
        return false;
    }
    let without = match name {
        _ if is_small(image) => SMALL_LACKS,
        "python" | "node" | "perl" if tag.contains("slim") => SLIM_LACKS,
        "python" | "node" | "perl" => FULL_LACKS,
        "ubuntu" | "mongo" | "mariadb" | "rabbitmq" => UBUNTU_LACKS,
        "debian" | "nginx" | "nginx-unprivileged" | "httpd" | "redis" | "memcached"
        | "postgres" | "mysql" => SLIM_LACKS,
        _ => return false,
    };
    without.contains(&format!(" {tool} "))
}

/// Whether an image comes with a folder of the list.
fn comes_with(image: &str, folder: &str) -> bool {
    short(image) != "busybox" || SMALL.contains(&folder)
}

/// The mode of a folder that the image comes with.
pub fn folder(path: &str, image: &str) -> Option<u16> {
    let found = FOLDERS.iter().find(|(folder, _)| *folder == path);
    let found = found.filter(|_| comes_with(image, path));
    found.map(|(_, mode)| *mode)
}

/// The names in such a folder.
pub fn names<'i>(path: &str, image: &'i str) -> impl Iterator<Item = &'static str> + use<'i> {
    let inside = match path {
        "/" => "/".to_owned(),
        path => format!("{path}/"),
    };
    let folders = FOLDERS.iter().filter_map(move |(folder, _)| {
        let name = folder.strip_prefix(&*inside)?;
        let name = Some(name).filter(|_| comes_with(image, folder))?;
        (!name.is_empty() && !name.contains('/')).then_some(name)
    });
    let files: &[&str] = match path {
        "/etc" => &["group", "hostname", "hosts", "passwd", "resolv.conf"],
        "/dev" => &DEVICES,
        "/proc" => &[
            "cpuinfo", "loadavg", "meminfo", "mounts", "self", "uptime", "version",
        ],
        _ => &[],
    };
    folders.chain(files.iter().copied())
}

/// The name of a user.
pub fn user_name(user: i64) -> Option<&'static str> {
    let found = USERS
        .iter()
        .find(|(_, number, _)| i64::from(*number) == user);
    found.map(|(name, _, _)| *name)
}

/// The number of a user, or of the group of that name.
pub fn user_number(name: &str) -> Option<u32> {
    let found = USERS.iter().find(|(known, _, _)| *known == name);
    found.map(|(_, number, _)| *number)
}

/// What a file says that every image has.
pub fn file(path: &str, image: &str) -> Option<String> {
    Some(match path {
        "/etc/passwd" => USERS
            .iter()
            .map(|(name, number, home)| {
                let shell = match number {
                    0 => "/bin/sh",
                    _ => "/bin/false",
                };
                format!("{name}:x:{number}:{number}:{name}:{home}:{shell}\n")
            })
            .collect(),
        "/etc/group" => USERS
            .iter()
            .map(|(name, number, _)| format!("{name}:x:{number}:\n"))
            .collect(),
        "/etc/os-release" => release(image)?.to_owned(),
        "/proc/version" => "Linux version 6.12.57 (gcc) #1 SMP\n".to_owned(),
        "/proc/cpuinfo" => (0..4)
            .map(|n| format!("processor\t: {n}\nmodel name\t: virtual\ncpu MHz\t\t: 2400.000\n\n"))
            .collect(),
        "/proc/meminfo" => {
            "MemTotal:        8388608 kB\nMemFree:         6291456 kB\nMemAvailable:    7340032 kB\n".to_owned()
        }
        "/proc/loadavg" => "0.08 0.03 0.01 1/102 17\n".to_owned(),
        path => {
            let device = path.strip_prefix("/dev/")?;
            DEVICES.contains(&device).then(String::new)?
        }
    })
}

/// Which distribution an image is made from, by what its name and tag say; busybox is made from none.
fn release(image: &str) -> Option<&'static str> {
    let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let name = short(image);
    Some(match name {
        "busybox" | "pause" => return None,
        _ if name == "alpine" || tag.contains("alpine") => {
            "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.22.2\nPRETTY_NAME=\"Alpine Linux v3.22\"\nHOME_URL=\"https://alpinelinux.org/\"\n"
        }
        "ubuntu" => {
            "PRETTY_NAME=\"Ubuntu 24.04.3 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n"
        }
        _ => {
            "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nVERSION=\"13 (trixie)\"\nVERSION_CODENAME=trixie\nID=debian\n"
        }
    })
}

/// What the kernel shows of a process.
pub fn of_process(what: &str, pid: u32, user: i64, title: &str) -> Option<String> {
    let name = title.split(' ').next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    Some(match what {
        "cmdline" => format!("{}\0", title.replace(' ', "\0")),
        "comm" => format!("{name}\n"),
        "status" => format!(
            "Name:\t{name}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t0\nUid:\t{user}\t{user}\t{user}\t{user}\n"
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_users() {
        assert_eq!(folder("/tmp", "nginx"), Some(0o1777));
        assert_eq!(folder("/nope", "nginx"), None);
        assert_eq!(
            names("/usr/local", "nginx").collect::<Vec<_>>(),
            ["bin", "etc", "lib"]
        );
        assert!(names("/", "nginx").any(|n| n == "opt"));
        let small: Vec<&str> = names("/", "registry.k8s.io/busybox:1.36").collect();
        assert_eq!(
            small.join(" "),
            "bin dev etc home lib proc root sys tmp usr var"
        );
        assert_eq!(folder("/opt", "busybox@sha256:0"), None);
        assert_eq!(user_name(0), Some("root"));
        assert_eq!(user_number("nobody"), Some(65534));
        let passwd = file("/etc/passwd", "busybox").unwrap_or_default();
        assert!(
            passwd.starts_with("root:x:0:0:root:/root:/bin/sh\n"),
            "{passwd}"
        );
    }

    #[test]
    fn images_come_without_what_they_come_without() {
        for (image, tools, expected) in [
            ("busybox:1.36", "curl bash dig", true),
            ("busybox:1.36", "wget nslookup nc ps free netstat vi", false),
            ("alpine", "curl bash ss", true),
            ("alpine", "getent wget", false),
            ("nginx:1.27", "ps wget ping ip vi free netstat", true),
            ("nginx:1.27", "curl bash getent", false),
            ("nginx:1.27-alpine", "bash dig", true),
            ("nginx:1.27-alpine", "curl wget ps", false),
            ("docker.io/library/ubuntu:24.04", "curl wget ping", true),
            ("docker.io/library/ubuntu:24.04", "ps free bash", false),
            ("python:3.13", "curl wget ps", false),
            ("python:3.13-slim", "curl wget ps", true),
            ("curlimages/curl:8.14.1", "bash", true),
            ("curlimages/curl:8.14.1", "curl wget", false),
            ("ghcr.io/acme/shop:3", "curl dig bash", false),
        ] {
            for tool in tools.split(' ') {
                assert_eq!(lacks(image, tool), expected, "{image} {tool}");
            }
        }
    }

    #[test]
    fn distributions() {
        for (image, expected) in [
            ("nginx:1.27", Some("trixie")),
            ("nginx:1.27-alpine", Some("Alpine")),
            ("docker.io/library/ubuntu:24.04", Some("noble")),
            ("busybox", None),
        ] {
            let found = file("/etc/os-release", image);
            assert_eq!(found.is_some(), expected.is_some(), "{image}");
            assert!(
                found
                    .unwrap_or_default()
                    .contains(expected.unwrap_or_default()),
                "{image}"
            );
        }
    }
}
