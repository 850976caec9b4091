//! What the page is about to share: a link, or a file where it is too much for one.

use std::rc::Rc;

use super::link;

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Files, the cluster and all that happened in it, and the moment that is shown.
    Everything,
    /// The files; whoever opens it gets a new cluster.
    Files,
    /// The lesson that is the open file; whoever opens it takes it.
    Lesson,
}

/// How far the link is.
#[derive(Clone, Debug, PartialEq)]
pub enum Packed {
    /// The browser is at it.
    Underway,
    /// The hash.
    Link(Rc<str>),
    /// Too much for a link, and how large it is when packed, in bytes.
    TooLarge(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub what: What,
    /// The address of this page, without query and hash.
    pub page: Rc<str>,
    /// Grows, so that an answer that comes late is known.
    pub serial: u32,
    /// How many files and requests it holds.
    pub files: usize,
    pub requests: usize,
    /// The moment that is shown: "3:20".
    pub moment: String,
    /// How many of the oldest requests are missing.
    pub missing: u64,
    /// What a file would hold.
    pub file: Rc<str>,
    pub packed: Packed,
    /// The open file, if it is a lesson.
    pub lesson: Option<Rc<str>>,
}

impl Share {
    /// Takes in the packed content.
    pub(super) fn pack(&mut self, bytes: &[u8]) {
        self.packed = match link::hash(bytes) {
            Some(hash) if self.fits() => Packed::Link(hash.into()),
            _ => Packed::TooLarge(bytes.len()),
        };
    }

    /// Whether it is within what a link may hold.
    pub fn fits(&self) -> bool {
        self.files <= link::MOST_FILES && self.file.len() <= link::LARGEST_CONTENT
    }

    /// The link; `None` while there is none.
    pub fn link(&self) -> Option<String> {
        match &self.packed {
            Packed::Link(hash) => Some(format!("{}#{hash}", self.page)),
            _ => None,
        }
    }

    /// What stands in the HTML of a page that embeds it: a script, once, and an element.
    pub fn snippet(&self) -> Option<String> {
        let Packed::Link(hash) = &self.packed else {
            return None;
        };
        let page = escaped(&self.page);
        let folder = page.rfind('/').and_then(|end| page.get(..=end));
        let folder = folder.unwrap_or_default();
        Some(format!(
            "<script type=\"module\" src=\"{folder}embed.js\"></script>\n\
             <kubarium-playground view=\"split\" height=\"520\" link=\"#{hash}\">\n\
             \x20 <a href=\"{page}#{hash}\">Open in Kubarium</a>\n\
             </kubarium-playground>\n"
        ))
    }

    /// How a file of it is called.
    pub fn file_name(&self) -> &'static str {
        match self.what {
            What::Everything => "cluster.kubarium.json",
            What::Files => "files.kubarium.json",
            What::Lesson => "lesson.kubarium.json",
        }
    }
}

/// Text for an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(page: &str, files: usize) -> Share {
        Share {
            what: What::Files,
            page: page.into(),
            serial: 1,
            files,
            requests: 0,
            moment: "0:40".to_owned(),
            missing: 0,
            file: "{}".into(),
            packed: Packed::Underway,
            lesson: None,
        }
    }

    #[test]
    fn a_link_and_a_snippet_lead_back_to_the_page() {
        let mut share = share("https://x.y/a&b/index.html", 1);
        assert_eq!((share.link(), share.snippet()), (None, None));
        share.pack(&[3, 0]);
        assert_eq!(share.link().unwrap(), "https://x.y/a&b/index.html#s=1.AwA");
        let snippet = share.snippet().unwrap();
        assert!(
            snippet.contains("src=\"https://x.y/a&amp;b/embed.js\""),
            "{snippet}"
        );
        assert!(snippet.contains("link=\"#s=1.AwA\""), "{snippet}");
    }

    #[test]
    fn what_is_too_much_becomes_a_file() {
        let mut many = share("x/", link::MOST_FILES + 1);
        many.pack(&[3, 0]);
        assert_eq!(many.packed, Packed::TooLarge(2));
        let mut long = share("x/", 1);
        long.pack(&vec![0; link::LONGEST_LINK]);
        assert_eq!(long.link(), None);
        assert!(matches!(long.packed, Packed::TooLarge(_)));
    }
}
