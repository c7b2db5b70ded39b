//! A connection to the broker under test, and what the cases need of it.

use std::env;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::message::Delivery;
use lapin::options::*;
use lapin::types::{FieldTable, ShortString};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, Error, ErrorKind,
    ExchangeKind, Result,
};
use tokio_stream::StreamExt;

const CASE_TIME_MAX: Duration = Duration::from_secs(20);
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The broker's address, for its virtual host `/`.
pub fn url(query: &str) -> String {
    let url = env::var("LEVERET_TEST_BROKER").expect("LEVERET_TEST_BROKER");
    format!("{}/%2f?{query}", url.trim_end_matches('/'))
}

/// Runs a case with an event loop of its own, for so long and no longer.
pub fn run(case: impl Future<Output = Result<()>>) {
    let builder = &mut tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let done = tokio::time::timeout(CASE_TIME_MAX, case).await;
        done.expect("the case takes too long").expect("no error")
    });
}

/// Runs a case with a channel on a connection of its own.
pub fn with_channel(case: impl AsyncFnOnce(Channel) -> Result<()>) {
    with_connection(async |connection| case(connection.create_channel().await?).await);
}

pub fn with_connection(case: impl AsyncFnOnce(&Connection) -> Result<()>) {
    run(async {
        let connection = connect("").await?;
        let result = case(&connection).await;
        let _ = connection.close(200, "OK".into()).await; // a hard error has closed it already
        result
    });
}

pub async fn connect(query: &str) -> Result<Connection> {
    Connection::connect(&url(query), ConnectionProperties::default()).await
}

/// What a future gives, unless that takes too long.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(WAIT_MAX, future).await;
    result.expect("nothing came")
}

pub fn unique_name() -> ShortString {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("lapin.{:x}.{count}", now.as_nanos()).into()
}

pub const EXCLUSIVE: QueueDeclareOptions = QueueDeclareOptions {
    passive: false,
    durable: false,
    exclusive: true,
    auto_delete: false,
    nowait: false,
};

pub const PASSIVE: QueueDeclareOptions = QueueDeclareOptions { passive: true, ..EXCLUSIVE };

pub async fn exclusive_queue(channel: &Channel) -> Result<ShortString> {
    let queue = channel.queue_declare("".into(), EXCLUSIVE, no_arguments()).await?;
    Ok(queue.name().clone())
}

/// One that goes when its last binding does.
pub async fn exchange(
    channel: &Channel,
    kind: ExchangeKind,
    arguments: FieldTable,
) -> Result<ShortString> {
    let name = unique_name();
    let options = ExchangeDeclareOptions { durable: true, auto_delete: true, ..Default::default() };
    channel.exchange_declare(name.clone(), kind, options, arguments).await?;
    Ok(name)
}

pub async fn bind(
    channel: &Channel,
    queue: &ShortString,
    exchange: &ShortString,
    key: &str,
) -> Result<()> {
    let (queue, exchange, options) = (queue.clone(), exchange.clone(), Default::default());
    channel.queue_bind(queue, exchange, key.into(), options, no_arguments()).await
}

pub fn no_arguments() -> FieldTable {
    FieldTable::default()
}

/// Publishes; in confirm mode, returns when the broker has confirmed.
pub async fn publish(channel: &Channel, exchange: &str, key: &str, body: &str) -> Result<()> {
    let (options, properties) = (Default::default(), BasicProperties::default());
    let confirm = channel
        .basic_publish(exchange.into(), key.into(), options, body.as_bytes(), properties)
        .await?;
    confirm.await?;
    Ok(())
}

pub async fn send(channel: &Channel, queue: &ShortString, bodies: &[&str]) -> Result<()> {
    for body in bodies {
        publish(channel, "", queue.as_str(), body).await?;
    }
    Ok(())
}

/// Consumes; acknowledging is the caller's.
pub async fn consume(channel: &Channel, queue: &ShortString, tag: &str) -> Result<Consumer> {
    let options = BasicConsumeOptions::default();
    channel.basic_consume(queue.clone(), tag.into(), options, no_arguments()).await
}

pub async fn next(consumer: &mut Consumer) -> Result<Delivery> {
    within(consumer.next()).await.expect("the consumer goes on")
}

pub async fn take(consumer: &mut Consumer, count: usize) -> Result<Vec<Delivery>> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(next(consumer).await?);
    }
    Ok(taken)
}

pub fn body(delivery: &Delivery) -> String {
    String::from_utf8(delivery.data.clone()).expect("text")
}

/// The bodies in a queue, "+" before those delivered before; the queue is empty then.
pub async fn left(channel: &Channel, queue: &ShortString) -> Result<Vec<String>> {
    let (mut bodies, options) = (Vec::new(), BasicGetOptions { no_ack: true });
    while let Some(message) = channel.basic_get(queue.clone(), options).await? {
        let mark = if message.redelivered { "+" } else { "" };
        bodies.push(format!("{mark}{}", body(&message.delivery)));
    }
    Ok(bodies)
}

pub async fn ready(channel: &Channel, queue: &ShortString) -> Result<u32> {
    let state = channel.queue_declare(queue.clone(), PASSIVE, no_arguments()).await?;
    Ok(state.message_count())
}

/// The code and text with which the broker closed a channel or connection.
pub fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(told) => format!("{} {}", told.get_id(), told.get_message()),
        other => panic!("{other:?} is not of the broker"),
    }
}
