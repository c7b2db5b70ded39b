'use strict';
// A connection to the broker under test, and what the cases need of it.

const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const amqplib = require('amqplib');

const URL = process.env.LEVERET_TEST_BROKER;
const WAIT_MS_MAX = 10_000;

/** Runs a case with a connection of its own, closed afterwards however the case ends. */
async function withConnection(options, body) {
  const connection = await amqplib.connect(URL, options);
  connection.on('error', () => {}); // a case that expects an error asks for it with `failure`
  try {
    await body(connection);
  } finally {
    await connection.close().catch(() => {}); // a hard error has closed it already
  }
}

/** The same with a channel (of createChannel or createConfirmChannel). */
function withChannel(create, body) {
  return () =>
    withConnection({}, async (connection) => body(await connection[create](), connection));
}

/** What a promise gives, unless that takes too long. */
async function within(promise, what = 'the answer') {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no sign of ${what}`)), WAIT_MS_MAX);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The error event of a channel or connection on which `act` does something forbidden. */
async function failure(emitter, act) {
  const failed = within(once(emitter, 'error'), 'an error');
  const acted = Promise.resolve(act()).catch(() => {}); // amqplib rejects the call as well
  const [error] = await failed;
  await acted;
  return error;
}

/** A consumer that keeps its messages; `take(count)` waits for as many. */
async function consume(channel, queue, options) {
  const messages = [];
  let wake = () => {};
  const { consumerTag } = await channel.consume(
    queue,
    (message) => {
      messages.push(message);
      wake();
    },
    options,
  );
  const take = (count) =>
    within(
      new Promise((resolve) => {
        wake = () => messages.length >= count && resolve(messages);
        wake();
      }),
      `message ${count} of ${queue}`,
    );
  return { consumerTag, messages, take };
}

/** The bodies left in a queue, '+' before those delivered before; the queue is empty then. */
async function left(channel, queue) {
  const bodies = [];
  for (let message; (message = await channel.get(queue, { noAck: true })); ) {
    bodies.push((message.fields.redelivered ? '+' : '') + message.content);
  }
  return bodies;
}

async function exclusiveQueue(channel) {
  const { queue } = await channel.assertQueue('', { exclusive: true });
  return queue;
}

function send(channel, queue, ...bodies) {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
}

const uniqueName = () => `amqplib.${randomUUID()}`;

module.exports = {
  consume,
  exclusiveQueue,
  failure,
  left,
  send,
  uniqueName,
  withChannel,
  withConnection,
  within,
};
