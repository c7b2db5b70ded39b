use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation};
use tokio_stream::StreamExt;

use crate::session::*;

const REPLY_TO: &str = "amq.rabbitmq.reply-to";

#[test]
fn each_message_of_a_burst_is_confirmed() {
    with_channel(async |channel| {
        channel.confirm_select(Default::default()).await?;
        let queue = exclusive_queue(&channel).await?;
        let mut confirms = Vec::new();
        for number in 0..500 {
            let body = number.to_string();
            let (options, properties) = (Default::default(), BasicProperties::default());
            let publish = channel.basic_publish(
                "".into(),
                queue.clone(),
                options,
                body.as_bytes(),
                properties,
            );
            confirms.push(publish.await?);
        }
        for confirm in confirms {
            assert_eq!(within(confirm).await?, Confirmation::Ack(None));
        }
        assert_eq!(ready(&channel, &queue).await?, 500);
        Ok(())
    });
}

#[test]
fn a_mandatory_message_without_a_queue_is_returned_and_then_confirmed() {
    with_channel(async |channel| {
        channel.confirm_select(Default::default()).await?;
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let properties = BasicProperties::default().with_type("t".into());
        let (exchange, key) = ("amq.topic".into(), "no.body".into());
        let confirm = channel.basic_publish(exchange, key, options, b"back", properties).await?;
        let Confirmation::Ack(Some(returned)) = within(confirm).await? else {
            panic!("confirmed, and not returned before");
        };
        assert_eq!(returned.reply_code, 312);
        assert_eq!(returned.reply_text.as_str(), "NO_ROUTE");
        assert_eq!(returned.exchange.as_str(), "amq.topic");
        assert_eq!(returned.routing_key.as_str(), "no.body");
        assert_eq!(returned.properties.kind().as_ref().unwrap().as_str(), "t");
        assert_eq!(body(&returned.delivery), "back");
        Ok(())
    });
}

#[test]
fn acknowledged_messages_are_gone_and_refused_ones_keep_their_places() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["a", "b", "c", "d", "e", "f"]).await?;
        let taken = take(&mut consume(&channel, &queue, "only").await?, 6).await?;
        channel.basic_cancel("only".into(), Default::default()).await?;
        let back = BasicNackOptions { requeue: true, ..Default::default() };
        taken[1].ack(Default::default()).await?;
        taken[4].nack(back).await?;
        taken[2].reject(BasicRejectOptions { requeue: false }).await?;
        taken[0].reject(BasicRejectOptions { requeue: true }).await?;
        taken[3].nack(Default::default()).await?;
        assert_eq!(left(&channel, &queue).await?, ["+a", "+e"]);
        // 0: all that are unacknowledged
        channel.basic_nack(0, BasicNackOptions { multiple: true, ..back }).await?;
        assert_eq!(left(&channel, &queue).await?, ["+f"]);
        Ok(())
    });
}

#[test]
fn ack_and_nack_of_all_up_to_a_message() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["a", "b", "c", "d", "e", "f"]).await?;
        let taken = take(&mut consume(&channel, &queue, "only").await?, 6).await?;
        channel.basic_cancel("only".into(), Default::default()).await?;
        taken[1].ack(BasicAckOptions { multiple: true }).await?;
        taken[3].nack(BasicNackOptions { multiple: true, requeue: true }).await?;
        taken[5].ack(BasicAckOptions { multiple: true }).await?;
        assert_eq!(left(&channel, &queue).await?, ["+c", "+d"]);
        Ok(())
    });
}

#[test]
fn recover_delivers_again() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["a", "b"]).await?;
        let mut consumer = consume(&channel, &queue, "").await?;
        take(&mut consumer, 2).await?;
        channel.basic_recover(BasicRecoverOptions { requeue: true }).await?;
        let again = take(&mut consumer, 2).await?;
        assert_eq!(again.iter().map(body).collect::<Vec<_>>(), ["a", "b"]);
        assert!(again.iter().all(|delivery| delivery.redelivered));
        Ok(())
    });
}

#[test]
fn prefetch_bounds_what_is_in_hand() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        channel.basic_qos(3, Default::default()).await?;
        send(&channel, &queue, &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]).await?;
        let mut consumer = consume(&channel, &queue, "").await?;
        let taken = take(&mut consumer, 3).await?;
        assert_eq!(ready(&channel, &queue).await?, 7);
        taken[2].ack(BasicAckOptions { multiple: true }).await?;
        take(&mut consumer, 3).await?;
        assert_eq!(ready(&channel, &queue).await?, 4);
        Ok(())
    });
}

#[test]
fn get_and_get_from_an_empty_queue() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        assert_eq!(channel.basic_get(queue.clone(), Default::default()).await?, None);
        send(&channel, &queue, &["one", "two"]).await?;
        let message = channel.basic_get(queue.clone(), Default::default()).await?.unwrap();
        assert_eq!(body(&message.delivery), "one");
        assert_eq!(message.message_count, 1);
        message.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;
        assert_eq!(left(&channel, &queue).await?, ["+one", "two"]);
        Ok(())
    });
}

#[test]
fn messages_keep_their_order() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        let mut consumer = consume(&channel, &queue, "").await?;
        for number in 0..1000 {
            send(&channel, &queue, &[&number.to_string()]).await?;
        }
        for number in 0..1000 {
            assert_eq!(body(&next(&mut consumer).await?), number.to_string());
        }
        Ok(())
    });
}

#[test]
fn a_higher_priority_is_served_while_it_has_credit() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        channel.basic_qos(2, Default::default()).await?;
        let mut low = consume(&channel, &queue, "low").await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-priority".into(), AMQPValue::LongInt(5));
        let mut high = channel
            .basic_consume(queue.clone(), "high".into(), Default::default(), arguments)
            .await?;
        send(&channel, &queue, &["a", "b", "c"]).await?;
        let first = take(&mut high, 2).await?;
        assert_eq!(first.iter().map(body).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(body(&next(&mut low).await?), "c");
        Ok(())
    });
}

#[test]
fn a_request_is_answered_without_a_queue() {
    with_connection(async |connection| {
        let (client, server) =
            (connection.create_channel().await?, connection.create_channel().await?);
        let no_ack = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let mut replies =
            client.basic_consume(REPLY_TO.into(), "".into(), no_ack, no_arguments()).await?;
        let requests = exclusive_queue(&server).await?;
        let mut deliveries = consume(&server, &requests, "").await?;
        let request = BasicProperties::default().with_reply_to(REPLY_TO.into());
        let request = request.with_correlation_id("7".into());
        let options = BasicPublishOptions::default();
        client.basic_publish("".into(), requests, options, b"6 * 7", request).await?;
        let got = next(&mut deliveries).await?.properties;
        let address = got.reply_to().clone().unwrap();
        assert!(address.as_str().starts_with("amq.rabbitmq.reply-to."));
        let answer =
            BasicProperties::default().with_correlation_id(got.correlation_id().clone().unwrap());
        server.basic_publish("".into(), address, options, b"42", answer).await?;
        let reply = next(&mut replies).await?;
        assert_eq!(reply.properties.correlation_id().as_ref().unwrap().as_str(), "7");
        assert_eq!(body(&reply), "42");
        Ok(())
    });
}

#[test]
fn a_commit_publishes_and_settles() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["first"]).await?;
        channel.tx_select().await?;
        let message = channel.basic_get(queue.clone(), Default::default()).await?.unwrap();
        message.ack(Default::default()).await?;
        send(&channel, &queue, &["second"]).await?;
        assert_eq!(ready(&channel, &queue).await?, 0);
        channel.tx_commit().await?;
        assert_eq!(left(&channel, &queue).await?, ["second"]);
        Ok(())
    });
}

#[test]
fn a_rollback_forgets_both() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["first"]).await?;
        channel.tx_select().await?;
        let message = channel.basic_get(queue.clone(), Default::default()).await?.unwrap();
        let tag = message.delivery_tag;
        channel.basic_ack(tag, Default::default()).await?;
        send(&channel, &queue, &["second"]).await?;
        channel.tx_rollback().await?;
        // Still unacknowledged, so it can be refused.
        let back = BasicNackOptions { requeue: true, ..Default::default() };
        channel.basic_nack(tag, back).await?;
        channel.tx_commit().await?;
        assert_eq!(left(&channel, &queue).await?, ["+first"]);
        Ok(())
    });
}

#[test]
fn a_deleted_queue_ends_its_consumer() {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        let mut consumer = consume(&channel, &queue, "orphan").await?;
        channel.queue_delete(queue, Default::default()).await?;
        assert!(within(consumer.next()).await.is_none());
        Ok(())
    });
}
