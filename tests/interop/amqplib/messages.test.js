'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const {
  consume,
  exclusiveQueue,
  left,
  send,
  withChannel,
  withConnection,
  within,
} = require('./session');

test('each message of a burst is confirmed', withChannel('createConfirmChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  let confirmed = 0;
  for (let number = 0; number < 500; number++) {
    channel.sendToQueue(queue, Buffer.from(`${number}`), {}, (error) => {
      assert.equal(error, null);
      confirmed++;
    });
  }
  await within(channel.waitForConfirms(), 'the confirms');
  assert.equal(confirmed, 500);
  assert.equal((await channel.checkQueue(queue)).messageCount, 500);
}));

test('a mandatory message without a queue is returned and then confirmed',
  withChannel('createConfirmChannel', async (channel) => {
    const events = [];
    channel.on('return', (message) => events.push(message));
    channel.publish('amq.topic', 'no.body', Buffer.from('back'), { mandatory: true, type: 't' },
      () => events.push('confirmed'));
    await within(channel.waitForConfirms(), 'the confirm');
    const [returned, confirmed] = events;
    assert.equal(confirmed, 'confirmed');
    assert.equal(returned.fields.replyCode, 312);
    assert.equal(returned.fields.replyText, 'NO_ROUTE');
    assert.equal(returned.fields.exchange, 'amq.topic');
    assert.equal(returned.fields.routingKey, 'no.body');
    assert.equal(returned.properties.type, 't');
    assert.equal(String(returned.content), 'back');
  }));

test('acknowledged messages are gone, refused ones keep their places',
  withChannel('createChannel', async (channel) => {
    const queue = await exclusiveQueue(channel);
    send(channel, queue, ...'abcdef');
    const consumer = await consume(channel, queue);
    const [a, b, c, d, e] = await consumer.take(6);
    await channel.cancel(consumer.consumerTag);
    channel.ack(b);
    channel.nack(e, false, true);
    channel.reject(c, false);
    channel.nack(a, false, true);
    channel.nack(d, false, false);
    assert.deepEqual(await left(channel, queue), ['+a', '+e']);
    channel.nackAll(true);
    assert.deepEqual(await left(channel, queue), ['+f']);
  }));

test('ack and nack of all up to a message', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  send(channel, queue, ...'abcdef');
  const consumer = await consume(channel, queue);
  const messages = await consumer.take(6);
  await channel.cancel(consumer.consumerTag);
  channel.ack(messages[1], true);
  channel.nack(messages[3], true, true);
  channel.ackAll();
  assert.deepEqual(await left(channel, queue), ['+c', '+d']);
}));

test('prefetch bounds what is in hand', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  await channel.prefetch(3);
  send(channel, queue, ...'abcdefghij');
  const consumer = await consume(channel, queue);
  await consumer.take(3);
  assert.equal((await channel.checkQueue(queue)).messageCount, 7);
  channel.ack(consumer.messages[2], true);
  await consumer.take(6);
  assert.equal((await channel.checkQueue(queue)).messageCount, 4);
}));

test('get, and get from an empty queue', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  assert.equal(await channel.get(queue), false);
  send(channel, queue, 'one', 'two');
  const message = await channel.get(queue);
  assert.equal(String(message.content), 'one');
  assert.equal(message.fields.messageCount, 1);
  assert.equal(message.fields.redelivered, false);
  channel.nack(message);
  assert.deepEqual(await left(channel, queue), ['+one', 'two']);
}));

test('messages keep their order', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  const bodies = Array.from({ length: 1000 }, (_, index) => `${index}`);
  const consumer = await consume(channel, queue, { noAck: true });
  send(channel, queue, ...bodies);
  const messages = await consumer.take(1000);
  assert.deepEqual(messages.map((message) => String(message.content)), bodies);
}));

test('consumers take turns', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  const one = await consume(channel, queue);
  const two = await consume(channel, queue);
  send(channel, queue, ...'abcdefgh');
  assert.equal((await one.take(4)).length, 4);
  assert.equal((await two.take(4)).length, 4);
}));

test('a closed channel gives back what it held', () => withConnection({}, async (connection) => {
  const channel = await connection.createChannel();
  const holder = await connection.createChannel();
  const queue = await exclusiveQueue(channel);
  send(channel, queue, ...'abc');
  const consumer = await consume(holder, queue);
  const [, b] = await consumer.take(3);
  holder.ack(b);
  await holder.close();
  assert.deepEqual(await left(channel, queue), ['+a', '+c']);
}));

test('a deleted queue cancels its consumer', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  const consumer = await consume(channel, queue);
  await channel.deleteQueue(queue);
  assert.deepEqual(await consumer.take(1), [null]);
}));

test('heartbeats keep an idle connection alive', () =>
  // amqplib gives up on a broker that is silent for two seconds, and the broker on amqplib.
  withConnection({ heartbeat: 1 }, async (connection) => {
    const broken = once(connection, 'close').then(() => 'broken');
    const idle = new Promise((resolve) => setTimeout(resolve, 2400, 'alive'));
    assert.equal(await Promise.race([broken, idle]), 'alive');
    await exclusiveQueue(await connection.createChannel());
  }));
