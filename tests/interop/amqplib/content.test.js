'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { exclusiveQueue, withChannel } = require('./session');

async function echo(channel, body, options) {
  const queue = await exclusiveQueue(channel);
  channel.sendToQueue(queue, body, options);
  return channel.get(queue, { noAck: true });
}

for (const size of [0, 1, 131063, 131064, 131065, 5 * 1024 * 1024]) {
  test(`a body of ${size} bytes`, withChannel('createChannel', async (channel) => {
    const body = Buffer.alloc(size, 'leveret');
    const { content } = await echo(channel, body);
    assert.ok(content.equals(body));
  }));
}

test('all properties', withChannel('createChannel', async (channel) => {
  const properties = {
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    priority: 7,
    correlationId: 'correlation',
    replyTo: 'answers',
    expiration: '60000',
    messageId: 'message',
    timestamp: 1700000000,
    type: 'greeting',
    userId: 'guest',
    appId: 'tests',
  };
  const message = await echo(channel, Buffer.from('x'), { ...properties, persistent: true });
  for (const [key, value] of Object.entries(properties)) {
    assert.equal(message.properties[key], value, key);
  }
  assert.equal(message.properties.deliveryMode, 2);
  assert.equal(message.properties.clusterId, undefined);
}));

const typed = (type, value) => ({ '!': type, value });

// What is sent, and what amqplib makes of the answer where that is something else.
const FIELDS = [
  ['bit', true],
  ['int8', -128],
  ['uint8', typed('uint8', 255), 255],
  ['int16', -32768],
  ['uint16', typed('uint16', 65535), 65535],
  ['int32', -(2 ** 31)],
  ['uint32', typed('uint32', 2 ** 32 - 1), 2 ** 32 - 1],
  ['int64', -(2 ** 49)],
  ['float', typed('float', 0.5), 0.5],
  ['double', 3.25],
  ['decimal', typed('decimal', { places: 2, digits: 314 })],
  ['string', 'ünï ✓ 🐇'],
  ['bytes', Buffer.from([0, 255])],
  ['timestamp', typed('timestamp', 1700000000)],
  ['void', null],
  ['array', [1, 'two', [null], { three: 3 }]],
  ['table', { deep: { deeper: { deepest: [{}] } } }],
];

for (const [type, sent, received = sent] of FIELDS) {
  test(`a header of type ${type}`, withChannel('createChannel', async (channel) => {
    const { properties } = await echo(channel, Buffer.from('x'), { headers: { value: sent } });
    assert.deepEqual({ ...properties.headers }, { value: received });
  }));
}

test('headers of 60 kilobytes', withChannel('createChannel', async (channel) => {
  const headers = {};
  for (let index = 0; index < 60; index++) headers[`key-${index}`] = 'v'.repeat(1000);
  const { properties } = await echo(channel, Buffer.from('x'), { headers });
  assert.deepEqual({ ...properties.headers }, headers);
}));
