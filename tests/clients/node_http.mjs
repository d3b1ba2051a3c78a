// node_http.mjs SOCKET: Node's http with socketPath against the API of a running machine.
import http from 'node:http';
import assert from 'node:assert/strict';
import { once } from 'node:events';

const socketPath = process.argv[2];
const name = `client-node-${process.pid}`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
let checks = 0;

function check(what, holds) {
    assert.ok(holds, what);
    checks++;
}

function open(method, path, { body, headers = {}, agent: own = agent } = {}) {
    const request = http.request({ socketPath, method, path, headers: { host: 'dora', ...headers }, agent: own, timeout: 30_000 });
    request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
    request.end(body);
    return request;
}

async function ask(method, path, options) {
    const request = open(method, path, options);
    const [response] = await once(request, 'response');
    let text = '';
    for await (const piece of response.setEncoding('utf8')) text += piece;
    return { status: response.statusCode, headers: response.headers, body: text === '' ? null : JSON.parse(text), socket: request.socket };
}

// A hundred requests at once over four connections that are kept.
const version = await ask('GET', '/v1/version');
check('version', version.body.product === 'pandora');
const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask('GET', i % 10 === 9 ? '/v1/services/no-such' : '/v1/services')));
check('answers', answers.every((answer, i) => answer.status === (i % 10 === 9 ? 404 : 200)));
check('over four connections', new Set(answers.map(answer => answer.socket)).size === 4);

// A command that runs: followed until it does, then aborted in the middle of the stream.
const body = JSON.stringify({ command: ['/bin/sleep', '1000'], description: 'a client of the tests' });
const run = await ask('POST', `/v1/run?name=${name}`, { body, headers: { 'content-type': 'application/json', expect: '100-continue' } });
check('run', run.status === 202 && run.headers.location === `/v1/changes/${run.body.id}`);

// Reads lines until one is the last that is wanted: leaving the loop aborts the request in the middle of its answer.
async function follow(after, isLast) {
    const request = open('GET', `/v1/events?follow=true&after=${after}`, { agent: false });
    const [response] = await once(request, 'response');
    check('a stream', response.statusCode === 200 && response.headers['content-type'] === 'application/x-ndjson');
    let rest = '';
    for await (const piece of response.setEncoding('utf8')) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop();
        for (const line of lines.filter(line => line !== '')) {
            const event = JSON.parse(line);
            assert.ok(event.id > after, `${event.id} behind ${after}`);
            after = event.id;
            if (isLast(event)) return after;
        }
    }
    throw new Error('the stream has ended');
}

const running = await follow(0, event => event.kind === 'service.state' && event.service === name && event.after === 'running');
const stop = await ask('POST', `/v1/services/${name}/stop`);
check('stop', stop.status === 202);
check('stopped', (await ask('GET', `/v1/changes/${stop.body.id}?wait=20s`)).body.status === 'done');
await follow(running, event => event.kind === 'change' && event.change === stop.body.id && event.status === 'done');
checks++;

// Fifty that go in the middle: before the answer, and within a stream. More than that are served at a time is no matter.
for (let i = 0; i < 50; i++) {
    const request = open('GET', i % 2 ? '/v1/logs?follow=true' : '/v1/events?follow=true', { agent: false });
    request.on('error', () => { });
    if (i % 3) (await once(request, 'response'))[0].on('error', () => { });
    request.destroy();
}
check('others are served all the same', (await ask('GET', '/v1/version')).body.product === 'pandora');

agent.destroy();
console.log(`node: ${checks} checks`);
