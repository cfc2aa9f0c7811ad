//! German, with Sie.

use super::{
    InvitationWords, Language, MailboxWords, Notice, PageWords, ServerKind, SurveyWords, Trial, UnsubscribeWords, Words,
};

pub(super) const WORDS: Words = Words {
    language: Language::German,
    greeting: |name| name.map_or_else(|| "Guten Tag,".to_owned(), |name| format!("Guten Tag {name},")),
    page: PAGE,
    invitation: INVITATION,
    survey: SURVEY,
    unsubscribe: UNSUBSCRIBE,
    mailbox: MAILBOX,
};

const BROKEN: &str = "Dieser Link funktioniert nicht";

const PAGE: PageWords = PageWords {
    footer: "Diese Seite wurde über den Link einer E-Mail geöffnet. Ein Konto ist nicht nötig.",
    footer_without_cookie: "Diese Seite wurde über den Link einer E-Mail geöffnet. Ein Konto ist nicht nötig, Cookies werden nicht gesetzt.",
    failed: "Das hat nicht geklappt",
    failed_text: |request| {
        format!(
            "Bei uns ist etwas schiefgegangen, geändert wurde nichts. Versuchen Sie es gleich noch einmal. ({request})"
        )
    },
    leads_nowhere: Notice {
        title: "Nicht gefunden",
        text: "Dieser Link führt nirgendwohin. Er wurde unterwegs verändert oder ist nicht von hier.",
    },
};

const INVITATION: InvitationWords = InvitationWords {
    subject: |host, workspace| match host {
        Some(host) => format!("{host} lädt Sie zu {workspace} ein"),
        None => format!("Einladung zu {workspace}"),
    },
    lead: |host, workspace| {
        let who = match host {
            Some(host) => format!("{host} lädt Sie ein, bei {workspace} mitzuarbeiten"),
            None => format!("Sie sind zu {workspace} eingeladen"),
        };
        format!(
            "{who}. Dort liest und beantwortet ein Team seine E-Mails gemeinsam: Jede Konversation hat ihren Platz, und alle sehen, wer sich darum kümmert."
        )
    },
    accept: "Einladung annehmen",
    until: |day| {
        let day = day.strftime("%d.%m.%Y");
        format!("Der Link funktioniert einmal, bis zum {day}. Ihr Passwort wählen Sie beim ersten Anmelden.")
    },
    unexpected: "Falls Sie das nicht erwartet haben, müssen Sie nichts tun: Ohne den Link kommt niemand herein.",
    copy: "Oder kopieren Sie diese Adresse in Ihren Browser:",
};

fn about(subject: Option<&str>) -> String {
    subject.map_or_else(String::new, |subject| format!(" zu „{subject}“"))
}

const SURVEY: SurveyWords = SurveyWords {
    closed: |from, subject| {
        format!(
            "Ihre Konversation mit {from}{} ist abgeschlossen. Falls noch etwas offen ist, antworten Sie einfach auf diese E-Mail, und wir machen weiter.",
            about(subject)
        )
    },
    written: |from, subject| {
        format!(
            "Sie haben mit {from}{} geschrieben. Falls noch etwas offen ist, antworten Sie einfach auf diese E-Mail, und wir machen weiter.",
            about(subject)
        )
    },
    may_we_ask: "Dürfen wir fragen, wie unsere Hilfe war? Ein Klick genügt, und wenn Sie mögen, ergänzen Sie einen Satz: Ihn lesen die Menschen, die Ihnen geholfen haben.",
    good: "Gut",
    ok: "Geht so",
    bad: "Schlecht",
    how: "Wie war unsere Hilfe?",
    how_text: |from, subject| format!("Sie haben mit {from}{} geschrieben. Wie war es?", about(subject)),
    thanks: "Vielen Dank",
    thanks_for_now: |from| {
        format!("Ihre Antwort ist bei {from} angekommen. Eine Woche lang können Sie sie hier ändern.")
    },
    thanks_for_good: |from| format!("Ihre Antwort ist bei {from} angekommen. Sie lässt sich nicht mehr ändern."),
    yours: "Ihre Antwort",
    yours_text: |from, subject| {
        format!("Das haben Sie {from}{} geantwortet. Sie können es noch ändern.", about(subject))
    },
    over: "Diese Umfrage ist beendet",
    over_text: |from, subject| {
        format!("Sie haben vor einiger Zeit mit {from}{} geschrieben; danach wird nicht mehr gefragt.", about(subject))
    },
    legend: "Ihre Antwort",
    comment: "Möchten Sie etwas ergänzen? (freiwillig)",
    send: "Antwort senden",
    change: "Antwort ändern",
    no_link: Notice {
        title: BROKEN,
        text: "Er ist unvollständig, oder die Konversation, nach der er fragt, gibt es nicht mehr. Öffnen Sie den Link der E-Mail noch einmal, oder antworten Sie auf die E-Mail.",
    },
    too_late: "Dafür ist es zu spät",
    too_late_text: |change, answer| {
        format!("Eine Antwort lässt sich {change} Tage lang ändern, und eine Umfrage {answer} Tage lang beantworten.")
    },
    nothing_chosen: Notice {
        title: "Nichts ausgewählt",
        text: "Es wurde nichts gespeichert: Gehen Sie zurück und wählen Sie eine der drei Möglichkeiten.",
    },
    too_long: "Das war zu lang",
    too_long_text: |chars| format!("Ein Kommentar hat höchstens {chars} Zeichen. Gehen Sie zurück und kürzen Sie ihn."),
};

const UNSUBSCRIBE: UnsubscribeWords = UnsubscribeWords {
    leave: "Abbestellen",
    leave_domain: |domain| format!("Alles von {domain} abbestellen"),
    gets: |address, what, from| format!("{address} bekommt „{what}“ von {from}."),
    left: "Sie haben abbestellt",
    left_text: |what, from, address| format!("„{what}“ von {from} kommt nicht mehr an {address}."),
    left_domain_text: |domain, address| format!("Von {domain} kommt nichts mehr an {address}."),
    come_back: "Wieder bestellen",
    no_link: Notice {
        title: BROKEN,
        text: "Er ist unvollständig oder wurde unterwegs verändert. Öffnen Sie den Link der E-Mail noch einmal, oder antworten Sie auf die E-Mail und bitten Sie darum, von der Liste genommen zu werden.",
    },
    too_long: Notice { title: "Das war zu lang", text: "Öffnen Sie den Link der E-Mail noch einmal." },
    nothing_changed: Notice {
        title: "Es wurde nichts geändert",
        text: "Die Anfrage nannte weder List-Unsubscribe=One-Click noch, was abbestellt werden soll. Öffnen Sie den Link der E-Mail in einem Browser.",
    },
};

const MAILBOX: MailboxWords = MailboxWords {
    footer: "Postroom verwahrt Ihre Anmeldung versiegelt und nutzt sie nur für dieses Postfach.",
    connect_title: "Ihr Postfach verbinden",
    sign_in_to: |address| format!("Bei {address} anmelden"),
    step: |step| if step == 1 { "Schritt 1 von 2." } else { "Schritt 2 von 2." },
    consent: |application| format!("{application} wird Ihre E-Mails lesen und in Ihrem Namen senden können."),
    or_with_password: "oder mit einem Passwort",
    name: "Ihr Name",
    name_hint: "So, wie andere ihn sehen. Darf leer bleiben.",
    email: "E-Mail-Adresse",
    go_on: "Weiter",
    looks_up: "Wir suchen, wo Ihr Postfach liegt. Das kann bis zu einer halben Minute dauern.",
    incoming: "Posteingang (IMAP)",
    outgoing: "Postausgang (SMTP)",
    outgoing_hint: "Leer lassen, um nur zu empfangen.",
    server: "Server",
    port: "Port",
    security: "Sicherheit",
    user: "Benutzername",
    password: "Passwort",
    password_hint: "Bei einer Anmeldung in zwei Schritten verlangen die meisten Anbieter hier ein App-Passwort.",
    same: "Benutzername und Passwort auch für den Postausgang verwenden",
    connect: "Verbinden",
    back: "Zurück",
    signs_in: "Wir melden uns zuerst bei beiden Servern an. Das kann bis zu einer halben Minute dauern.",
    not_yet: |title| format!("Noch nicht: {title}"),
    not_connected_yet: "Noch nicht verbunden",
    tried: "Was versucht wurde",
    done: "Erledigt",
    failed: "Fehlgeschlagen",
    trial: |trial| match trial {
        Trial::Connect => "den Server erreichen",
        Trial::Tls => "die Verbindung verschlüsseln",
        Trial::SignIn => "anmelden",
        Trial::Folders => "die Ordner auflisten",
        Trial::Other => "den Server ausprobieren",
    },
    refused: |server, trial, hint| {
        let which = match server {
            ServerKind::Incoming => "Posteingangsserver",
            ServerKind::Outgoing => "Postausgangsserver",
        };
        let what = match trial {
            Trial::Connect => format!("Der {which} ist nicht erreichbar"),
            Trial::Tls => format!("Die Verbindung zum {which} lässt sich nicht verschlüsseln"),
            Trial::SignIn => format!("Der {which} nimmt Ihre Anmeldung nicht an"),
            Trial::Folders | Trial::Other => format!("Der {which} antwortet nicht so, wie er sollte"),
        };
        match hint {
            Some(hint) => format!("{what} ({hint})."),
            None => format!("{what}. Was er gesagt hat, steht unten."),
        }
    },
    found_nothing: "Wir konnten nicht herausfinden, wo Ihr Postfach liegt. Die Hilfeseiten Ihres Anbieters nennen seine Server.",
    guessed: "Wir haben diese Server geraten. Prüfen Sie, ob es die Ihres Anbieters sind, bevor Sie ein Passwort eingeben.",
    found: "Wir haben diese Server gefunden. Prüfen Sie, ob es die Ihres Anbieters sind, bevor Sie ein Passwort eingeben.",
    enter_address: "Geben Sie Ihre E-Mail-Adresse ein, etwa ann@example.com.",
    enter_host: "Geben Sie den Namen des Servers ein, etwa mail.example.com.",
    enter_port: "Geben Sie einen Port von 1 bis 65535 ein.",
    enter_user: "Geben Sie den Namen ein, mit dem Sie sich anmelden; oft ist es die ganze Adresse.",
    enter_password: "Geben Sie das Passwort ein.",
    connected: "Ihr Postfach ist verbunden",
    taking_back: |application| format!("Es geht zurück zu {application}."),
    on_to: |application| format!("Weiter zu {application}"),
    sign_in_with: |provider| format!("Mit {provider} anmelden"),
    try_again: "Noch einmal versuchen",
    altered: Notice {
        title: BROKEN,
        text: "Er ist unvollständig oder wurde unterwegs verändert. Gehen Sie zurück zu der Anwendung, von der Sie kommen, und beginnen Sie noch einmal.",
    },
    expired: Notice {
        title: "Dieser Link ist zu alt",
        text: "Er galt einen Tag. Gehen Sie zurück zu der Anwendung, von der Sie kommen, und beginnen Sie noch einmal.",
    },
    spent: Notice {
        title: "Dieser Link wurde schon benutzt",
        text: "Mit ihm wurde ein Postfach verbunden, und jetzt wurde nichts geändert. Um ein weiteres zu verbinden, beginnen Sie noch einmal in der Anwendung, von der Sie kommen.",
    },
    open_too_long: Notice {
        title: "Die Seite war zu lange offen",
        text: "Ihr Browser hat das Cookie nicht mitgeschickt, das mit der Seite kam. Erlauben Sie Cookies dieser Seite, und versuchen Sie es noch einmal.",
    },
    not_offered: Notice {
        title: "Diese Anmeldung wird nicht angeboten",
        text: "Sie wurde abgeschaltet oder entfernt. Gehen Sie zurück zu der Anwendung, von der Sie kommen, und beginnen Sie noch einmal.",
    },
    too_long: Notice {
        title: "Das ist zu lang",
        text: "Die Angaben sind zu lang. Gehen Sie zurück und kürzen Sie sie.",
    },
    too_often: "Zu viele Versuche",
    too_often_text: |seconds| {
        format!(
            "Von hier aus wurden Mailserver zu oft ausprobiert. Warten Sie {seconds} Sekunden, und senden Sie die Seite dann noch einmal."
        )
    },
    not_connected: "Ihr Postfach ist nicht verbunden",
    provider_refused: |application, words| {
        format!("Der Anbieter hat {application} nicht hereingelassen. Er hat gesagt: {words}")
    },
    nobody: "Der Anbieter hat nicht gesagt, wessen Postfach es ist. Wer das eingerichtet hat, sollte die Scopes openid und email hinzufügen.",
    servers_refused: "Sie haben sich angemeldet, aber die Mailserver nehmen das nicht an. Wer das eingerichtet hat, erfährt mehr aus dem, was sie gesagt haben:",
};
