use super::*;

const FILES: [&str; 2] = [include_str!("en.rs"), include_str!("de.rs")];

#[test]
fn the_language_liked_best_among_those_there_are_is_chosen() {
    let (en, de) = (Some(Language::English), Some(Language::German));
    for (header, expected) in [
        ("", None),
        ("de", de),
        ("de-AT,de;q=0.9,en;q=0.8", de),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", en),
        ("en;q=0.2, DE;q=0.3", de),
        ("en, de", en),
        ("de;q=0, en;q=0.1", en),
        ("de;q=0", None),
        ("de;q=often, en;q=0.1", en),
        ("fr, *", None),
        ("deutsch", None),
        (",;q=,-,;;", None),
    ] {
        assert_eq!(Language::accepted(header), expected, "{header}");
    }
    let long = "fr,".repeat(ACCEPTED_MAX) + "de";
    assert_eq!(Language::accepted(&long), None);
}

#[test]
fn a_language_is_found_by_its_tag() {
    for language in Language::ALL {
        assert_eq!(Language::parse(language.tag()), Some(language));
        assert_eq!(language.words().language, language);
    }
    assert_eq!(Language::parse("fr"), None);
}

/// The texts of a catalogue, as they are written there.
fn texts(file: &str) -> Vec<&str> {
    file.lines().filter(|line| !line.starts_with("//!")).flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn no_text_is_markup_and_none_was_copied_and_not_translated() {
    let mut seen = std::collections::HashSet::new();
    for file in FILES {
        let texts = texts(file);
        assert!(texts.len() > 100, "{}", texts.len());
        for text in &texts {
            assert!(!text.contains(['<', '>', '&', '\\']), "{text}");
        }
        let sentences: std::collections::HashSet<&str> =
            texts.into_iter().filter(|text| text.contains(' ') && !text.trim().is_empty()).collect();
        for text in sentences {
            assert!(seen.insert(text), "{text}");
        }
    }
}
