// typed.ts SOCKET: a client whose types openapi-typescript has made from the document that the machine itself serves, and
// whose requests openapi-fetch makes from them. It must compile under --strict; what is marked as an error must be one.
import http from 'node:http';
import { Readable } from 'node:stream';
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

const socketPath = process.argv[2]!;
const name = `client-typed-${process.pid}`;
let checks = 0;

function check(what: string, holds: boolean): void {
    if (!holds) throw new Error(`${what}: did not hold`);
    checks++;
}

// fetch over a Unix socket, which Node's own cannot do.
async function unixFetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const body = Buffer.from(await request.arrayBuffer());
    return new Promise((resolve, reject) => {
        const sent = http.request({ socketPath, method: request.method, path: url.pathname + url.search, headers: Object.fromEntries(request.headers), timeout: 30_000 }, answer => {
            const headers = new Headers();
            for (let i = 0; i < answer.rawHeaders.length; i += 2) headers.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!);
            resolve(new Response(Readable.toWeb(answer) as unknown as BodyInit, { status: answer.statusCode ?? 0, headers }));
        });
        sent.on('error', reject);
        sent.end(body);
    });
}

const client = createClient<paths>({ baseUrl: 'http://dora', fetch: unixFetch });

const { data: version } = await client.GET('/v1/version');
check('version', version?.product === 'pandora');

const { data: services } = await client.GET('/v1/services');
const names: string[] = (services ?? []).map((service: components['schemas']['ServiceSummary']) => service.name);
check('services', names.length > 0);

const { data: status } = await client.GET('/v1/services/{name}', { params: { path: { name: names[0]! } } });
check('one service', status?.name === names[0]);

const missing = await client.GET('/v1/services/{name}', { params: { path: { name: 'no such/thing' } } });
check('an error has its type', missing.response.status === 404 && missing.error?.error === 'service.not-found');

const run = await client.POST('/v1/run', { params: { query: { name } }, body: { command: ['/bin/sleep', '1000'], description: 'a client of the tests' } });
check('run', run.response.status === 202 && run.data?.service === name);

const stop = await client.POST('/v1/services/{name}/stop', { params: { path: { name } } });
const ended = await client.GET('/v1/changes/{id}', { params: { path: { id: stop.data!.id }, query: { wait: '20s' } } });
check('stopped', ended.data?.status === 'done');

const lines = await client.GET('/v1/logs', { params: { query: { lines: 3 } }, parseAs: 'text' });
check('log', (lines.data as string).split('\n').filter(line => line !== '').every(line => 'message' in JSON.parse(line)));

// Types that let anything pass would prove nothing.
export async function neverCalled(): Promise<void> {
    // @ts-expect-error: there is no such path
    await client.GET('/v1/nothing');
    // @ts-expect-error: the path needs its name
    await client.GET('/v1/services/{name}', {});
    // @ts-expect-error: a number is expected
    await client.GET('/v1/logs', { params: { query: { lines: 'many' } } });
    // @ts-expect-error: it has no such member
    void (await client.GET('/v1/version')).data?.colour;
}

console.log(`typed: ${checks} checks`);
