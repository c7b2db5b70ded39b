'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { exclusiveQueue, withConnection, within } = require('./session');

const MESSAGES = 10_000;
const BODY_BYTES = 100_000;
const FILLER = Buffer.alloc(BODY_BYTES - 4, '*');

function body(number) {
  const bytes = Buffer.alloc(BODY_BYTES, '*');
  bytes.writeUInt32BE(number);
  return bytes;
}

async function publish(channel, queue) {
  for (let number = 0; number < MESSAGES; number++) {
    if (!channel.sendToQueue(queue, body(number))) await within(once(channel, 'drain'), 'drain');
  }
}

test('a gigabyte in 10,000 messages, in order', () => withConnection({}, async (connection) => {
  const channel = await connection.createChannel();
  const queue = await exclusiveQueue(channel);
  await channel.prefetch(50);
  let received = 0;
  const all = new Promise((resolve, reject) => {
    channel.consume(queue, (message) => {
      try {
        assert.equal(message.content.readUInt32BE(), received++);
        assert.ok(message.content.subarray(4).equals(FILLER));
      } catch (error) {
        reject(error);
      }
      if (received % 25 === 0) channel.ack(message, true);
      if (received === MESSAGES) resolve();
    });
  });
  await publish(await connection.createChannel(), queue);
  await within(all, 'the last message');
}));
