// SPDX-License-Identifier: MIT OR Apache-2.0
// Live video the way cameras made with hap-nodejs do it: one ffmpeg for each viewer, which sends
// SRTP by itself. PEER_LIVE_FILE names a file that is sent as it is (-c copy).
'use strict';

const dgram = require('dgram');
const hap = require('hap-nodejs');
const { spawn, execFileSync } = require('child_process');

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const sessions = new Map();

function freePort() {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

const inline = (media) => Buffer.concat([media.srtp_key, media.srtp_salt]).toString('base64');

function send(session, kind, options, codec) {
  const { target, media } = session;
  const query = `rtcpport=${media[kind].port}&localrtpport=${session.ports[kind]}&pkt_size=${options.mtu || 1316}`;
  return [...codec, '-payload_type', String(options.pt), '-ssrc', String(session.ssrcs[kind]), '-f', 'rtp',
    '-srtp_out_suite', SUITE, '-srtp_out_params', inline(media[kind]),
    `srtp://${target}:${media[kind].port}?${query}`];
}

function start(session, request) {
  const { video, audio } = request;
  const file = process.env.PEER_LIVE_FILE;
  const size = `${video.width}x${video.height}`;
  const input = file ? ['-re', '-stream_loop', '-1', '-i', file]
    : ['-re', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${video.fps}`];
  const encode = file ? ['-map', '0:v', '-c:v', 'copy', '-bsf:v', 'dump_extra=freq=keyframe']
    : ['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p',
      '-b:v', `${video.max_bit_rate}k`, '-maxrate', `${video.max_bit_rate}k`, '-bufsize', `${2 * video.max_bit_rate}k`,
      '-g', String(4 * video.fps), '-bsf:v', 'dump_extra=freq=keyframe'];
  const sound = ['-map', '1:a', '-c:a', 'libopus', '-application', 'lowdelay', '-ar', `${audio.sample_rate}k`,
    '-b:a', `${audio.max_bit_rate}k`, '-frame_duration', String(audio.packet_time)];
  const args = ['-hide_banner', '-nostdin', '-v', 'error', ...input, '-f', 'lavfi', '-i', 'sine=r=24000',
    ...send(session, 'video', video, encode), ...(file ? [] : send(session, 'audio', audio, sound))];
  session.process = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A picture for each request, taken by ffmpeg; the way without a camera of one's own. */
exports.snapshot = ({ width, height }) => execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i',
  'testsrc2=s=1280x720', '-vf', `scale=${width}:${height}`, '-frames:v', '1', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', '-'],
{ maxBuffer: 1 << 24 });

exports.prepareStream = async (request, callback) => {
  const ssrc = () => hap.CameraController.generateSynchronisationSource();
  const session = {
    target: request.targetAddress,
    media: { video: request.video, audio: request.audio },
    ports: { video: await freePort(), audio: await freePort() },
    ssrcs: { video: ssrc(), audio: ssrc() },
  };
  sessions.set(request.sessionID, session);
  const answer = (kind) => ({
    port: session.ports[kind],
    ssrc: session.ssrcs[kind],
    srtp_key: session.media[kind].srtp_key,
    srtp_salt: session.media[kind].srtp_salt,
  });
  callback(undefined, { video: answer('video'), audio: answer('audio') });
};

exports.handleStreamRequest = (request, callback) => {
  const session = sessions.get(request.sessionID);
  if (request.type === hap.StreamRequestTypes.START) {
    start(session, request);
  } else if (request.type === hap.StreamRequestTypes.STOP) {
    exports.stop(request.sessionID);
  }
  callback();
};

exports.stop = (sessionID) => {
  const session = sessions.get(sessionID);
  sessions.delete(sessionID);
  if (session && session.process) {
    session.process.kill('SIGKILL');
  }
};

exports.stopAll = () => [...sessions.keys()].forEach(exports.stop);
