use std::time::Duration;

use lapin::{Connection, ConnectionProperties, Event};
use tokio_stream::StreamExt;

use crate::relay::Relay;
use crate::session::*;

#[test]
fn heartbeats_keep_an_idle_connection_alive() {
    run(async {
        let connection = connect("heartbeat=1").await?; // two silent seconds are the end
        assert_eq!(connection.configuration().heartbeat(), 1);
        tokio::time::sleep(Duration::from_millis(2400)).await;
        let channel = connection.create_channel().await?;
        exclusive_queue(&channel).await?;
        connection.close(200, "OK".into()).await
    });
}

#[test]
fn a_listener_for_blocked_connections_is_not_told_without_cause() {
    with_connection(async |connection| {
        let mut events = connection.events_listener();
        let channel = connection.create_channel().await?;
        exclusive_queue(&channel).await?;
        connection.close(200, "OK".into()).await?;
        let told =
            async { while !matches!(events.next().await, Some(Event::ConnectionBlocked(_))) {} };
        let told = tokio::time::timeout(Duration::from_millis(1), told).await;
        assert!(told.is_err());
        Ok(())
    });
}

#[test]
fn a_new_secret_is_taken() {
    with_connection(async |connection| {
        connection.update_secret("guest".into(), "it was time".into()).await?;
        exclusive_queue(&connection.create_channel().await?).await?;
        Ok(())
    });
}

#[test]
fn a_lost_connection_is_recovered_with_its_queue_binding_and_consumer() {
    run(async {
        let broker = url("").split(['@', '/']).nth(3).expect("an address").to_owned();
        let relay = Relay::to(broker.clone()).expect("a relay");
        let url = url("").replace(&broker, &format!("127.0.0.1:{}", relay.port));
        let properties =
            ConnectionProperties::default().enable_auto_recover().configure_backoff(|backoff| {
                backoff.with_min_delay(Duration::from_millis(100)).with_max_times(50)
            });
        let connection = Connection::connect(&url, properties).await?;
        let channel = connection.create_channel().await?;
        let name = unique_name();
        channel.queue_declare(name.clone(), EXCLUSIVE, no_arguments()).await?;
        bind(&channel, &name, &"amq.direct".into(), name.as_str()).await?;
        let mut consumer = consume(&channel, &name, "").await?;
        relay.cut();
        let error = channel.basic_qos(1, Default::default()).await.expect_err("a lost connection");
        within(channel.wait_for_recovery(error)).await?;
        // The channel is there; the binding and the consumer follow.
        let delivery = within(async {
            loop {
                publish(&channel, "amq.direct", name.as_str(), "after").await?;
                let soon = tokio::time::timeout(Duration::from_millis(50), next(&mut consumer));
                if let Ok(delivery) = soon.await {
                    return delivery;
                }
            }
        });
        assert_eq!(body(&delivery.await?), "after");
        connection.close(200, "OK".into()).await
    });
}
