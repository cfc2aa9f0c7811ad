//! Pages of the mailbox API: counted from 0, with how many there are.

use serde::Deserialize;
use serde_json::{Value, json};

/// Items of a page where it is not said.
const SIZE: usize = 20;
const SIZE_MAX: usize = 1_000;

/// Which page is asked for, where nothing else is.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageQuery {
    page: usize,
    page_size: Option<usize>,
}

impl PageQuery {
    pub(super) fn part(&self) -> Part {
        Part::of(self.page, self.page_size)
    }
}

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    page: usize,
    size: usize,
}

impl Part {
    pub(super) fn of(page: usize, size: Option<usize>) -> Self {
        Self { page, size: size.unwrap_or(SIZE).clamp(1, SIZE_MAX) }
    }

    pub(super) const fn skip(self) -> usize {
        self.page.saturating_mul(self.size)
    }

    pub(super) const fn take(self) -> usize {
        self.size
    }

    /// The page, its items under `name`. One page there is always.
    pub(super) fn page(self, name: &str, items: Vec<Value>, total: u64) -> Value {
        let pages = total.div_ceil(self.size as u64).max(1);
        json!({ "total": total, "page": self.page, "pages": pages, name: items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_0_and_there_is_one_at_least() {
        let shown = |page, size, total| {
            let part = Part::of(page, size);
            (part.skip(), part.take(), part.page("items", Vec::new(), total)["pages"].clone())
        };
        assert_eq!(shown(0, None, 0), (0, 20, json!(1)));
        assert_eq!(shown(2, Some(10), 21), (20, 10, json!(3)));
        assert_eq!(shown(0, Some(0), 5), (0, 1, json!(5)));
        assert_eq!(shown(usize::MAX, Some(5_000), 5), (usize::MAX, 1_000, json!(1)));
    }
}
