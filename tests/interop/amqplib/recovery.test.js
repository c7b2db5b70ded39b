'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { consume, send, uniqueName, withConnection, within } = require('./session');

test('a lost connection is opened again and set up as before', () => {
  const queue = uniqueName();
  const setUp = [];
  const setup = async (connection) => {
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, { exclusive: true });
    const consumer = await consume(channel, queue);
    setUp.push({ channel, consumer, socket: connection.connection.stream });
  };
  const recovery = { initialDelay: 50, maxDelay: 200, setup };
  return withConnection({ recovery }, async (connection) => {
    const again = new Promise((resolve) => { connection.once('connect', resolve); });
    setUp[0].socket.destroy(new Error('cut'));
    await within(again, 'the connection');
    assert.equal(setUp.length, 2);
    send(setUp[1].channel, queue, 'after');
    assert.equal(String((await setUp[1].consumer.take(1))[0].content), 'after');
  });
});
