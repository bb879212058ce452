// SPDX-License-Identifier: MIT OR Apache-2.0
// A session of hap-controller: reads one command a line (JSON), prints one result a line.
'use strict';

const readline = require('readline');
const { HttpClient } = require('hap-controller');

const [host, port, code] = process.argv.slice(2);
let client = new HttpClient('00:00:00:00:00:00', host, Number(port));
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const commands = {
  async pair({ method }) {
    await client.pairSetup(code, method);
    client = new HttpClient('00:00:00:00:00:00', host, Number(port), client.getLongTermData());
    return client.getLongTermData();
  },
  keep() {
    const options = { usePersistentConnections: true };
    client = new HttpClient('00:00:00:00:00:00', host, Number(port), client.getLongTermData(), options);
  },
  accessories: () => client.getAccessories(),
  read: ({ ids }) => client.getCharacteristics(ids, { meta: true, perms: true, type: true, ev: true }),
  write: ({ values }) => client.setCharacteristics(values),
  async subscribe({ ids }) {
    client.on('event', (event) => say({ event }));
    return client.subscribeCharacteristics(ids);
  },
  async image({ width, height }) {
    const image = await client.getImage(width, height);
    return Buffer.from(image).toString('base64');
  },
  async remove() {
    const data = client.getLongTermData();
    await client.removePairing(data.iOSDevicePairingID);
    client = new HttpClient('00:00:00:00:00:00', host, Number(port));
  },
  async identify() {
    await client.identify();
  },
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { command, ...more } = JSON.parse(line);
  try {
    say({ result: (await commands[command](more)) ?? null });
  } catch (error) {
    say({ error: String(error && error.message ? error.message : error) });
  }
}).on('close', () => process.exit(0));
