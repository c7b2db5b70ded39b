'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const amqplib = require('amqplib');
const {
  consume,
  exclusiveQueue,
  failure,
  send,
  uniqueName,
  withConnection,
} = require('./session');

/** A case: what is done with a channel, an exclusive queue, and a name that nothing has. */
function closesTheChannelAlone(rule, act, { code, method, text }) {
  test(rule, () => withConnection({}, async (connection) => {
    const bystander = await connection.createChannel();
    const channel = await connection.createChannel();
    const [queue, name] = [await exclusiveQueue(bystander), uniqueName()];
    const error = await failure(channel, () => act(channel, queue, name));
    assert.equal(error.code, code);
    assert.deepEqual([error.classId, error.methodId], method);
    const expected = text.replaceAll('QUEUE', queue).replaceAll('NAME', name);
    assert.ok(error.message.includes(`"${expected}"`), `${error.message} is not ${expected}`);
    assert.equal((await bystander.checkQueue(queue)).queue, queue);
    await (await connection.createChannel()).checkQueue(queue);
  }));
}

closesTheChannelAlone('a check for no queue', (channel, _queue, name) => channel.checkQueue(name),
  { code: 404, method: [50, 10], text: "NOT_FOUND - no queue 'NAME' in vhost '/'" });

closesTheChannelAlone('get from no queue', (channel, _queue, name) => channel.get(name),
  { code: 404, method: [60, 70], text: "NOT_FOUND - no queue 'NAME' in vhost '/'" });

closesTheChannelAlone('consume from no queue', (channel, _queue, name) => consume(channel, name),
  { code: 404, method: [60, 20], text: "NOT_FOUND - no queue 'NAME' in vhost '/'" });

closesTheChannelAlone('a check for no exchange',
  (channel, _queue, name) => channel.checkExchange(name),
  { code: 404, method: [40, 10], text: "NOT_FOUND - no exchange 'NAME' in vhost '/'" });

closesTheChannelAlone('publish to no exchange',
  (channel, _queue, name) => channel.publish(name, '', Buffer.from('x')),
  { code: 404, method: [60, 40], text: "NOT_FOUND - no exchange 'NAME' in vhost '/'" });

closesTheChannelAlone('a reserved name', (channel) => channel.assertQueue('amq.mine'), {
  code: 403,
  method: [50, 10],
  text: "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
});

closesTheChannelAlone('bind to the default exchange',
  (channel, queue) => channel.bindQueue(queue, '', 'key'), {
    code: 403,
    method: [50, 20],
    text: 'ACCESS_REFUSED - operation not permitted on the default exchange',
  });

closesTheChannelAlone('redeclare with another flag', async (channel, _queue, name) => {
  await channel.assertQueue(name, { exclusive: true });
  await channel.assertQueue(name, { exclusive: true, autoDelete: true });
}, {
  code: 406,
  method: [50, 10],
  text: "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'NAME' in vhost '/': " +
    "received 'true' but current is 'false'",
});

closesTheChannelAlone('delete what is not empty', async (channel, queue) => {
  send(channel, queue, 'full');
  await channel.purgeQueue(queue);
  send(channel, queue, 'full again');
  channel.nack(await channel.get(queue));
  await channel.deleteQueue(queue, { ifEmpty: true });
}, { code: 406, method: [50, 40], text: "PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' not empty" });

closesTheChannelAlone('delete what is in use', async (channel, queue) => {
  await consume(channel, queue);
  await channel.deleteQueue(queue, { ifUnused: true });
}, { code: 406, method: [50, 40], text: "PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' in use" });

closesTheChannelAlone('consume beside an exclusive consumer', async (channel, queue) => {
  await consume(channel, queue, { exclusive: true });
  await consume(channel, queue);
}, {
  code: 403,
  method: [60, 20],
  text: "ACCESS_REFUSED - queue 'QUEUE' in vhost '/' in exclusive use",
});

for (const [verb, methodId] of [['ack', 80], ['reject', 90], ['nack', 120]]) {
  closesTheChannelAlone(`${verb} what was not delivered`,
    (channel) => channel[verb]({ fields: { deliveryTag: 5 } }),
    { code: 406, method: [60, methodId], text: 'PRECONDITION_FAILED - unknown delivery tag 5' });
}

test('the queue of another connection', () => withConnection({}, (owner) =>
  withConnection({}, async (other) => {
    const queue = await exclusiveQueue(await owner.createChannel());
    const channel = await other.createChannel();
    const error = await failure(channel, () => channel.checkQueue(queue));
    assert.equal(error.code, 405);
    assert.match(error.message, /RESOURCE_LOCKED - cannot obtain exclusive access to locked queue/);
  })));

test('a consumer tag used twice closes the connection', () =>
  withConnection({}, async (connection) => {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const queue = await exclusiveQueue(channel);
    await consume(channel, queue, { consumerTag: 'twin' });
    const error = await failure(connection, () => consume(channel, queue, { consumerTag: 'twin' }));
    assert.equal(error.code, 530);
    assert.match(error.message, /NOT_ALLOWED - attempt to reuse consumer tag 'twin'/);
  }));

test('an unknown virtual host', async () => {
  const url = new URL(process.env.LEVERET_TEST_BROKER);
  url.pathname = '/nowhere';
  await assert.rejects(amqplib.connect(url.href), /Expected ConnectionOpenOk; got <ConnectionClose/);
});

test('a wrong password', async () => {
  const url = new URL(process.env.LEVERET_TEST_BROKER);
  url.password = 'wrong';
  await assert.rejects(amqplib.connect(url.href), /403 \(ACCESS-REFUSED\).*Login was refused/);
});
