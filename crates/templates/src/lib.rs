//! Message templates: Handlebars in, a subject, an HTML and a text out. Owns the language, its limits and its escaping.
//! Pure: no I/O and no clock; what a template names is given to it, and no style sheet, image or file is ever loaded.
//!
//! The language is Handlebars' (variables, `if`, `unless`, `each`, `with`, sections, partials, layouts, inline partials) with a
//! closed set of helpers. An engine of its own, since whoever writes a template must not be able to stop the process that serves
//! others: nothing recurses deeper than [`model::limits::TEMPLATE_DEPTH_MAX`], and every step is counted. A value is data wherever it
//! stands: it is never read as a template again.

mod email;
mod escape;
mod expression;
mod fault;
mod helpers;
mod markup;
mod parse;
mod render;
mod scope;
mod tokens;

pub use email::{Library, Rendered, Source, check, partials, render};
pub use fault::{Fault, FaultKind, Part};
