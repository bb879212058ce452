// SPDX-License-Identifier: MIT OR Apache-2.0
// A test picture through ffmpeg, kept as a ring of fMP4 fragments.
'use strict';

const { spawn } = require('child_process');
const { EventEmitter } = require('events');

const AUDIO_RATES = [8000, 16000, 24000, 32000, 44100, 48000];
const PROFILES = ['baseline', 'main', 'high'];
const LEVELS = ['3.1', '3.2', '4.0'];

function arguments_(configuration, withAudio) {
  const [width, height, fps] = configuration.videoCodec.resolution;
  const video = configuration.videoCodec.parameters;
  const seconds = configuration.mediaContainerConfiguration.fragmentLength / 1000;
  const list = ['-hide_banner', '-nostdin', '-v', 'error'];
  list.push('-re', '-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${fps}`);
  if (withAudio) {
    list.push('-re', '-f', 'lavfi', '-i', 'sine=f=440:r=48000');
  }
  list.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p');
  list.push('-profile:v', PROFILES[video.profile], '-level', LEVELS[video.level], '-bf', '0', '-coder', '1');
  list.push('-g', String(fps * seconds - 2), '-sc_threshold', '0', '-b:v', `${video.bitRate}k`);
  if (withAudio) {
    const audio = configuration.audioCodec;
    list.push('-c:a', 'aac', '-ac', '1', '-ar', String(AUDIO_RATES[audio.samplerate]));
    list.push('-b:a', `${audio.bitrate}k`);
  }
  list.push('-movflags', 'frag_keyframe+empty_moov+default_base_moof+skip_trailer');
  list.push('-f', 'mp4', 'pipe:1');
  return list;
}

/** Emits `part`; keeps the init segment and the newest fragments. */
class Recorder extends EventEmitter {
  constructor(configuration, withAudio) {
    super();
    this.init = null;
    this.fragments = [];
    this.keep = 1 + Math.ceil(
      configuration.prebufferLength / configuration.mediaContainerConfiguration.fragmentLength);
    this.pending = [];
    this.rest = Buffer.alloc(0);
    this.process = spawn('ffmpeg', arguments_(configuration, withAudio), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process.stdout.on('data', (data) => this.take(data));
    this.process.on('exit', () => this.emit('end'));
  }

  take(data) {
    this.rest = Buffer.concat([this.rest, data]);
    while (this.rest.length >= 8) {
      const size = this.rest.readUInt32BE(0);
      if (this.rest.length < size) {
        return;
      }
      const kind = this.rest.toString('latin1', 4, 8);
      this.pending.push(Buffer.from(this.rest.subarray(0, size)));
      this.rest = this.rest.subarray(size);
      if (kind === 'moov') {
        this.init = Buffer.concat(this.pending);
        this.pending = [];
        this.emit('part');
      } else if (kind === 'mdat') {
        this.fragments.push({ number: this.count = (this.count || 0) + 1, data: Buffer.concat(this.pending) });
        this.pending = [];
        this.fragments = this.fragments.slice(-this.keep);
        this.emit('part');
      }
    }
  }

  /** The first fragment after `number`, when there is one. */
  after(number) {
    return this.fragments.find((fragment) => fragment.number > number);
  }

  stop() {
    this.process.kill('SIGKILL');
  }
}

exports.Recorder = Recorder;
