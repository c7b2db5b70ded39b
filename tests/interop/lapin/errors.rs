use lapin::options::*;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind, Result};
use tokio_stream::StreamExt;

use crate::session::*;

/// Does something forbidden with a channel, an exclusive queue that is not empty, and a name that
/// nothing has; checks what the broker says, and that another channel goes on.
fn closes_the_channel_alone(
    act: impl AsyncFnOnce(&Channel, ShortString, ShortString) -> Result<()>,
    expected: &str,
) {
    with_connection(async |connection| {
        let bystander = connection.create_channel().await?;
        bystander.confirm_select(Default::default()).await?;
        let (queue, name) = (exclusive_queue(&bystander).await?, unique_name());
        send(&bystander, &queue, &["full"]).await?;
        let channel = connection.create_channel().await?;
        let other_queue = exclusive_queue(&channel).await?;
        let mut consumer = consume(&channel, &other_queue, "witness").await?;
        let _ = act(&channel, queue.clone(), name.clone()).await; // may fail as well, or not
        let error = within(consumer.next()).await.expect("an end").expect_err("an error");
        let expected = expected.replace("QUEUE", queue.as_str()).replace("NAME", name.as_str());
        assert_eq!(reason(&error), expected);
        ready(&bystander, &queue).await?;
        ready(&connection.create_channel().await?, &queue).await?;
        Ok(())
    });
}

const NO_QUEUE: &str = "404 NOT_FOUND - no queue 'NAME' in vhost '/'";
const NO_EXCHANGE: &str = "404 NOT_FOUND - no exchange 'NAME' in vhost '/'";

#[test]
fn a_check_for_no_queue() {
    closes_the_channel_alone(
        async |channel, _, name| ready(channel, &name).await.map(drop),
        NO_QUEUE,
    );
}

#[test]
fn get_from_no_queue() {
    closes_the_channel_alone(
        async |channel, _, name| channel.basic_get(name, Default::default()).await.map(drop),
        NO_QUEUE,
    );
}

#[test]
fn consume_from_no_queue() {
    closes_the_channel_alone(
        async |channel, _, name| consume(channel, &name, "").await.map(drop),
        NO_QUEUE,
    );
}

#[test]
fn publish_to_no_exchange() {
    closes_the_channel_alone(
        async |channel, _, name| publish(channel, name.as_str(), "", "").await,
        NO_EXCHANGE,
    );
}

#[test]
fn bind_to_no_exchange() {
    closes_the_channel_alone(
        async |channel, queue, name| bind(channel, &queue, &name, "").await,
        NO_EXCHANGE,
    );
}

#[test]
fn a_reserved_name() {
    closes_the_channel_alone(
        async |channel, _, _| {
            channel.queue_declare("amq.mine".into(), EXCLUSIVE, no_arguments()).await.map(drop)
        },
        "403 ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    );
}

#[test]
fn bind_to_the_default_exchange() {
    closes_the_channel_alone(
        async |channel, queue, _| bind(channel, &queue, &"".into(), "key").await,
        "403 ACCESS_REFUSED - operation not permitted on the default exchange",
    );
}

#[test]
fn consume_beside_an_exclusive_consumer() {
    closes_the_channel_alone(
        async |channel, queue, _| {
            let alone = BasicConsumeOptions { exclusive: true, ..Default::default() };
            channel.basic_consume(queue.clone(), "".into(), alone, no_arguments()).await?;
            consume(channel, &queue, "").await.map(drop)
        },
        "403 ACCESS_REFUSED - queue 'QUEUE' in vhost '/' in exclusive use",
    );
}

#[test]
fn redeclare_a_queue_that_differs() {
    closes_the_channel_alone(
        async |channel, _, name| {
            channel.queue_declare(name.clone(), EXCLUSIVE, no_arguments()).await?;
            let other = QueueDeclareOptions { auto_delete: true, ..EXCLUSIVE };
            channel.queue_declare(name, other, no_arguments()).await.map(drop)
        },
        "406 PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'NAME' in vhost '/': \
         received 'true' but current is 'false'",
    );
}

#[test]
fn redeclare_an_exchange_that_differs() {
    closes_the_channel_alone(
        async |channel, _, _| {
            let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
            let (name, kind) = ("amq.topic".into(), ExchangeKind::Fanout);
            channel.exchange_declare(name, kind, options, no_arguments()).await
        },
        "406 PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': \
         received 'fanout' but current is 'topic'",
    );
}

#[test]
fn delete_what_is_not_empty() {
    closes_the_channel_alone(
        async |channel, queue, _| {
            let options = QueueDeleteOptions { if_empty: true, ..Default::default() };
            channel.queue_delete(queue, options).await.map(drop)
        },
        "406 PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' not empty",
    );
}

#[test]
fn delete_what_is_in_use() {
    closes_the_channel_alone(
        async |channel, queue, _| {
            let _consumer = consume(channel, &queue, "").await?;
            let options = QueueDeleteOptions { if_unused: true, ..Default::default() };
            channel.queue_delete(queue, options).await.map(drop)
        },
        "406 PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' in use",
    );
}

#[test]
fn ack_what_was_not_delivered() {
    closes_the_channel_alone(
        async |channel, _, _| channel.basic_ack(5, Default::default()).await,
        "406 PRECONDITION_FAILED - unknown delivery tag 5",
    );
}

#[test]
fn confirms_in_a_transaction() {
    closes_the_channel_alone(
        async |channel, _, _| {
            channel.tx_select().await?;
            channel.confirm_select(Default::default()).await
        },
        "406 PRECONDITION_FAILED - cannot switch from tx to confirm mode",
    );
}

#[test]
fn name_another_user() {
    closes_the_channel_alone(
        async |channel, queue, _| {
            let properties = BasicProperties::default().with_user_id("somebody".into());
            let options = Default::default();
            channel.basic_publish("".into(), queue, options, b"", properties).await.map(drop)
        },
        "406 PRECONDITION_FAILED - user_id property set to 'somebody' \
         but authenticated user was 'guest'",
    );
}

#[test]
fn an_exclusive_queue_is_locked_for_other_connections() {
    with_channel(async |channel| {
        let (queue, other) = (exclusive_queue(&channel).await?, connect("").await?);
        let error = ready(&other.create_channel().await?, &queue).await.expect_err("an error");
        let expected = "405 RESOURCE_LOCKED - cannot obtain exclusive access to locked queue \
             'QUEUE' in vhost '/'. It could be originally declared on another connection or the \
             exclusive property value does not match that of the original declaration.";
        assert_eq!(reason(&error), expected.replace("QUEUE", queue.as_str()));
        other.close(200, "OK".into()).await
    });
}

#[test]
fn a_consumer_tag_used_twice_closes_the_connection() {
    with_connection(async |connection| {
        let channel = connection.create_channel().await?;
        let queue = exclusive_queue(&channel).await?;
        let _first = consume(&channel, &queue, "twin").await?;
        let error = consume(&channel, &queue, "twin").await.expect_err("an error");
        assert_eq!(reason(&error), "530 NOT_ALLOWED - attempt to reuse consumer tag 'twin'");
        assert!(!connection.status().connected());
        Ok(())
    });
}

async fn refusal(url: &str) -> String {
    let connected = Connection::connect(url, ConnectionProperties::default()).await;
    reason(&connected.expect_err("no connection"))
}

#[test]
fn an_unknown_virtual_host_is_refused() {
    run(async {
        let error = refusal(&url("").replace("%2f", "nowhere")).await;
        assert_eq!(error, "530 NOT_ALLOWED - vhost nowhere not found");
        Ok(())
    });
}

#[test]
fn a_wrong_password_is_refused() {
    run(async {
        let error = refusal(&url("").replace(":guest@", ":wrong@")).await;
        let expected = "403 ACCESS_REFUSED - Login was refused using authentication mechanism \
             PLAIN. For details see the broker logfile.";
        assert_eq!(error, expected);
        Ok(())
    });
}
