'use strict';
// Tells pytest how each case went: one line of JSON per case.

module.exports = async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      const cause = data.details?.error?.cause ?? data.details?.error;
      const error = cause ? String(cause.stack ?? cause) : '';
      yield `${JSON.stringify({ name: data.name, passed: type === 'test:pass', error })}\n`;
    }
  }
};
