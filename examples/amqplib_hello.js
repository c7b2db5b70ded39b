'use strict';
// Publish a message and get it back, with amqplib for Node.js: npm install amqplib
//
//     node examples/amqplib_hello.js [amqp://guest:guest@127.0.0.1:5672/]

const amqplib = require('amqplib');

async function main(url = 'amqp://guest:guest@127.0.0.1:5672/') {
  const connection = await amqplib.connect(url);
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });

  channel.sendToQueue(queue, Buffer.from('hello'));
  await channel.waitForConfirms();

  const message = await channel.get(queue);
  console.log('received', message.content.toString());
  channel.ack(message);
  await connection.close();
}

main(...process.argv.slice(2));
