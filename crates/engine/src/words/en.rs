//! English: every text, and what is written where nothing says otherwise.

use super::{
    InvitationWords, Language, MailboxWords, Notice, PageWords, ServerKind, SurveyWords, Trial, UnsubscribeWords, Words,
};

pub(super) const WORDS: Words = Words {
    language: Language::English,
    greeting: |name| name.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},")),
    page: PAGE,
    invitation: INVITATION,
    survey: SURVEY,
    unsubscribe: UNSUBSCRIBE,
    mailbox: MAILBOX,
};

const BROKEN: &str = "This link does not work";

const PAGE: PageWords = PageWords {
    footer: "This page was opened by the link of a mail. It needs no account.",
    footer_without_cookie: "This page was opened by the link of a mail. It needs no account and sets no cookie.",
    failed: "That did not work",
    failed_text: |request| {
        format!("Something went wrong on our side, and nothing was changed. Try again in a moment. ({request})")
    },
    leads_nowhere: Notice {
        title: "Not found",
        text: "This link leads nowhere. It was changed on its way, or is not from here.",
    },
};

const INVITATION: InvitationWords = InvitationWords {
    subject: |host, workspace| match host {
        Some(host) => format!("{host} invites you to {workspace}"),
        None => format!("You are invited to {workspace}"),
    },
    lead: |host, workspace| {
        let who = match host {
            Some(host) => format!("{host} invites you to work with them in {workspace}"),
            None => format!("you are invited to {workspace}"),
        };
        format!(
            "{who}, where a team reads and answers its mail together: every conversation has one place, and everybody sees who takes care of it."
        )
    },
    accept: "Accept the invitation",
    until: |day| format!("The link works once, until {day}. You choose a password when you come in."),
    unexpected: "If you did not expect this, there is nothing to do: nobody can come in without the link.",
    copy: "Or copy this address into your browser:",
};

fn about(subject: Option<&str>) -> String {
    subject.map_or_else(String::new, |subject| format!(" about “{subject}”"))
}

const SURVEY: SurveyWords = SurveyWords {
    closed: |from, subject| {
        format!(
            "your conversation{} with {from} has been closed. If anything is still open, simply answer this mail and we go on.",
            about(subject)
        )
    },
    written: |from, subject| {
        format!(
            "you wrote with {from}{}. If anything is still open, simply answer this mail and we go on.",
            about(subject)
        )
    },
    may_we_ask: "May we ask how our help was? One click is enough, and you can add a sentence if you like: it is read by the people who helped you.",
    good: "Good",
    ok: "OK",
    bad: "Bad",
    how: "How was our help?",
    how_text: |from, subject| format!("You wrote with {from}{}. How was it?", about(subject)),
    thanks: "Thank you",
    thanks_for_now: |from| format!("{from} has your answer. You can change it here for a week."),
    thanks_for_good: |from| format!("{from} has your answer. It can't be changed any more."),
    yours: "Your answer",
    yours_text: |from, subject| format!("This is what you told {from}{}. You can change it.", about(subject)),
    over: "This survey is over",
    over_text: |from, subject| {
        format!("You wrote with {from}{} a while ago; it is no longer asked how that was.", about(subject))
    },
    legend: "Your answer",
    comment: "Anything to add? (optional)",
    send: "Send the answer",
    change: "Change the answer",
    no_link: Notice {
        title: BROKEN,
        text: "It is not complete, or the conversation it asks about is no more. Open the link of the mail once more, or answer the mail.",
    },
    too_late: "It is too late for that",
    too_late_text: |change, answer| {
        format!("An answer can be changed for {change} days, and a survey answered for {answer}.")
    },
    nothing_chosen: Notice {
        title: "Nothing was chosen",
        text: "Nothing was kept: go back and choose one of the three.",
    },
    too_long: "That was too long",
    too_long_text: |chars| format!("A comment has at most {chars} characters. Go back and make it shorter."),
};

const UNSUBSCRIBE: UnsubscribeWords = UnsubscribeWords {
    leave: "Unsubscribe",
    leave_domain: |domain| format!("Unsubscribe from everything of {domain}"),
    gets: |address, what, from| format!("{address} gets “{what}” from {from}."),
    left: "You are unsubscribed",
    left_text: |what, from, address| format!("“{what}” from {from} does not come to {address} any more."),
    left_domain_text: |domain, address| format!("Nothing from {domain} comes to {address} any more."),
    come_back: "Subscribe again",
    no_link: Notice {
        title: BROKEN,
        text: "It is not complete, or was changed on its way. Open the link of the mail once more, or answer the mail and ask to be taken off the list.",
    },
    too_long: Notice { title: "That was too long", text: "Open the link of the mail once more." },
    nothing_changed: Notice {
        title: "Nothing was changed",
        text: "Nothing was changed: the request said neither List-Unsubscribe=One-Click nor what to leave. Open the link of the mail in a browser.",
    },
};

const MAILBOX: MailboxWords = MailboxWords {
    footer: "Postroom keeps your sign-in sealed and uses it for this mailbox alone.",
    connect_title: "Connect your mailbox",
    sign_in_to: |address| format!("Sign in to {address}"),
    step: |step| if step == 1 { "Step 1 of 2." } else { "Step 2 of 2." },
    consent: |application| format!("{application} will be able to read and send mail as you."),
    or_with_password: "or with a password",
    name: "Your name",
    name_hint: "As others see it. May be empty.",
    email: "Email address",
    go_on: "Continue",
    looks_up: "We look up where your mailbox is. That can take up to half a minute.",
    incoming: "Incoming mail (IMAP)",
    outgoing: "Outgoing mail (SMTP)",
    outgoing_hint: "Leave it empty to receive only.",
    server: "Server",
    port: "Port",
    security: "Security",
    user: "User name",
    password: "Password",
    password_hint: "With two-step sign-in most providers want an app password here.",
    same: "Use the same user name and password for outgoing mail",
    connect: "Connect",
    back: "Back",
    signs_in: "We sign in to both servers first. That can take up to half a minute.",
    not_yet: |title| format!("Not yet: {title}"),
    not_connected_yet: "Not connected yet",
    tried: "What was tried",
    done: "Done",
    failed: "Failed",
    trial: |trial| match trial {
        Trial::Connect => "reach the server",
        Trial::Tls => "encrypt the connection",
        Trial::SignIn => "sign in",
        Trial::Folders => "list the folders",
        Trial::Other => "try the server",
    },
    refused: |server, trial, hint| {
        let which = match server {
            ServerKind::Incoming => "incoming",
            ServerKind::Outgoing => "outgoing",
        };
        let what = match trial {
            Trial::Connect => format!("The {which} server can't be reached"),
            Trial::Tls => format!("The connection to the {which} server can't be encrypted"),
            Trial::SignIn => format!("The {which} server does not let you in"),
            Trial::Folders | Trial::Other => format!("The {which} server does not answer as it should"),
        };
        match hint {
            Some(hint) => format!("{what}: {hint}."),
            None => format!("{what}. What it said is below."),
        }
    },
    found_nothing: "We could not find out where your mailbox is. Your provider's help pages name its servers.",
    guessed: "We guessed these servers. Check that they are your provider's before you enter a password.",
    found: "We found these servers. Check that they are your provider's before you enter a password.",
    enter_address: "Enter your email address, such as ann@example.com.",
    enter_host: "Enter the name of the server, such as mail.example.com.",
    enter_port: "Enter a port from 1 to 65535.",
    enter_user: "Enter the name to sign in with; often it is the whole address.",
    enter_password: "Enter the password.",
    connected: "Your mailbox is connected",
    taking_back: |application| format!("Taking you back to {application}."),
    on_to: |application| format!("Go on to {application}"),
    sign_in_with: |provider| format!("Sign in with {provider}"),
    try_again: "Try again",
    altered: Notice {
        title: BROKEN,
        text: "It is not complete, or was changed on its way. Go back to the application that sent you here and begin again.",
    },
    expired: Notice {
        title: "This link is too old",
        text: "It worked for a day. Go back to the application that sent you here and begin again.",
    },
    spent: Notice {
        title: "This link was used already",
        text: "A mailbox was connected with it, and nothing was changed now. To connect another one, begin again in the application that sent you here.",
    },
    open_too_long: Notice {
        title: "The page was open for too long",
        text: "Your browser did not send the cookie that came with the page. Allow cookies of this site and try again.",
    },
    not_offered: Notice {
        title: "This way to sign in is not offered",
        text: "It was switched off or taken away. Go back to the application that sent you here and begin again.",
    },
    too_long: Notice { title: "That is too long", text: "What was filled in is too long. Go back and shorten it." },
    too_often: "Too many tries",
    too_often_text: |seconds| {
        format!("Mail servers were tried too often from here. Wait {seconds} seconds, then send the page again.")
    },
    not_connected: "Your mailbox is not connected",
    provider_refused: |application, words| format!("The provider did not let {application} in. It said: {words}"),
    nobody: "The provider did not say whose mailbox it is. Ask whoever set this up to add the scopes openid and email.",
    servers_refused: "You signed in, but the mail servers do not take it. Whoever set this up can find out more with what they said:",
};
