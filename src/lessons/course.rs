//! The table of contents: chapters, and the lessons in them by name.

use serde_json::Value;

use crate::api::yaml;

/// `static/lessons/course.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub chapters: Vec<Chapter>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chapter {
    /// By language; the first is English.
    titles: Vec<(String, String)>,
    pub lessons: Vec<String>,
}

impl Chapter {
    /// The title in a language, or in English.
    pub fn title(&self, language: &str) -> &str {
        let of = |language: &str| self.titles.iter().find(|(name, _)| name == language);
        of(language)
            .or_else(|| of("en"))
            .map_or("", |(_, title)| title)
    }

    pub fn has_title(&self, language: &str) -> bool {
        self.titles.iter().any(|(name, _)| name == language)
    }
}

impl Course {
    /// Reads the text of `course.yaml`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Course, String> {
        let parsed = yaml::parse(text);
        if let Some(error) = parsed.error {
            return Err(error.message);
        }
        let value = parsed.documents.first().map(|d| &d.value);
        let chapters = value.and_then(|v| v["chapters"].as_array());
        let chapters = chapters.ok_or("chapters: Required value")?;
        let chapters = chapters.iter().enumerate().map(|(i, chapter)| {
            Chapter::read(chapter).map_err(|field| format!("chapters[{i}].{field}: Required value"))
        });
        Ok(Course {
            chapters: chapters.collect::<Result<_, String>>()?,
        })
    }

    /// All lessons, in the order in which they are taken.
    pub fn lessons(&self) -> impl Iterator<Item = &str> {
        let lists = self.chapters.iter().flat_map(|c| c.lessons.iter());
        lists.map(String::as_str)
    }

    /// The lesson after another one.
    pub fn after(&self, name: &str) -> Option<&str> {
        self.lessons().skip_while(|lesson| *lesson != name).nth(1)
    }
}

impl Chapter {
    fn read(value: &Value) -> Result<Chapter, &'static str> {
        let titles = value["title"].as_object().ok_or("title")?;
        let mut titles: Vec<(String, String)> = titles
            .iter()
            .filter_map(|(language, title)| Some((language.clone(), title.as_str()?.to_owned())))
            .collect();
        titles.sort_by_key(|(language, _)| language != "en");
        let lessons = value["lessons"].as_array().ok_or("lessons")?;
        let lessons = lessons.iter().filter_map(|l| Some(l.as_str()?.to_owned()));
        let chapter = Chapter {
            titles,
            lessons: lessons.collect(),
        };
        if !chapter.has_title("en") {
            return Err("title.en");
        }
        Ok(chapter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_have_titles_in_languages_and_lessons_follow_each_other() {
        let text = "chapters:\n- title: {en: Pods, zh-CN: 容器组}\n  lessons: [a, b]\n- title: {en: More}\n  lessons: [c]\n";
        let course = Course::read(text).unwrap();
        assert_eq!(course.chapters[0].title("zh-CN"), "容器组");
        assert_eq!(course.chapters[1].title("zh-CN"), "More");
        assert_eq!(course.lessons().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((course.after("b"), course.after("c")), (Some("c"), None));
        for (text, wrong) in [
            ("", "chapters: Required value"),
            (
                "chapters: [{lessons: []}]",
                "chapters[0].title: Required value",
            ),
            (
                "chapters: [{title: {zh-CN: x}, lessons: []}]",
                "chapters[0].title.en: Required value",
            ),
        ] {
            assert_eq!(Course::read(text), Err(wrong.to_owned()));
        }
    }
}
