use std::collections::BTreeSet;

use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, ExchangeKind};

use crate::session::*;

fn routes(kind: ExchangeKind, binding: &str, reached: &[&str], missed: &[&str]) {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        let name = exchange(&channel, kind, no_arguments()).await?;
        bind(&channel, &queue, &name, binding).await?;
        for key in reached.iter().chain(missed) {
            publish(&channel, name.as_str(), key, key).await?;
        }
        assert_eq!(left(&channel, &queue).await?, reached);
        channel.queue_unbind(queue, name, binding.into(), no_arguments()).await
    });
}

#[test]
fn a_direct_exchange_routes_the_same_key() {
    routes(ExchangeKind::Direct, "exact", &["exact"], &["exac", "exact.ly", ""]);
}

#[test]
fn a_fanout_exchange_routes_everything() {
    routes(ExchangeKind::Fanout, "ignored", &["anything", ""], &[]);
}

#[test]
fn a_topic_exchange_routes_by_words() {
    let reached = ["a.b", "a.b.c", "a.b.c.d"];
    routes(ExchangeKind::Topic, "a.*.#", &reached, &["a", "b.a", "", "aa.b"]);
}

fn table(fields: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in fields {
        table.insert((*key).into(), value.clone());
    }
    table
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn matches_headers(how: &str, reached: &[&str]) {
    with_channel(async |channel| {
        let queue = exclusive_queue(&channel).await?;
        let name = exchange(&channel, ExchangeKind::Headers, no_arguments()).await?;
        let (hare, four) = (("animal", text("hare")), ("legs", AMQPValue::LongInt(4)));
        let pattern = table(&[("x-match", text(how)), hare.clone(), four.clone()]);
        let options = Default::default();
        channel.queue_bind(queue.clone(), name.clone(), "".into(), options, pattern).await?;
        for (body, headers) in [
            ("both", table(&[hare.clone(), four, ("ears", text("long"))])),
            ("one", table(&[hare, ("legs", AMQPValue::LongInt(3))])),
            ("none", table(&[("animal", text("fox"))])),
        ] {
            let properties = BasicProperties::default().with_headers(headers);
            let (name, options) = (name.clone(), Default::default());
            channel.basic_publish(name, "".into(), options, body.as_bytes(), properties).await?;
        }
        assert_eq!(left(&channel, &queue).await?, reached);
        Ok(())
    });
}

#[test]
fn a_headers_exchange_matches_all() {
    matches_headers("all", &["both"]);
}

#[test]
fn a_headers_exchange_matches_any() {
    matches_headers("any", &["both", "one"]);
}

#[test]
fn an_exchange_is_bound_to_an_exchange() {
    with_channel(async |channel| {
        let source = exchange(&channel, ExchangeKind::Topic, no_arguments()).await?;
        let destination = exchange(&channel, ExchangeKind::Fanout, no_arguments()).await?;
        let queue = exclusive_queue(&channel).await?;
        bind(&channel, &queue, &destination, "").await?;
        let (to, from, key) = (destination.clone(), source.clone(), "hares.#");
        channel.exchange_bind(to, from, key.into(), Default::default(), no_arguments()).await?;
        publish(&channel, source.as_str(), "hares.brown", "hare").await?;
        publish(&channel, source.as_str(), "foxes.red", "fox").await?;
        assert_eq!(left(&channel, &queue).await?, ["hare"]);
        let options = Default::default();
        channel.exchange_unbind(destination, source, key.into(), options, no_arguments()).await
    });
}

#[test]
fn an_alternate_exchange_gets_what_is_not_routed() {
    with_channel(async |channel| {
        let alternate = exchange(&channel, ExchangeKind::Fanout, no_arguments()).await?;
        let arguments = table(&[("alternate-exchange", text(alternate.as_str()))]);
        let name = exchange(&channel, ExchangeKind::Direct, arguments).await?;
        let (routed, rest) = (exclusive_queue(&channel).await?, exclusive_queue(&channel).await?);
        bind(&channel, &routed, &name, "known").await?;
        bind(&channel, &rest, &alternate, "").await?;
        for key in ["known", "unknown"] {
            publish(&channel, name.as_str(), key, key).await?;
        }
        assert_eq!(left(&channel, &routed).await?, ["known"]);
        assert_eq!(left(&channel, &rest).await?, ["unknown"]);
        Ok(())
    });
}

#[test]
fn the_server_names_queues() {
    with_channel(async |channel| {
        let (one, two) = (exclusive_queue(&channel).await?, exclusive_queue(&channel).await?);
        assert!(one.as_str().starts_with("amq.gen-"));
        assert_ne!(one, two);
        Ok(())
    });
}

#[test]
fn declare_purge_and_delete_count_messages() {
    with_channel(async |channel| {
        // Counts are right when messages are confirmed: RabbitMQ lets the question overtake them.
        channel.confirm_select(Default::default()).await?;
        let queue = exclusive_queue(&channel).await?;
        send(&channel, &queue, &["a", "b", "c"]).await?;
        assert_eq!(ready(&channel, &queue).await?, 3);
        assert_eq!(channel.queue_purge(queue.clone(), Default::default()).await?, 3);
        send(&channel, &queue, &["d"]).await?;
        assert_eq!(channel.queue_delete(queue, Default::default()).await?, 1);
        Ok(())
    });
}

#[test]
fn an_exclusive_queue_goes_with_its_connection() {
    with_channel(async |channel| {
        let (name, owner) = (unique_name(), connect("").await?);
        let other = owner.create_channel().await?;
        other.queue_declare(name.clone(), EXCLUSIVE, no_arguments()).await?;
        owner.close(200, "OK".into()).await?;
        channel.queue_declare(name, EXCLUSIVE, no_arguments()).await?;
        Ok(())
    });
}

#[test]
fn two_hundred_channels_at_once() {
    with_connection(async |connection| {
        let channel = connection.create_channel().await?;
        let queue = exclusive_queue(&channel).await?;
        let mut consumer = consume(&channel, &queue, "").await?;
        let mut channels = Vec::new();
        for number in 0..200 {
            channels.push(connection.create_channel().await?);
            send(&channels[number], &queue, &[&number.to_string()]).await?;
        }
        let taken = take(&mut consumer, 200).await?;
        assert_eq!(taken.iter().map(body).collect::<BTreeSet<_>>().len(), 200);
        Ok(())
    });
}
