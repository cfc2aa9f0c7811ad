//! Every limit of the product, with its name and unit. A limit nobody can find is a bug.

/// Largest mail accepted or sent, bytes (RFC 1870 SIZE), unless a channel says less.
pub const MESSAGE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Raw mails up to this many bytes are kept in the database, larger ones in the blob store.
pub const INLINE_BLOB_BYTES_MAX: usize = 16 * 1024;
/// Recipients of one inbound transaction (RFC 5321 §4.5.3.1.8 asks for at least 100).
pub const RECIPIENTS_INBOUND_MAX: usize = 100;
/// Recipients (to, cc and bcc) of one outbound message.
pub const RECIPIENTS_OUTBOUND_MAX: usize = 100;
/// Attachments of one outbound message.
pub const ATTACHMENTS_OUTBOUND_MAX: usize = 100;
/// MIME parts looked at in one mail; those beyond stay in the raw message.
pub const MIME_PARTS_MAX: usize = 1_000;
/// Levels of nested multiparts walked.
pub const MIME_DEPTH_MAX: usize = 100;
/// Header fields read of one mail.
pub const HEADER_FIELDS_MAX: usize = 1_000;
/// Received fields in one mail before it is taken for a loop (RFC 5321 §6.3).
pub const RECEIVED_HOPS_MAX: usize = 50;
/// References kept of one mail.
pub const REFERENCES_MAX: usize = 100;
/// Characters of a Message-ID kept (RFC 5322 §2.1.1 line limit).
pub const MESSAGE_ID_CHARS_MAX: usize = 998;
/// Characters of a conversation's preview.
pub const PREVIEW_CHARS_MAX: usize = 160;
/// Characters of a subject kept beside the raw mail.
pub const SUBJECT_CHARS_MAX: usize = 998;
/// Characters of body text put into the search index, a mail.
pub const SEARCH_TEXT_CHARS_MAX: usize = 64 * 1024;
/// Terms of one mail in the search index, and characters of each; the rest of a longer word is left out.
pub const SEARCH_TERMS_MAX: usize = 16_000;
pub const SEARCH_TERM_CHARS_MAX: usize = 64;
/// Bytes of HTML that are cleaned for display; longer mail is shown as text.
pub const HTML_DISPLAY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a text or HTML body that the API and the events show; a longer one is in the raw message alone.
pub const MESSAGE_BODY_BYTES_SHOWN_MAX: usize = 4 * 1024 * 1024;
/// Bytes of raw mail read for one page of messages; a page of larger ones is shorter.
pub const PAGE_RAW_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a link to an attachment holds, seconds. Webhooks are tried again for a day.
pub const ATTACHMENT_LINK_SECONDS: u64 = 48 * 60 * 60;
/// Bytes of a note's text.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a draft, as JSON.
pub const DRAFT_BYTES_MAX: usize = 512 * 1024;
/// Bytes of one uploaded file, and of all that one person has uploaded for messages that are not sent.
pub const UPLOAD_BYTES_MAX: usize = 35 * 1024 * 1024;
pub const UPLOADS_OF_USER_BYTES_MAX: u64 = 500 * 1024 * 1024;
/// Bytes of a contact's attributes, as JSON, and characters of a contact's name.
pub const CONTACT_ATTRIBUTES_BYTES_MAX: usize = 16 * 1024;
pub const CONTACT_NAME_CHARS_MAX: usize = 200;
/// Bytes of a note about a contact, and how many there are about one.
pub const CONTACT_NOTE_BYTES_MAX: usize = 16 * 1024;
pub const CONTACT_NOTES_MAX: u64 = 1_000;
/// Characters of what somebody says beside a rating.
pub const RATING_COMMENT_CHARS_MAX: usize = 2_000;
/// Hours after which a survey is sent at the latest, and days in which a contact is asked once.
pub const SURVEY_DELAY_HOURS_MAX: u32 = 30 * 24;
pub const SURVEY_CONTACT_DAYS_MAX: u32 = 366;
/// Characters of what a survey says above its link.
pub const SURVEY_TEXT_CHARS_MAX: usize = 2_000;
/// Days in which an answer to a survey can be changed, and after which nobody can answer any more.
pub const SURVEY_CHANGE_DAYS: u64 = 7;
pub const SURVEY_ANSWER_DAYS: u64 = 90;
/// Days that a retention rule may say: a hundred years.
pub const RETENTION_DAYS_MAX: u32 = 36_525;
/// Channels with a retention rule of their own.
pub const RETENTION_CHANNELS_MAX: usize = 1_000;
/// Items of a list page.
pub const PAGE_TAKE_DEFAULT: usize = 50;
pub const PAGE_TAKE_MAX: usize = 100;
/// Bytes of a JSON request body. Base64 of the largest message fits.
pub const REQUEST_BODY_BYTES_MAX: usize = 72 * 1024 * 1024;
/// Requests a second and key, sustained, and how many at once.
pub const REQUESTS_PER_SECOND: u32 = 100;
pub const REQUESTS_BURST: u32 = 200;
/// How long an idempotency key is remembered, seconds.
pub const IDEMPOTENCY_SECONDS: u64 = 24 * 60 * 60;
/// Days events are kept for replay.
pub const EVENT_RETENTION_DAYS: u64 = 30;
/// Labels of a conversation, and characters of each.
pub const LABELS_MAX: usize = 50;
pub const LABEL_CHARS_MAX: usize = 100;
/// Webhook endpoints of a workspace.
pub const WEBHOOK_ENDPOINTS_MAX: usize = 50;
/// Requests under way to one webhook endpoint.
pub const WEBHOOK_CONCURRENCY: usize = 4;
/// Seconds a webhook endpoint has to answer.
pub const WEBHOOK_TIMEOUT_SECONDS: u64 = 15;
/// Bytes of a webhook endpoint's answer that are kept.
pub const WEBHOOK_RESPONSE_BYTES_MAX: usize = 20 * 1024;
/// Bytes of an attachment fetched from a URL.
pub const FETCH_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// Bytes of a message template, all its parts together.
pub const TEMPLATE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of each part of a rendered template.
pub const TEMPLATE_RENDERED_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the variables given to a template, as JSON.
pub const TEMPLATE_VARIABLES_BYTES_MAX: usize = 256 * 1024;
/// What rendering one part of a template may take: a step is a text, a value, an argument, a turn of a loop.
/// One that looks at a longer text counts once more for so many bytes of it.
pub const TEMPLATE_STEPS_MAX: usize = 100_000;
pub const TEMPLATE_STEP_BYTES: usize = 1_024;
/// Blocks of a template within each other, calls of helpers within each other, and blocks and partials together while rendering.
pub const TEMPLATE_BLOCK_DEPTH_MAX: usize = 24;
pub const TEMPLATE_CALL_DEPTH_MAX: usize = 8;
pub const TEMPLATE_DEPTH_MAX: usize = 64;
/// How deep templates include each other, and how many templates one message may be made of.
pub const TEMPLATE_PARTIAL_DEPTH_MAX: usize = 8;
pub const TEMPLATE_PARTIALS_MAX: usize = 32;
/// Missing and wrong variables that are told of one part.
pub const TEMPLATE_FAULTS_MAX: usize = 50;
/// Use cases of a workspace, and characters of a use case's names and description.
pub const USE_CASES_MAX: usize = 1_000;
pub const USE_CASE_NAME_CHARS_MAX: usize = 100;
pub const USE_CASE_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Templates of a workspace, versions kept of one, and characters of its name and description.
pub const TEMPLATES_MAX: usize = 1_000;
pub const TEMPLATE_VERSIONS_MAX: usize = 100;
pub const TEMPLATE_NAME_CHARS_MAX: usize = 200;
pub const TEMPLATE_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Elements of the HTML of a template whose styles are inlined, and of MJML.
pub const TEMPLATE_ELEMENTS_MAX: usize = 5_000;
/// Bytes of the styles that are inlined, and how often a selector is held against an element.
pub const TEMPLATE_STYLE_BYTES_MAX: usize = 64 * 1024;
pub const TEMPLATE_STYLE_COMPARISONS_MAX: usize = 5_000_000;
/// Mails in whatever time that a limit of sending may allow.
pub const SEND_LIMIT_MAX: u32 = 1_000_000_000;
/// How much more each day of a warm-up may be than the one before, percent.
pub const WARM_UP_GROWTH_PERCENT_MAX: u32 = 1_000;
/// Sending domains of a workspace.
pub const DOMAINS_MAX: usize = 500;
/// How long a verified domain whose records broke still sends, seconds.
pub const DOMAIN_FAILING_SECONDS: u64 = 72 * 60 * 60;
/// SPF look-ups a receiver makes at most (RFC 7208 §4.6.4).
pub const SPF_LOOKUPS_MAX: usize = 10;
/// Records of one DNS answer that are looked at, and bytes of each.
pub const DNS_RECORDS_MAX: usize = 50;
pub const DNS_RECORD_BYTES_MAX: usize = 4 * 1024;
/// Names of blocklists asked by a domain's doctor.
pub const DNS_BLOCKLISTS_MAX: usize = 20;
/// Bytes and rows of one import of suppressions, rows written at once, and wrong rows that are told of.
pub const SUPPRESSION_IMPORT_BYTES_MAX: usize = 10 * 1024 * 1024;
pub const SUPPRESSION_IMPORT_ROWS_MAX: usize = 100_000;
pub const SUPPRESSION_IMPORT_BATCH: usize = 500;
pub const SUPPRESSION_IMPORT_ERRORS_MAX: usize = 100;
/// Characters of a suppression's detail, and of the id of what it is confined to.
pub const SUPPRESSION_DETAIL_CHARS_MAX: usize = 1_000;
pub const SUPPRESSION_SCOPE_ID_CHARS_MAX: usize = 100;
/// Soft bounces of an address within so many days, without a delivery between, that suppress it, and for how many days.
pub const SOFT_BOUNCES_MAX: u64 = 5;
pub const SOFT_BOUNCE_DAYS: u64 = 14;
pub const SOFT_BOUNCE_SUPPRESSION_DAYS: u64 = 30;
/// Contact lists of a workspace, characters of a list's name, and members of one.
pub const LISTS_MAX: usize = 1_000;
pub const LIST_NAME_CHARS_MAX: usize = 200;
pub const LIST_MEMBERS_MAX: u64 = 5_000_000;
/// Members added in one request, and bytes of one member's variables, as JSON.
pub const LIST_MEMBERS_ADDED_MAX: usize = 1_000;
pub const LIST_MEMBER_VARIABLES_BYTES_MAX: usize = 16 * 1024;
/// Bytes and rows of one import of members, rows written at once, and wrong rows that are told of.
pub const LIST_IMPORT_BYTES_MAX: usize = 10 * 1024 * 1024;
pub const LIST_IMPORT_ROWS_MAX: usize = 100_000;
pub const LIST_IMPORT_BATCH: usize = 500;
pub const LIST_IMPORT_ERRORS_MAX: usize = 100;
/// Broadcasts of a workspace, and characters of a broadcast's name.
pub const BROADCASTS_MAX: usize = 10_000;
pub const BROADCAST_NAME_CHARS_MAX: usize = 200;
/// Messages of a broadcast made in one transaction.
pub const BROADCAST_CHUNK: usize = 500;
/// Messages of a broadcast that wait for their first try at most, before more of them are made.
pub const BROADCAST_WAITING_MAX: u64 = 5_000;
/// Automations of a workspace, characters of one's name, conditions and actions of one.
pub const AUTOMATIONS_MAX: usize = 200;
pub const AUTOMATION_NAME_CHARS_MAX: usize = 100;
pub const AUTOMATION_CONDITIONS_MAX: usize = 30;
pub const AUTOMATION_ACTIONS_MAX: usize = 20;
/// Characters of a condition's value and of the name of an attribute, and bytes of a regular expression once it is compiled.
pub const AUTOMATION_VALUE_CHARS_MAX: usize = 1_000;
pub const AUTOMATION_ATTRIBUTE_CHARS_MAX: usize = 100;
pub const AUTOMATION_PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a mail's text that conditions look at.
pub const AUTOMATION_BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the text of an automatic answer or note.
pub const AUTOMATION_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Minutes without an answer, and minutes of a snooze: a year.
pub const AUTOMATION_MINUTES_MAX: u32 = 366 * 24 * 60;
/// Hours in which an automation answers the same contact once.
pub const AUTOMATION_REPLY_HOURS: u64 = 24;
/// Automatic answers of one automation within an hour: a flood of forged senders ends there.
pub const AUTOMATION_REPLIES_HOURLY_MAX: u64 = 1_000;
/// Automations that set each other off one after another, before the next one does not run.
pub const AUTOMATION_CHAIN_MAX: usize = 5;
/// Days the log of an automation's runs is kept, and mails that a dry run looks at.
pub const AUTOMATION_RUN_RETENTION_DAYS: u64 = 30;
pub const AUTOMATION_TEST_MESSAGES_MAX: usize = 500;
/// Matches that a dry run shows.
pub const AUTOMATION_TEST_SHOWN_MAX: usize = 100;
/// Stretches of a week's business hours, and holidays.
pub const BUSINESS_HOURS_MAX: usize = 50;
pub const HOLIDAYS_MAX: usize = 500;
/// Conversations changed by one request.
pub const BULK_CONVERSATIONS_MAX: usize = 100;
/// Saved views of one person (or of a workspace's keys), and characters of a view's name.
pub const VIEWS_MAX: usize = 100;
pub const VIEW_NAME_CHARS_MAX: usize = 100;
/// People one note mentions.
pub const NOTE_MENTIONS_MAX: usize = 50;
/// Characters of a search that are kept with a view.
pub const SEARCH_QUERY_CHARS_MAX: usize = 500;
/// Teams of a workspace, characters of a team's name, and members of one.
pub const TEAMS_MAX: usize = 200;
pub const TEAM_NAME_CHARS_MAX: usize = 100;
pub const TEAM_MEMBERS_MAX: usize = 200;
/// Policies of a workspace, characters of one's name, and channels and teams that one names.
pub const SLA_POLICIES_MAX: usize = 100;
pub const SLA_POLICY_NAME_CHARS_MAX: usize = 100;
pub const SLA_SCOPE_IDS_MAX: usize = 200;
/// Seconds a policy may give: a minute to 90 days.
pub const SLA_SECONDS_MIN: u32 = 60;
pub const SLA_SECONDS_MAX: u32 = 90 * 24 * 60 * 60;
/// A timer is due soon with a fifth of its time left, an hour at most, seconds.
pub const SLA_DUE_SOON_DIVISOR: u32 = 5;
pub const SLA_DUE_SOON_SECONDS_MAX: u32 = 60 * 60;
/// Days ahead that business hours are looked through for a time.
pub const OPEN_TIME_DAYS_MAX: i64 = 5 * 366;
/// Days that facts for the insight are kept: three years and a little.
pub const INSIGHT_RETENTION_DAYS: u64 = 1_100;
/// Measured times that one question for the insight reads.
pub const INSIGHT_MEASURES_MAX: usize = 2_000_000;
/// Groups that an insight shows, those with the most first.
pub const INSIGHT_GROUPS_MAX: usize = 500;
