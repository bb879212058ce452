#!/usr/bin/env node
// SPDX-License-Identifier: MIT OR Apache-2.0
// A camera with HomeKit Secure Video made with hap-nodejs; it takes hsvd's command line, so the
// same tests and measurements run against both. Environment: PEER_FRAGMENT_BYTES and
// PEER_FRAGMENTS replace the recording by synthetic fragments, to measure the data stream alone.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { once } = require('events');
const hap = require('hap-nodejs');
const { load } = require('./config');
const { Recorder } = require('./recorder');
const live = require('./streamer');

const { config, stateDir } = load();
const holdMs = ((config.motion || {})['hold-s'] || 10) * 1000;
hap.HAPStorage.setCustomStoragePath(path.join(stateDir, 'persist'));

function deviceId() {
  const file = path.join(stateDir, 'id');
  if (!fs.existsSync(file)) {
    const bytes = [...crypto.randomBytes(6)].map((b) => b.toString(16).padStart(2, '0'));
    fs.writeFileSync(file, bytes.join(':').toUpperCase());
  }
  return fs.readFileSync(file, 'utf8');
}

let picture;
/** The same picture for all, unless each is to be taken: PEER_FRESH_SNAPSHOTS. */
function snapshot(request) {
  picture = picture || live.snapshot({ width: 1280, height: 720 });
  return process.env.PEER_FRESH_SNAPSHOTS ? live.snapshot(request) : picture;
}

const streaming = {
  handleSnapshotRequest: (request, callback) => callback(undefined, snapshot(request)),
  prepareStream: live.prepareStream,
  handleStreamRequest: live.handleStreamRequest,
};

let active = false;
let configuration;
let recorder;
let motion = false;

function updateRecorder() {
  if (recorder) {
    recorder.stop();
    recorder = undefined;
  }
  if (active && configuration && !process.env.PEER_FRAGMENT_BYTES) {
    const management = camera.recordingManagement.recordingManagementService;
    const audio = management.getCharacteristic(hap.Characteristic.RecordingAudioActive).value;
    recorder = new Recorder(configuration, Boolean(audio));
  }
}

async function* synthetic() {
  const bytes = crypto.randomBytes(Number(process.env.PEER_FRAGMENT_BYTES));
  const count = Number(process.env.PEER_FRAGMENTS);
  yield { data: bytes.subarray(0, 1000), isLast: false };
  for (let sent = 1; sent <= count; sent += 1) {
    yield { data: bytes, isLast: sent === count };
  }
}

const open = new Set();
const recording = {
  updateRecordingActive(value) {
    active = value;
    updateRecorder();
  },
  updateRecordingConfiguration(value) {
    configuration = value;
    updateRecorder();
  },
  async* handleRecordingStreamRequest(streamId) {
    if (process.env.PEER_FRAGMENT_BYTES) {
      yield* synthetic();
      return;
    }
    open.add(streamId);
    const source = recorder;
    while (!source.init) {
      await once(source, 'part');
    }
    yield { data: source.init, isLast: false };
    let number = 0;
    let quiet = 0;
    while (open.has(streamId)) {
      const fragment = source.after(number);
      if (!fragment) {
        await once(source, 'part');
        continue;
      }
      number = fragment.number;
      quiet = motion ? 0 : quiet + 1;
      yield { data: fragment.data, isLast: quiet > 2 };
      if (quiet > 2) {
        return;
      }
    }
  },
  acknowledgeStream: (streamId) => open.delete(streamId),
  closeRecordingStream: (streamId) => open.delete(streamId),
};

const camera = new hap.CameraController({
  cameraStreamCount: 2,
  delegate: streaming,
  sensors: { motion: true },
  streamingOptions: {
    supportedCryptoSuites: [hap.SRTPCryptoSuites.AES_CM_128_HMAC_SHA1_80],
    video: { codec: { profiles: [1], levels: [0, 2] }, resolutions: [[1920, 1080, 30], [1280, 720, 30], [640, 360, 30], [320, 240, 15]] },
    audio: { codecs: [{ type: 'OPUS', samplerate: [16, 24] }] },
  },
  recording: {
    delegate: recording,
    options: {
      prebufferLength: 4000,
      mediaContainerConfiguration: { type: 0, fragmentLength: 4000 },
      video: { type: 0, parameters: { profiles: [1], levels: [0, 2] }, resolutions: [[1920, 1080, 30], [1280, 720, 30], [1280, 720, 15]] },
      audio: { codecs: [{ type: 0, samplerate: [3] }] },
    },
  },
});

const accessory = new hap.Accessory('Porch', hap.uuid.generate('hsv.testkit.peer'));
accessory.configureController(camera);
let timer;
process.on('SIGUSR1', () => {
  const sensor = accessory.getService(hap.Service.MotionSensor);
  motion = true;
  sensor.updateCharacteristic(hap.Characteristic.MotionDetected, true);
  clearTimeout(timer);
  timer = setTimeout(() => {
    motion = false;
    sensor.updateCharacteristic(hap.Characteristic.MotionDetected, false);
  }, holdMs);
});
process.on('SIGTERM', () => {
  if (recorder) {
    recorder.stop();
  }
  live.stopAll();
  process.exit(0);
});
accessory.on('listening', (port) => console.log(`listening: hap ${port}`));
accessory.publish({
  username: deviceId(),
  pincode: config.pairing['setup-code'],
  category: hap.Categories.IP_CAMERA,
  port: config.hap.port,
  bind: config.hap.advertise ? undefined : 'lo',
  advertiser: 'bonjour-hap',
});
