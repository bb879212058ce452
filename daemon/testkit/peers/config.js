// SPDX-License-Identifier: MIT OR Apache-2.0
// The command line and the few configuration keys that the peers share with hsvd.
'use strict';

const fs = require('fs');

function argument(name) {
  const at = process.argv.indexOf(name);
  if (at < 0 || at + 1 >= process.argv.length) {
    throw new Error(`usage: ${process.argv[1]} --config FILE --state-dir DIR`);
  }
  return process.argv[at + 1];
}

/** Reads the flat TOML that the testkit writes: tables of `key = value` lines. */
function readToml(path) {
  const tables = {};
  let table = tables;
  for (const raw of fs.readFileSync(path, 'utf8').split('\n')) {
    const line = raw.trim();
    const head = line.match(/^\[(.+)\]$/);
    const pair = line.match(/^([\w-]+)\s*=\s*(.+)$/);
    if (head) {
      table = tables[head[1]] = {};
    } else if (pair) {
      table[pair[1]] = JSON.parse(pair[2]);
    }
  }
  return tables;
}

exports.load = () => ({
  config: readToml(argument('--config')),
  stateDir: argument('--state-dir'),
});
