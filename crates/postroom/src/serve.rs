//! `postroom serve`: every role in one process, from the first line to a graceful end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use engine::access::{self, Bootstrap, BootstrapOptions};
use engine::domains::Zones;
use engine::{
    Engine, analytics, automations, broadcasts, delivering, domains, erasures, mailboxes, maintenance, search_index,
    sequencer, timing, webhooks,
};
use gateway::auth::Authenticator;
use gateway::dns::DnsConfig;
use gateway::dns_server::{self, DnsListeners};
use gateway::smtp_in::{self, SmtpInConfig, SmtpInLimits};
use gateway::tls::ServerTls;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret as _;
use server::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How long what is in flight may take to finish.
const GRACE: Duration = Duration::from_secs(60);
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// What stands in the way of starting.
pub async fn run(config: Config, engine: Engine) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new().install_recorder().context("metrics can't be recorded")?;
    crate::wiring::check_blobs(&engine).await?;
    let options = BootstrapOptions { key: config.bootstrap_key.clone(), admin: config.bootstrap_admin.clone() };
    let bootstrap = access::bootstrap(&engine, options).await?;
    let smtp_listener = smtp_in::bind(config.smtp_addr).with_context(|| {
        format!(
            "mail can't be taken in at {}: the address is taken, or not ours; set POSTROOM_SMTP_ADDR",
            config.smtp_addr
        )
    })?;
    let submission_listeners = bind_submission(&config)?;
    let dns_listeners = bind_dns(&config).await?;
    let http_listener = server::bind(config.http_addr).await.with_context(|| {
        format!(
            "HTTP can't be served at {}: the address is taken, or not ours; set POSTROOM_HTTP_ADDR",
            config.http_addr
        )
    })?;
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    start_workers(&mut tasks, &engine, &shutdown);
    tasks.spawn(upkeep(metrics.clone(), shutdown.clone()));
    let smtp = smtp_config(&config)?;
    let authenticator = Authenticator::new(&DnsConfig::from_text(&config.dns_server)?)
        .inspect_err(|error| tracing::warn!(%error, "SPF, DKIM and DMARC are not checked"))
        .ok()
        .map(Arc::new);
    let (mailroom, smtp_shutdown) = (Arc::new(engine.clone()), shutdown.clone());
    tasks.spawn(async move {
        if let Err(error) = smtp_in::serve(smtp_listener, smtp, mailroom, authenticator, smtp_shutdown).await {
            tracing::error!(%error, "the SMTP listener failed");
        }
    });
    serve_submission(&mut tasks, submission_listeners, &config, &engine, &shutdown)?;
    if let Some(listeners) = dns_listeners {
        serve_dns(&mut tasks, listeners, &engine, &shutdown).await;
    }
    let server_config = ServerConfig {
        render_metrics: Arc::new(move || metrics.render()),
        shutdown: shutdown.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
    };
    let served = engine.clone();
    tasks.spawn(async move {
        if let Err(error) = server::serve(http_listener, served, server_config).await {
            tracing::error!(%error, "the HTTP listener failed");
        }
    });
    announce(&config, &bootstrap);
    wait_for_signal().await?;
    tracing::info!("stopping: what is in flight is finished first");
    shutdown.cancel();
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!(
            seconds = GRACE.as_secs(),
            "some work did not finish in time; it is done again at the next start"
        );
    }
    let db = engine.db.clone();
    tokio::task::spawn_blocking(move || db.close()).await.context("the database did not close")?;
    Ok(())
}

fn start_workers(tasks: &mut JoinSet<()>, engine: &Engine, shutdown: &CancellationToken) {
    tasks.spawn(sequencer::run(engine.clone(), shutdown.clone()));
    tasks.spawn(search_index::run(engine.clone(), shutdown.clone()));
    tasks.spawn(delivering::run(engine.clone(), shutdown.clone()));
    tasks.spawn(webhooks::fan_out(engine.clone(), shutdown.clone()));
    tasks.spawn(webhooks::run(engine.clone(), shutdown.clone()));
    tasks.spawn(mailboxes::keeping::run(engine.clone(), shutdown.clone()));
    tasks.spawn(mailboxes::submitting::run(engine.clone(), shutdown.clone()));
    tasks.spawn(mailboxes::backfilling::run(engine.clone(), shutdown.clone()));
    tasks.spawn(domains::verifying::run(engine.clone(), shutdown.clone()));
    tasks.spawn(maintenance::run(engine.clone(), shutdown.clone()));
    tasks.spawn(analytics::run(engine.clone(), shutdown.clone()));
    tasks.spawn(broadcasts::expanding::run(engine.clone(), shutdown.clone()));
    tasks.spawn(broadcasts::count(engine.clone(), shutdown.clone()));
    tasks.spawn(automations::run(engine.clone(), shutdown.clone()));
    tasks.spawn(timing::run(engine.clone(), shutdown.clone()));
    tasks.spawn(erasures::run(engine.clone(), shutdown.clone()));
}

/// Histograms keep every value until they are drained.
async fn upkeep(metrics: PrometheusHandle, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(METRICS_UPKEEP) => metrics.run_upkeep(),
            () = shutdown.cancelled() => return,
        }
    }
}

fn smtp_config(config: &Config) -> anyhow::Result<SmtpInConfig> {
    let tls = match &config.smtp_tls {
        Some((certificate, key)) => ServerTls::from_pem_files(certificate, key)?,
        None => ServerTls::self_signed(&config.data_dir, &config.hostname)?,
    };
    Ok(SmtpInConfig {
        hostname: config.hostname.clone(),
        inbound_domain: config.inbound_domain.clone(),
        limits: SmtpInLimits::default(),
        tls: Some(tls),
        proxy_protocol: config.smtp_proxy_protocol,
        implicit_tls: false,
    })
}

/// Each with whether its connections begin with TLS.
fn bind_submission(config: &Config) -> anyhow::Result<Vec<(TcpListener, bool)>> {
    let mut listeners = Vec::new();
    let addresses = [
        (config.submission_addr, false, "POSTROOM_SUBMISSION_ADDR"),
        (config.submission_tls_addr, true, "POSTROOM_SUBMISSION_TLS_ADDR"),
    ];
    for (address, implicit_tls, setting) in addresses {
        let Some(address) = address else { continue };
        let listener = smtp_in::bind(address).with_context(|| {
            format!("mail to send can't be taken at {address}: the address is taken, or not ours; set {setting}")
        })?;
        listeners.push((listener, implicit_tls));
    }
    Ok(listeners)
}

fn serve_submission(
    tasks: &mut JoinSet<()>,
    listeners: Vec<(TcpListener, bool)>,
    config: &Config,
    engine: &Engine,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    for (listener, implicit_tls) in listeners {
        // Clients come themselves: no proxy stands before these.
        let smtp = SmtpInConfig { proxy_protocol: false, implicit_tls, ..smtp_config(config)? };
        let (submission, shutdown) = (Arc::new(engine.clone()), shutdown.clone());
        tasks.spawn(async move {
            if let Err(error) = smtp_in::serve_submission(listener, smtp, submission, shutdown).await {
                tracing::error!(%error, "a submission listener failed");
            }
        });
    }
    Ok(())
}

async fn bind_dns(config: &Config) -> anyhow::Result<Option<DnsListeners>> {
    let Some(address) = config.dns_addr else { return Ok(None) };
    let listeners = dns_server::bind(address).await;
    listeners.map(Some).with_context(|| {
        format!("DNS can't be answered at {address}: the address is taken (by systemd-resolved, say), not ours, or its port is below 1024 and needs CAP_NET_BIND_SERVICE; set POSTROOM_DNS_ADDR")
    })
}

/// The zones are there before the first question.
async fn serve_dns(tasks: &mut JoinSet<()>, listeners: DnsListeners, engine: &Engine, shutdown: &CancellationToken) {
    let zones = Zones::new(engine);
    if let Err(error) = zones.read_names().await {
        tracing::error!(%error, "the domains that DNS is answered for can't be read; every query fails until they can");
    }
    tasks.spawn(zones.clone().run(shutdown.clone()));
    let shutdown = shutdown.clone();
    tasks.spawn(async move {
        if let Err(error) = dns_server::serve(listeners, zones, shutdown).await {
            tracing::error!(%error, "the DNS listener failed");
        }
    });
}

#[expect(clippy::print_stdout, reason = "what a person who starts it needs to see, apart from the log")]
fn announce(config: &Config, bootstrap: &Bootstrap) {
    let base = &config.public_url;
    println!("\nPostroom is ready at {base} and takes mail in at {}.\n", config.smtp_addr);
    if let Some(token) = &bootstrap.sign_in_token {
        println!("  Sign in            {base}/sign-in?token={}", token.expose_secret());
        println!("                     (once, within a day; `postroom user link` makes another)");
    } else if bootstrap.first_start {
        println!("  Sign in            {base}/sign-in as {}", bootstrap.admin_email);
    }
    if let Some(key) = &bootstrap.api_key {
        println!("  API key            {}", key.expose_secret());
    }
    if let Some(address) = &bootstrap.inbound_address {
        println!("  Receiving address  {address}");
        println!("\n  Try it:\n\n    printf 'Subject: Hello\\nFrom: me@example.com\\n\\nIt works.\\n' | \\");
        println!(
            "      curl smtp://{} --mail-from me@example.com --mail-rcpt {address} --crlf --upload-file -\n",
            config.smtp_addr
        );
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome.context("SIGINT can't be waited for"),
        _ = terminate.recv() => Ok(()),
    }
}
