//! The page around a cleaned mail, for a frame with an opaque origin. Owns the base style and the policy the page
//! carries itself; the server sends its own policy as well.

use super::{BLOCKED_IMAGE_CLASS, FOLD_CLASS};

/// What the page around a mail looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorScheme {
    #[default]
    Light,
    /// A mail that sets no colour and has no image is light on dark then; any other stays on white paper, with a margin.
    Dark,
}

/// What says that a mail was made for white paper. Taken for it where it stands in a text alone, too: white is always readable.
const MADE_FOR_PAPER: [&str; 4] = ["color", "background", "<img", "<font"];

/// A whole document around a cleaned fragment. With a nonce it carries one script, which tells the page around it
/// the height of the mail (`{type: "postroom:height", height, remoteImagesBlocked}` by `postMessage`, the number from
/// `window.remoteImagesBlocked` where the page sets it), makes a mail that is too wide fit, and marks the words that the page
/// around it asks for (`{type: "postroom:highlight", terms: [{words, prefix}]}`, words folded) without touching the mail's
/// elements; without, none. `style`: the mail's
/// own rules.
pub fn document(sanitized: &str, style: &str, nonce_script: Option<&str>, scheme: ColorScheme) -> String {
    let is_nonce = |nonce: &&str| {
        !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte))
    };
    let nonce = nonce_script.filter(is_nonce);
    let (policy, script) = match nonce {
        Some(nonce) => {
            (format!("script-src 'nonce-{nonce}'"), format!("<script nonce=\"{nonce}\">{HEIGHT_SCRIPT}</script>"))
        }
        None => ("script-src 'none'".to_owned(), String::new()),
    };
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' http: https: data:; \
         style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; {policy}\">\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"viewport\" content=\"width=device-width\">\
         <base target=\"_blank\"><style>{base_style}</style><style>{style}</style></head><body>{sanitized}{script}</body></html>",
        base_style = base_style(scheme, [sanitized, style].into_iter().any(is_made_for_paper)),
    )
}

fn is_made_for_paper(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    MADE_FOR_PAPER.iter().any(|sign| html.contains(sign))
}

/// Mail that sets colours sets dark text and trusts the canvas to be white, whatever is around it.
fn base_style(scheme: ColorScheme, made_for_paper: bool) -> String {
    let colors = match (scheme, made_for_paper) {
        (ColorScheme::Light, _) => String::new(),
        (ColorScheme::Dark, true) => "body{padding:12px}".to_owned(),
        (ColorScheme::Dark, false) => dark_style(),
    };
    format!(
        ":root{{color-scheme:light}}\
         body{{margin:0;padding:1px;background:#fff;color:#1f2328;font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif;overflow-wrap:break-word}}\
         img{{max-width:100%}}img:not([height]){{height:auto}}\
         img.{BLOCKED_IMAGE_CLASS}{{background:#f0f1f3;border-radius:3px;color:#6b7280;font-size:12px}}\
         ::highlight(postroom-found){{background-color:#ffe9a8;color:#1f2328}}\
         a{{color:#0b57d0}}pre{{white-space:pre-wrap;font:13px/1.5 ui-monospace,monospace}}\
         blockquote{{margin:0 0 0 .8ex;padding-left:1ex;border-left:2px solid #d0d4da}}\
         p.MsoNormal,p.MsoListParagraph,p.MsoNoSpacing{{margin:0}}\
         details.{FOLD_CLASS}{{margin:8px 0}}\
         details.{FOLD_CLASS}>summary{{display:inline-block;list-style:none;cursor:pointer;padding:0 8px;border-radius:8px;background:#e8eaed;color:#444;line-height:1.4}}\
         details.{FOLD_CLASS}>summary::-webkit-details-marker{{display:none}}{colors}"
    )
}

/// The dashboard's own colours in the dark.
fn dark_style() -> String {
    format!(
        ":root{{color-scheme:dark}}body{{background:none;color:#e9eaec}}a{{color:#93b4ff}}blockquote{{border-color:#43464d}}\
         ::highlight(postroom-found){{background-color:#5c4a12;color:#e9eaec}}\
         details.{FOLD_CLASS}>summary{{background:#2b2d32;color:#e9eaec}}"
    )
}

/// A mail that is wider than its frame is made smaller, down to half; what is wider still is scrolled. By the width alone: what
/// changes the height must not change the size again.
const HEIGHT_SCRIPT: &str = "(()=>{const root=document.documentElement;\
     const fit=()=>{const style=document.body.style;style.zoom=\"\";const has=root.clientWidth,wants=root.scrollWidth;\
     if(wants>has+1)style.zoom=String(Math.max(.5,has/wants))};\
     const tell=()=>parent.postMessage({type:\"postroom:height\",\
     height:Math.ceil(root.getBoundingClientRect().height),\
     remoteImagesBlocked:window.remoteImagesBlocked||0},\"*\");\
     let width=0;const both=()=>{if(root.clientWidth!==width){width=root.clientWidth;fit()}tell()};\
     addEventListener(\"load\",()=>{fit();tell()});new ResizeObserver(both).observe(root);both();\
     const fold=text=>text.normalize(\"NFKD\").replace(/[\\u0300-\\u036f]/g,\"\").toLowerCase();\
     const mark=terms=>{if(!self.Highlight)return;const ranges=[],walker=document.createTreeWalker(document.body,4);\
     for(let node;(node=walker.nextNode())&&ranges.length<1000;){const words=[...node.data.matchAll(/[\\p{L}\\p{N}\\p{M}]+/gu)];\
     for(const {words:wanted,prefix} of terms)for(let at=0;at+wanted.length<=words.length;at+=1){\
     const fits=wanted.every((word,place)=>{const found=fold(words[at+place][0]);\
     return prefix&&place===wanted.length-1?found.startsWith(word):found===word});\
     if(!fits)continue;const range=new Range(),last=words[at+wanted.length-1];\
     range.setStart(node,words[at].index);range.setEnd(node,last.index+last[0].length);ranges.push(range)}}\
     CSS.highlights.set(\"postroom-found\",new Highlight(...ranges))};\
     addEventListener(\"message\",event=>{const said=event.data;\
     if(event.source===parent&&said&&said.type===\"postroom:highlight\"&&Array.isArray(said.terms))mark(said.terms)})})()";
