//! Image names, and what is behind them.
//!
//! What an image does is declared by an [`Image`] object with its repository. The rules for
//! images that cannot be pulled, in this order:
//!
//! 1. A name that breaks the syntax of references is an invalid image name.
//! 2. A declared repository has the tags that it declares (none declared: every tag), and every
//!    digest. Any other tag is not found.
//! 3. Any other image exists, unless its name or tag says that it does not, by one of the words
//!    in [`SAYS_MISSING`]: `nosuch`, `no-such`, `does-not-exist`, `nonexistent`, `not-found`,
//!    `typo`, ... In the name it means that there is no such repository, in the tag that there is
//!    no such tag.
//!
//! An image that nobody declared is 50 MB, has a shell, and runs as a server that listens on the
//! ports of its container and of its probes, and answers every path with 200.

use std::rc::Rc;

use crate::api::play::{Image, Program};
use crate::api::quantity::Quantity;
use crate::sim::hash_bytes;

/// The compressed size of an image that nobody declared.
const DEFAULT_SIZE: u64 = 50_000_000;

/// Words in a name or a tag by which an undeclared image says that it does not exist.
const SAYS_MISSING: [&str; 14] = [
    "nosuch",
    "no-such",
    "not-exist",
    "notexist",
    "nonexist",
    "non-exist",
    "doesnt-exist",
    "doesntexist",
    "not-found",
    "notfound",
    "not-real",
    "nope",
    "invalid",
    "typo",
];

/// An image name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `docker.io/library/nginx`
    pub name: String,
    /// As manifests write it: `nginx`.
    pub familiar: String,
    /// `latest` when neither tag nor digest is given.
    pub tag: String,
    pub digest: Option<String>,
}

/// What a pull of an image brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub size: u64,
    pub program: Rc<Program>,
    /// Whether an `Image` object declares it.
    pub declared: bool,
}

impl Reference {
    /// Takes an image name apart (`github.com/distribution/reference`, ParseNormalizedNamed).
    ///
    /// # Errors
    /// Says what is wrong with it, in the words of that library.
    pub fn parse(text: &str) -> Result<Reference, String> {
        let invalid = || "invalid reference format".to_owned();
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |i| i + 1);
        let (name, tag) = match rest.get(slash..).and_then(|last| last.split_once(':')) {
            Some((last, tag)) => (rest.get(..slash + last.len()).unwrap_or(rest), Some(tag)),
            None => (rest, None),
        };
        if let Some(tag) = tag {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let fits = tag.chars().all(|c| word(c) || c == '.' || c == '-');
            if !fits || !tag.starts_with(word) || tag.len() > 128 {
                return Err(invalid());
            }
        }
        if let Some(digest) = &digest {
            let hex = digest.strip_prefix("sha256:").ok_or_else(invalid)?;
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err("invalid checksum digest length".to_owned());
            }
        }
        let (host, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
                (first, path.to_owned())
            }
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        if path.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(format!(
                "invalid reference format: repository name ({path}) must be lowercase"
            ));
        }
        let component = |c: &str| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            c.starts_with(inner)
                && c.ends_with(inner)
                && c.chars().all(|c| inner(c) || matches!(c, '.' | '_' | '-'))
        };
        if !path.split('/').all(component) {
            return Err(invalid());
        }
        let full = format!("{host}/{path}");
        let familiar = full
            .strip_prefix("docker.io/library/")
            .or_else(|| full.strip_prefix("docker.io/"))
            .unwrap_or(&full)
            .to_owned();
        Ok(Reference {
            familiar,
            name: full,
            tag: tag.unwrap_or("latest").to_owned(),
            digest,
        })
    }

    /// As a runtime writes it: `docker.io/library/nginx:1.27`.
    pub fn full(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.name),
            None => format!("{}:{}", self.name, self.tag),
        }
    }

    /// With the digest that stands for the content: the same for the same name and tag.
    pub fn id(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.name),
            None => format!("{}@sha256:{}", self.name, hex64(self.full().as_bytes())),
        }
    }

    /// What a pull brings.
    ///
    /// # Errors
    /// The runtime's error when it cannot be pulled.
    pub fn pull(&self, declared: &[Rc<Image>]) -> Result<Content, String> {
        let image = declared
            .iter()
            .find(|i| Reference::repository(&i.spec.repository) == self.familiar);
        match image {
            Some(image) => self.pull_declared(image),
            None => self.pull_undeclared(),
        }
    }

    /// A declared repository in its familiar form.
    fn repository(declared: &str) -> &str {
        declared
            .strip_prefix("docker.io/library/")
            .or_else(|| declared.strip_prefix("docker.io/"))
            .unwrap_or(declared)
    }

    fn pull_declared(&self, image: &Image) -> Result<Content, String> {
        let spec = &image.spec;
        let matches = |patterns: &[String]| patterns.iter().any(|p| glob(p, &self.tag));
        let version = spec.versions.iter().find(|v| matches(&v.tags));
        let exists = self.digest.is_some()
            || version.is_some()
            || spec.tags.is_empty()
            || matches(&spec.tags);
        if !exists {
            return Err(self.no_such_tag());
        }
        let size = version.and_then(|v| v.size.as_ref()).or(spec.size.as_ref());
        let size = size
            .and_then(|s| Quantity::parse(&s.0).ok())
            .map_or(DEFAULT_SIZE, |q| q.value().unsigned_abs());
        let program = version.and_then(|v| v.program.as_ref());
        let mut program = program.unwrap_or(&spec.program).clone();
        if program.name.is_empty() {
            program.name = self.last_part().to_owned();
        }
        Ok(Content {
            size,
            program: Rc::new(program),
            declared: true,
        })
    }

    fn pull_undeclared(&self) -> Result<Content, String> {
        let says = |text: &str| SAYS_MISSING.iter().any(|word| text.contains(word));
        if says(&self.name) {
            return Err(self.no_such_repository());
        }
        if self.digest.is_none() && says(&self.tag) {
            return Err(self.no_such_tag());
        }
        Ok(Content {
            size: DEFAULT_SIZE,
            program: Rc::new(Program {
                name: self.last_part().to_owned(),
                ..Program::default()
            }),
            declared: false,
        })
    }

    fn last_part(&self) -> &str {
        self.familiar.rsplit('/').next().unwrap_or_default()
    }

    fn no_such_tag(&self) -> String {
        let full = self.full();
        format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
        )
    }

    fn no_such_repository(&self) -> String {
        let full = self.full();
        format!(
            "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
        )
    }
}

/// 64 hexadecimal digits that stand for `bytes`: container ids and digests.
pub fn hex64(bytes: &[u8]) -> String {
    (1..=4)
        .map(|salt| format!("{:016x}", hash_bytes(salt, bytes)))
        .collect()
}

/// Whether `text` matches `pattern`, in which `*` stands for any text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let full = |text: &str| Reference::parse(text).map(|r| r.full());
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(full("nginx"), ok("docker.io/library/nginx:latest"));
        assert_eq!(full("acme/shop:2"), ok("docker.io/acme/shop:2"));
        assert_eq!(full("ghcr.io/acme/shop:2"), ok("ghcr.io/acme/shop:2"));
        assert_eq!(full("localhost:5000/a"), ok("localhost:5000/a:latest"));
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        assert_eq!(full(&digest), Ok(format!("docker.io/library/{digest}")));
        assert_eq!(
            full("Nginx:1"),
            Err(
                "invalid reference format: repository name (library/Nginx) must be lowercase"
                    .into()
            )
        );
        for bad in [
            "",
            "nginx:",
            "nginx:a b",
            "a//b",
            "-a",
            "nginx@sha256:12",
            "/",
        ] {
            assert!(full(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn undeclared_images_exist_unless_they_say_otherwise() {
        let pull = |text: &str| Reference::parse(text).and_then(|r| r.pull(&[]));
        assert!(pull("acme/shop:1").is_ok());
        let error = pull("acme/shop:does-not-exist").unwrap_err();
        assert!(error.ends_with("docker.io/acme/shop:does-not-exist: not found"));
        let error = pull("nosuchimage:1").unwrap_err();
        assert!(error.contains("pull access denied, repository does not exist"));
    }

    #[test]
    fn declared_images_have_the_tags_they_declare() {
        let mut image = Image::default();
        image.spec.repository = "nginx".into();
        image.spec.tags = vec!["latest".into(), "1.2*-alpine".into()];
        image.spec.versions = vec![crate::api::play::ImageVersion {
            tags: vec!["bad".into()],
            ..Default::default()
        }];
        let all = [Rc::new(image)];
        let pulls = |text: &str| Reference::parse(text).and_then(|r| r.pull(&all)).is_ok();
        assert!(pulls("nginx") && pulls("nginx:1.27-alpine") && pulls("nginx:bad"));
        assert!(pulls("docker.io/library/nginx:latest"));
        assert!(!pulls("nginx:1.27") && !pulls("nginx:1.27-alpine3"));
    }

    #[test]
    fn stars_stand_for_any_text() {
        assert!(glob("*", "") && glob("1.*", "1.16") && glob("a*b*c", "a-b-c"));
        assert!(!glob("1.*", "1") && !glob("1.16.*", "1.161") && !glob("a*a", "a"));
    }
}
