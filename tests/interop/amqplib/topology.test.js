'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const {
  consume,
  exclusiveQueue,
  left,
  send,
  uniqueName,
  withChannel,
  withConnection,
} = require('./session');

const routing = {
  direct: { binding: 'exact', reached: ['exact'], missed: ['exac', 'exact.ly', ''] },
  fanout: { binding: 'ignored', reached: ['anything', ''], missed: [] },
  topic: {
    binding: 'a.*.#',
    reached: ['a.b', 'a.b.c', 'a.b.c.d'],
    missed: ['a', 'b.a', '', 'aa.b'],
  },
};

for (const type of ['direct', 'fanout', 'topic']) {
  test(`exchanges route: ${type}`, withChannel('createChannel', async (channel) => {
    const { binding, reached, missed } = routing[type];
    const queue = await exclusiveQueue(channel);
    const exchange = uniqueName();
    await channel.assertExchange(exchange, type, { durable: true, autoDelete: true });
    await channel.bindQueue(queue, exchange, binding);
    for (const key of [...reached, ...missed]) channel.publish(exchange, key, Buffer.from(key));
    assert.deepEqual(await left(channel, queue), reached);
    await channel.unbindQueue(queue, exchange, binding);
  }));
}

test('the server names queues', withChannel('createChannel', async (channel) => {
  const names = [await exclusiveQueue(channel), await exclusiveQueue(channel)];
  assert.match(names[0], /^amq\.gen-/);
  assert.notEqual(names[0], names[1]);
}));

test('declare, purge and delete count messages', withChannel('createChannel', async (channel) => {
  const queue = await exclusiveQueue(channel);
  send(channel, queue, 'a', 'b', 'c');
  assert.equal((await channel.purgeQueue(queue)).messageCount, 3);
  send(channel, queue, 'd');
  const held = await channel.get(queue);
  assert.equal(String(held.content), 'd');
  channel.nack(held);
  assert.equal((await channel.deleteQueue(queue)).messageCount, 1);
}));

test('an exclusive queue goes with its connection', () =>
  withConnection({}, async (other) => {
    const name = uniqueName();
    await withConnection({}, async (owner) => {
      const channel = await owner.createChannel();
      await channel.assertQueue(name, { exclusive: true });
    });
    const channel = await other.createChannel();
    await channel.assertQueue(name, { exclusive: true });
  }));

test('an auto-delete queue goes with its last consumer',
  withChannel('createChannel', async (channel) => {
    const name = uniqueName();
    await channel.assertQueue(name, { durable: true, autoDelete: true });
    send(channel, name, 'old');
    const { consumerTag, take } = await consume(channel, name);
    await take(1);
    await channel.cancel(consumerTag);
    const anew = await channel.assertQueue(name, { durable: true, autoDelete: true });
    assert.equal(anew.messageCount, 0);
    await channel.deleteQueue(name);
  }));

test('a thousand queues', withChannel('createConfirmChannel', async (channel) => {
  const queues = await Promise.all(
    Array.from({ length: 1000 }, () => exclusiveQueue(channel)),
  );
  for (const queue of queues) send(channel, queue, queue);
  await channel.waitForConfirms();
  const got = await Promise.all(queues.map((queue) => channel.get(queue, { noAck: true })));
  assert.deepEqual(got.map((message) => String(message.content)), queues);
}));

test('a hundred channels at once', () => withConnection({}, async (connection) => {
  const channels = await Promise.all(
    Array.from({ length: 100 }, () => connection.createChannel()),
  );
  const queue = await exclusiveQueue(channels[0]);
  const consumer = await consume(channels[0], queue, { noAck: true });
  channels.forEach((channel, index) => {
    channel.sendToQueue(queue, Buffer.alloc(3000, index));
  });
  const messages = await consumer.take(100);
  const firsts = messages.map(({ content }) => content[0]).sort((a, b) => a - b);
  assert.deepEqual(firsts, Array.from({ length: 100 }, (_, index) => index));
}));
