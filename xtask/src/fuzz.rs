//! `cargo xtask fuzz SECONDS [TARGET…]`: runs the fuzz targets one after another from seeds, and says what each came to.
//! Owns the limits an input is held to; the properties are the targets' own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command;

/// Bytes of an input at most: long enough for what is quadratic to show, short enough for many a second.
const INPUT_BYTES_MAX: u32 = 64 * 1024;
/// An input that takes longer is a finding: everything that reads is linear.
const INPUT_SECONDS_MAX: u32 = 5;
/// Memory of a target; more is a finding.
const MEMORY_MEGABYTES_MAX: u32 = 2_048;
/// Files given to a target at once when each is timed.
const TIMED_AT_ONCE: usize = 500;

/// What servers of mailboxes say, a seed each. The target takes the last byte for how it is cut.
const IMAP_SAID: &[&str] = &[
    "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ IDLE] ready {1}\r\n+ idling\r\na1 OK [READ-WRITE] done\r\n\x05",
    "* LIST (\\HasNoChildren \\Sent) \"/\" {4}\r\nSent\r\n* STATUS \"Sent\" (MESSAGES 3 MAILBOXID (F1))\r\n\x07",
    "* 1 FETCH (UID 7 FLAGS (\\Seen [x) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4 MODSEQ (12) \
     BODY[] {4}\r\na: b)\r\n\x03",
    "* 2 FETCH (UID 8 EMAILID (M1) THREADID NIL X-GM-LABELS (\"&APY-\") BODY[]<0> ~{5000}\r\nshort\x0b",
    "* ESEARCH (TAG \"a1\") UID ALL 1:3,7\r\n* VANISHED (EARLIER) 41,43:116\r\n* SEARCH 1 2 3\r\n\x02",
    "* NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\r\n* ENABLED QRESYNC\r\n* BYE [UNAVAILABLE] later\r\n\x01",
];

/// What a provider tells of its servers.
const CLIENT_CONFIG: &str = r#"<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "b">]><clientConfig version="1.1"><emailProvider id="e">
<incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
<authentication>OAuth2</authentication><username>%EMAILLOCALPART%&#x40;&amp;&a;<![CDATA[x]]></username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.e</hostname><port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"#;

/// Queries: of a key with EDNS, of an alias, a name that points at itself, and an update.
const DNS_ASKED: [&[u8]; 4] = [
    b"\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\x01s\x0a_domainkey\x04acme\x04test\0\0\x10\0\x01\0\0\x29\x10\0\0\0\x80\0\0\0",
    b"\0\x01\0\0\0\x01\0\0\0\0\0\0\x01t\x04acme\x04test\0\0\x01\0\x01",
    b"\0\x02\0\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\xff\0\x01",
    b"\0\x03\x28\0\0\x01\0\0\0\0\0\0\x04acme\x04test\0\0\x06\0\x01",
];

const SEARCHED: &str =
    "-from:ada@example.org to:\"Ben Example\" is:open -label:late has:attachment before:2w #42 parc* \"two words\"";
const MEMBERS: &str = "address,name,plan\r\nAda@example.org,\"Ada, the \"\"first\"\"\",pro\r\nnobody,,\n";
/// A token that nobody signed, and a key that might have.
const ID_TOKEN: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUub3JnIiwiYXVkIjoicG9zdHJvb20iLCJzdWIiOiIxIiwiZXhwIjo5OTk5OTk5OTk5LCJub25jZSI6Im9uY2UifQ.AAAA\0\
    {\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"use\":\"sig\",\
    \"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\",\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}]}";
const HEAD: &str = "X-Postroom-Template: welcome\r\nX-Postroom-Variables: {\"name\": \"Ada\"}\r\nX-Postroom-Tags: a, b\r\n\
    X-Postroom-Track: opens,clicks\r\nIdempotency-Key: once\r\n\r\nHello\r\n";
const PUBLISHED: &str = "v=spf1 include:a.test a:mx.postroom.test ~all\nv=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG\nv=DMARC1; p=none; rua=mailto:a@b.test\n\
    v=STSv1; id=0a1b\nv=TLSRPTv1; rua=mailto:postmaster@acme.test\n10 mx.postroom.test.\nns.postroom.test\n";
const PROXIED: [&[u8]; 2] = [
    b"PROXY TCP4 192.0.2.1 192.0.2.2 4321 25\r\nEHLO",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x10\xe1\0\x19",
];
const DISPOSITION: &str = "attachment; filename=\"a \\\"b\\\".pdf\"; filename*=UTF-8''%e2%82%ac%20rates.pdf";
const SIGNED: &str = "v=1; a=rsa-sha256; d=acme.test; s=s1; h=From : To;\r\n\tbh=MTIzNDU2Nzg5MDEyMw==; b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSb;";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long each target runs.
    seconds: u64,
    /// All of `fuzz/fuzz_targets` unless named.
    targets: Vec<String>,
}

/// What a target came to.
struct Outcome {
    target: String,
    executions: u64,
    per_second: u64,
    covered: u64,
    inputs: u64,
    peak_megabytes: u64,
    slowest: Option<(Duration, PathBuf)>,
    findings: Vec<PathBuf>,
}

/// # Errors
/// A target does not build, or has a finding.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let known = targets()?;
    if let Some(unknown) = args.targets.iter().find(|wanted| !known.contains(wanted)) {
        bail!("there is no fuzz target `{unknown}`; there are: {}", known.join(", "));
    }
    let wanted = if args.targets.is_empty() { known } else { args.targets.clone() };
    build()?;
    let mut outcomes = Vec::new();
    for target in wanted {
        let corpus = fuzz_folder().join("corpus").join(&target);
        seed(&target, &corpus)?;
        outcomes.push(fuzz(&target, &corpus, args.seconds)?);
    }
    print(&outcomes);
    let findings: usize = outcomes.iter().map(|outcome| outcome.findings.len()).sum();
    if findings > 0 {
        bail!("{findings} findings: make each a row of a test's table before it is mended");
    }
    Ok(())
}

fn fuzz_folder() -> PathBuf {
    command::root().join("fuzz")
}

/// How the compiler marks every branch and comparison for libFuzzer: what cargo-fuzz asks of it too. No address sanitizer: the code
/// is free of `unsafe`, and runs twice as often without.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

fn build() -> anyhow::Result<()> {
    let mut cargo = command::cargo(&["build", "--release", "--features", "gateway", "--target", &host()?]);
    cargo.current_dir(fuzz_folder()).env("RUSTFLAGS", INSTRUMENTED);
    // A sum that overflows is a finding.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true").env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    command::run(&mut cargo)
}

/// The machine's triple. With it named, what runs while building is not instrumented.
fn host() -> anyhow::Result<String> {
    let version = command::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(host.to_owned())
}

/// The names of the targets, as `fuzz/Cargo.toml` has them.
fn targets() -> anyhow::Result<Vec<String>> {
    let metadata = command::output(
        command::program("cargo")
            .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"])
            .arg(fuzz_folder().join("Cargo.toml")),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let all = metadata["packages"][0]["targets"].as_array().context("cargo metadata names no targets")?;
    let binaries = all.iter().filter(|target| target["kind"][0] == "bin");
    Ok(binaries.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}

/// Real mail of others, where it lies beside the project; without it a target begins with nothing.
fn seed(target: &str, corpus: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(corpus)?;
    let corpora = command::root().join("../shared/corpora");
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    match target {
        "parse" | "classify" => {
            for folder in ["bounces", "mime"] {
                mails(&corpora.join(folder), &mut seeds)?;
            }
        }
        "reply_text" => fields(&corpora.join("replies.jsonl"), "input_text", &mut seeds)?,
        "sanitize" | "html_to_text" => fields(&corpora.join("html_sanitize.jsonl"), "payload", &mut seeds)?,
        "mailbox" => fields(&corpora.join("addresses.jsonl"), "address", &mut seeds)?,
        "subject" => fields(&corpora.join("mime.jsonl"), "subject", &mut seeds)?,
        "imap_response" => seeds.extend(IMAP_SAID.iter().map(|said| said.as_bytes().to_vec())),
        "dns_query" => seeds.extend(DNS_ASKED.iter().map(|asked| asked.to_vec())),
        "search_query" => seeds.push(SEARCHED.as_bytes().to_vec()),
        "list_csv" => seeds.push(MEMBERS.as_bytes().to_vec()),
        "id_token" => seeds.push(ID_TOKEN.as_bytes().to_vec()),
        "submission_head" => seeds.push(HEAD.as_bytes().to_vec()),
        "domain_records" => seeds.push(PUBLISHED.as_bytes().to_vec()),
        "proxy_header" => seeds.extend(PROXIED.iter().map(|header| header.to_vec())),
        "file_name" => seeds.push(DISPOSITION.as_bytes().to_vec()),
        "tag_list" => seeds.push(SIGNED.as_bytes().to_vec()),
        "client_config" => seeds.push(CLIENT_CONFIG.as_bytes().to_vec()),
        _ => {}
    }
    for (number, seed) in seeds.iter().enumerate().filter(|(_, seed)| seed.len() <= INPUT_BYTES_MAX as usize) {
        std::fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

fn mails(folder: &Path, seeds: &mut Vec<Vec<u8>>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        if path.is_dir() {
            mails(&path, seeds)?;
        } else {
            seeds.push(std::fs::read(path)?);
        }
    }
    Ok(())
}

fn fields(rows: &Path, field: &str, seeds: &mut Vec<Vec<u8>>) -> anyhow::Result<()> {
    for row in std::fs::read_to_string(rows).unwrap_or_default().lines() {
        let row: Value = serde_json::from_str(row)?;
        seeds.extend(row[field].as_str().map(|text| text.as_bytes().to_vec()));
    }
    Ok(())
}

fn fuzz(target: &str, corpus: &Path, seconds: u64) -> anyhow::Result<Outcome> {
    let artifacts = fuzz_folder().join("artifacts").join(target);
    std::fs::create_dir_all(&artifacts)?;
    let before = files(&artifacts)?;
    let program = program(target)?;
    eprintln!("\x1b[1mfuzzing {target} for {seconds} s\x1b[0m");
    let output = Command::new(&program)
        .arg(corpus)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEGABYTES_MAX}"))
        .args(["-print_final_stats=1", "-reload=0"])
        .output()
        .with_context(|| format!("can't start {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let findings: Vec<PathBuf> = files(&artifacts)?.into_iter().filter(|file| !before.contains(file)).collect();
    if !output.status.success() && findings.is_empty() {
        bail!("fuzzing {target} ended with {}:\n{said}", output.status);
    }
    Ok(Outcome {
        target: target.to_owned(),
        executions: statistic(&said, "stat::number_of_executed_units:"),
        per_second: statistic(&said, "stat::average_exec_per_sec:"),
        covered: last(&said, "cov: "),
        inputs: last(&said, "corp: "),
        peak_megabytes: statistic(&said, "stat::peak_rss_mb:"),
        slowest: slowest(&program, corpus)?,
        findings,
    })
}

fn program(target: &str) -> anyhow::Result<PathBuf> {
    Ok(fuzz_folder().join("target").join(host()?).join("release").join(target))
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    Ok(files)
}

/// `name  123` of libFuzzer's final statistics.
fn statistic(said: &str, name: &str) -> u64 {
    let value = said.lines().rev().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

/// The last number behind `name` in libFuzzer's progress: `#4096 pulse cov: 512 ft: 900 corp: 66/12Kb …`.
fn last(said: &str, name: &str) -> u64 {
    let rest = said.rfind(name).and_then(|at| said.get(at + name.len()..)).unwrap_or_default();
    rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Every input the target keeps, timed once more: libFuzzer says `Executed FILE in N ms`.
fn slowest(program: &Path, corpus: &Path) -> anyhow::Result<Option<(Duration, PathBuf)>> {
    let mut slowest: Option<(Duration, PathBuf)> = None;
    for some in files(corpus)?.chunks(TIMED_AT_ONCE) {
        let output = Command::new(program).args(some).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        for line in said.lines().filter_map(|line| line.strip_prefix("Executed ")) {
            let Some((file, time)) = line.split_once(" in ") else { continue };
            let milliseconds = time.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
            let taken = Duration::from_millis(milliseconds);
            if slowest.as_ref().is_none_or(|(most, _)| taken > *most) {
                slowest = Some((taken, file.into()));
            }
        }
    }
    Ok(slowest)
}

fn print(outcomes: &[Outcome]) {
    println!(
        "\n{:20} {:>12} {:>9} {:>9} {:>8} {:>8} {:>9}  slowest input",
        "target", "executions", "a second", "coverage", "inputs", "peak MB", "findings"
    );
    for outcome in outcomes {
        let slowest = outcome.slowest.as_ref().map_or_else(String::new, |(taken, file)| {
            format!("{} ms, {}", taken.as_millis(), file.strip_prefix(command::root()).unwrap_or(file).display())
        });
        println!(
            "{:20} {:>12} {:>9} {:>9} {:>8} {:>8} {:>9}  {slowest}",
            outcome.target,
            outcome.executions,
            outcome.per_second,
            outcome.covered,
            outcome.inputs,
            outcome.peak_megabytes,
            outcome.findings.len()
        );
    }
    for outcome in outcomes {
        for finding in &outcome.findings {
            println!(
                "finding: {} (run it again: give it to fuzz/target/…/release/{})",
                finding.display(),
                outcome.target
            );
        }
    }
}
