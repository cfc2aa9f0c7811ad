//! `/survey/…`: where the link of a survey leads. Opening it changes nothing, since scanners of mail follow links; the answer is a POST,
//! without cookies and without a script. Owns what is shown there; what an answer is is the engine's.

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::surveys::answering::{self, Survey};
use engine::words::{Notice, SurveyWords, Words};
use engine::{Engine, EngineError};
use model::limits::{RATING_COMMENT_CHARS_MAX, SURVEY_ANSWER_DAYS, SURVEY_CHANGE_DAYS};
use model::survey::RatingValue;
use serde::Deserialize;

use super::language::Visitor;
use super::page::{escape, notice, page};
use crate::app::App;
use crate::observe;

/// Bytes of a filled-in form: its longest comment, percent-encoded.
const FORM_BYTES_MAX: usize = 32 * 1024;

pub fn router() -> Router<App> {
    Router::new().route("/survey/{id}/{signature}", get(show).post(answer))
}

#[derive(Debug, Default, Deserialize)]
struct Chosen {
    /// What the link in the mail suggests.
    rating: Option<String>,
    saved: Option<String>,
}

/// The survey of a link and the words that it is asked in, or why there is none.
async fn find(
    engine: &Engine,
    visitor: Visitor,
    id: &str,
    signature: &str,
) -> Result<(Survey, &'static Words), Response> {
    match answering::look_up(engine, id, signature).await {
        Ok(survey) => {
            let words = visitor.mail_reader(survey.language);
            Ok((survey, words))
        }
        Err(error) => Err(failed(visitor.mail_reader(None), &error)),
    }
}

fn said(words: &Words, status: StatusCode, title: &str, text: &str) -> Response {
    notice(words.language, status, title, text, words.page.footer_without_cookie)
}

fn failed(words: &Words, error: &EngineError) -> Response {
    let survey = &words.survey;
    match error {
        EngineError::NotFound { .. } => said(words, StatusCode::NOT_FOUND, survey.no_link.title, survey.no_link.text),
        EngineError::Conflict(_) => {
            let text = (survey.too_late_text)(SURVEY_CHANGE_DAYS, SURVEY_ANSWER_DAYS);
            said(words, StatusCode::CONFLICT, survey.too_late, &text)
        }
        error => {
            let request_id = observe::request_id();
            tracing::error!(%error, request_id, "a survey could not be shown or answered");
            let text = (words.page.failed_text)(&request_id);
            said(words, StatusCode::SERVICE_UNAVAILABLE, words.page.failed, &text)
        }
    }
}

async fn show(
    State(engine): State<Engine>,
    Path((id, signature)): Path<(String, String)>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    match find(&engine, Visitor::of(&headers), &id, &signature).await {
        Ok((survey, words)) => shown(words, &survey, &chosen),
        Err(answer) => answer,
    }
}

async fn answer(
    State(App { engine, limiter, .. }): State<App>,
    Path((id, signature)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (survey, words) = match find(&engine, Visitor::of(request.headers()), &id, &signature).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if let Err(too_often) = limiter.check_opt_out(survey.id.as_str()) {
        return too_often.into_response();
    }
    let Ok(body) = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await else {
        let text = (words.survey.too_long_text)(RATING_COMMENT_CHARS_MAX);
        return said(words, StatusCode::PAYLOAD_TOO_LARGE, words.survey.too_long, &text);
    };
    let (mut rating, mut comment) = (None, String::new());
    for (name, value) in url::form_urlencoded::parse(&body) {
        match name.as_ref() {
            "rating" => rating = RatingValue::parse(&value),
            "comment" => comment = value.into_owned(),
            _ => {}
        }
    }
    let Some(rating) = rating else {
        let Notice { title, text } = words.survey.nothing_chosen;
        return said(words, StatusCode::BAD_REQUEST, title, text);
    };
    match answering::answer(&engine, &id, &signature, rating, &comment).await {
        Ok(()) => Redirect::to(&format!("/survey/{id}/{signature}?saved=true")).into_response(),
        Err(error) => failed(words, &error),
    }
}

fn shown(words: &Words, survey: &Survey, chosen: &Chosen) -> Response {
    let texts = &words.survey;
    let from = survey.from.as_str();
    let subject = Some(survey.subject.trim()).filter(|subject| !subject.is_empty());
    let suggested = chosen.rating.as_deref().and_then(RatingValue::parse);
    let (title, text) = match (&survey.answer, survey.is_open) {
        (Some(_), true) if chosen.saved.is_some() => (texts.thanks, (texts.thanks_for_now)(from)),
        (Some(_), true) => (texts.yours, (texts.yours_text)(from, subject)),
        (Some(_), false) => (texts.thanks, (texts.thanks_for_good)(from)),
        (None, true) => (texts.how, (texts.how_text)(from, subject)),
        (None, false) => (texts.over, (texts.over_text)(from, subject)),
    };
    let form = if survey.is_open { form(texts, survey, suggested) } else { String::new() };
    let body = format!("<h1>{}</h1><p>{}</p>{form}", escape(title), escape(&text));
    page(words.language, StatusCode::OK, title, "", &body, words.page.footer_without_cookie)
}

fn form(texts: &SurveyWords, survey: &Survey, suggested: Option<RatingValue>) -> String {
    let given = survey.answer.as_ref().map(|(rating, _)| *rating);
    let checked = suggested.filter(|_| given.is_none()).or(given);
    // The mouth of a face, drawn, since not every machine has the characters.
    let offered =
        [(RatingValue::Good, "M11 19q5 6 10 0"), (RatingValue::Ok, "M11 21h10"), (RatingValue::Bad, "M11 23q5-6 10 0")];
    let choice = |(rating, mouth): (RatingValue, &str)| {
        let word = escape(texts.rating(rating));
        let is_checked = if checked == Some(rating) { " checked" } else { "" };
        format!(
            "<label><svg class=\"face\" viewBox=\"0 0 32 32\" aria-hidden=\"true\"><circle cx=\"16\" cy=\"16\" r=\"13\"/>\
             <path d=\"M12 12v1M20 12v1{mouth}\"/></svg>{word}\
             <input type=\"radio\" name=\"rating\" value=\"{}\" required{is_checked}></label>",
            rating.as_str()
        )
    };
    let choices: String = offered.map(choice).concat();
    let comment = survey.answer.as_ref().and_then(|(_, comment)| comment.as_deref()).unwrap_or_default();
    let button = escape(if given.is_some() { texts.change } else { texts.send });
    // The path without what the link suggested: what is sent says it.
    format!(
        "<form method=\"post\"><fieldset><legend>{}</legend><div class=\"faces\">{choices}</div></fieldset>\
         <div class=\"field\"><label for=\"comment\">{}</label>\
         <textarea id=\"comment\" name=\"comment\" maxlength=\"{RATING_COMMENT_CHARS_MAX}\">{}</textarea></div>\
         <div class=\"actions\"><button class=\"button\">{button}</button></div></form>",
        escape(texts.legend),
        escape(texts.comment),
        escape(comment)
    )
}
