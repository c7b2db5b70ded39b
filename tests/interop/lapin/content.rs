use lapin::message::Delivery;
use lapin::options::*;
use lapin::types::{AMQPValue, ByteArray, DecimalValue, FieldArray, FieldTable};
use lapin::{BasicProperties, Channel, Result};

use crate::session::*;

/// A message after its way through a queue.
async fn echo(channel: &Channel, properties: BasicProperties, body: &[u8]) -> Result<Delivery> {
    let queue = exclusive_queue(channel).await?;
    let options = BasicPublishOptions::default();
    channel.basic_publish("".into(), queue.clone(), options, body, properties).await?;
    let message = channel.basic_get(queue, BasicGetOptions { no_ack: true }).await?;
    Ok(message.expect("a message").delivery)
}

async fn echo_headers(channel: &Channel, headers: &FieldTable) -> Result<FieldTable> {
    let properties = BasicProperties::default().with_headers(headers.clone());
    let delivery = echo(channel, properties, b"").await?;
    Ok(delivery.properties.headers().clone().expect("headers"))
}

#[test]
fn bodies_of_all_sizes() {
    with_channel(async |channel| {
        for size in [0, 1, 131063, 131064, 131065, 1 << 20, 5 << 20] {
            let body: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            let delivery = echo(&channel, BasicProperties::default(), &body).await?;
            assert!(delivery.data == body, "a body of {size} bytes came back changed");
        }
        Ok(())
    });
}

#[test]
fn a_body_of_many_small_frames() {
    run(async {
        let connection = connect("frame_max=4096").await?;
        assert_eq!(connection.configuration().frame_max(), 4096);
        let body = vec![7; 1 << 20];
        let channel = connection.create_channel().await?;
        let delivery = echo(&channel, BasicProperties::default(), &body).await?;
        assert!(delivery.data == body);
        connection.close(200, "OK".into()).await
    });
}

#[test]
fn all_properties() {
    with_channel(async |channel| {
        let properties = BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_content_encoding("utf-8".into())
            .with_delivery_mode(2)
            .with_priority(7)
            .with_correlation_id("correlation".into())
            .with_reply_to("answers".into())
            .with_expiration("60000".into())
            .with_message_id("message".into())
            .with_timestamp(1_700_000_000)
            .with_type("greeting".into())
            .with_user_id("guest".into())
            .with_app_id("tests".into())
            .with_cluster_id("cluster".into());
        assert_eq!(echo(&channel, properties.clone(), b"").await?.properties, properties);
        Ok(())
    });
}

/// What this type is called, and one of its extreme values.
fn values() -> Vec<(&'static str, AMQPValue)> {
    let mut table = FieldTable::default();
    table.insert("three".into(), AMQPValue::ShortShortInt(3));
    let array = vec![AMQPValue::LongInt(1), AMQPValue::Void, AMQPValue::FieldTable(table.clone())];
    let array = AMQPValue::FieldArray(FieldArray::from(array));
    let mut deep = FieldTable::default();
    deep.insert("deep".into(), AMQPValue::FieldArray(FieldArray::from(vec![array.clone()])));
    vec![
        ("bit", AMQPValue::Boolean(true)),
        ("int8", AMQPValue::ShortShortInt(i8::MIN)),
        ("uint8", AMQPValue::ShortShortUInt(u8::MAX)),
        ("int16", AMQPValue::ShortInt(i16::MIN)),
        ("uint16", AMQPValue::ShortUInt(u16::MAX)),
        ("int32", AMQPValue::LongInt(i32::MIN)),
        ("uint32", AMQPValue::LongUInt(u32::MAX)),
        ("int64", AMQPValue::LongLongInt(i64::MIN)),
        ("float", AMQPValue::Float(0.5)),
        ("double", AMQPValue::Double(3.25)),
        ("decimal", AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 314 })),
        ("string", AMQPValue::LongString("ünï ✓ 🐇".into())),
        ("bytes", AMQPValue::ByteArray(ByteArray::from(vec![0, 255]))),
        ("timestamp", AMQPValue::Timestamp(1_700_000_000)),
        ("void", AMQPValue::Void),
        ("array", array),
        ("table", AMQPValue::FieldTable(deep)),
    ]
}

#[test]
fn headers_of_all_types() {
    with_channel(async |channel| {
        for (kind, value) in values() {
            let mut headers = FieldTable::default();
            headers.insert("value".into(), value);
            assert_eq!(echo_headers(&channel, &headers).await?, headers, "{kind}");
        }
        Ok(())
    });
}

#[test]
fn headers_of_sixty_kilobytes() {
    with_channel(async |channel| {
        let mut headers = FieldTable::default();
        for number in 0..60 {
            let value = AMQPValue::LongString("v".repeat(1000).into());
            headers.insert(format!("key-{number}").into(), value);
        }
        assert_eq!(echo_headers(&channel, &headers).await?, headers);
        Ok(())
    });
}
