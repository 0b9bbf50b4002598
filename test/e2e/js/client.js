// The clients of ws_npm.py: client.js CASE URL. Exits 0 if all is as it
// should be.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const WebSocket = require('ws');

const [,, name, url] = process.argv;
const MB16 = 16 << 20;

function sum(data) {
	return crypto.createHash('sha256').update(data).digest('hex');
}

function open(path, protocols, options) {
	const ws = new WebSocket(url + path, protocols || [],
	    Object.assign({perMessageDeflate: false, maxPayload: 64 << 20},
	    options));
	ws.got = [];
	ws.waiting = [];
	ws.on('message', (data, binary) => {
		const m = {data, binary};
		if (ws.waiting.length > 0)
			ws.waiting.shift()(m);
		else
			ws.got.push(m);
	});
	ws.closed = new Promise((done) => ws.on('close', (code, reason) =>
	    done({code, reason: String(reason)})));
	return new Promise((done, fail) => {
		ws.on('open', () => done(ws));
		ws.on('error', fail);
	});
}

function next(ws) {
	if (ws.got.length > 0)
		return Promise.resolve(ws.got.shift());
	return new Promise((done) => ws.waiting.push(done));
}

async function ended(ws, code, reason) {
	ws.close(code, reason);
	return await ws.closed;
}

const texts = ['', 'a', 'a sentence', 'Grüße, 世界 \u{1f30a}',
	'x'.repeat(125), 'x'.repeat(126), 'y'.repeat(65535), 'z'.repeat(65536)];

async function echoes(ws) {
	for (const t of texts) {
		ws.send(t);
		const m = await next(ws);
		assert.strictEqual(m.binary, false);
		assert.strictEqual(String(m.data), t);
		const b = Buffer.from(t);
		ws.send(b);
		const n = await next(ws);
		assert.strictEqual(n.binary, true);
		assert.ok(n.data.equals(b));
	}
	// many without waiting, in order
	for (let i = 0; i < 1000; i++)
		ws.send('number ' + i);
	for (let i = 0; i < 1000; i++)
		assert.strictEqual(String((await next(ws)).data),
		    'number ' + i);
}

const cases = {
	async echo() {
		const ws = await open('/echo');
		assert.strictEqual(ws.extensions, '');
		await echoes(ws);
		await ended(ws, 1000, 'done');
	},

	async deflate() {
		const ws = await open('/echo', [], {
			perMessageDeflate: {threshold: 0}});
		assert.match(ws.extensions, /permessage-deflate/);
		await echoes(ws);
		const t = 'compress me '.repeat(100000);
		ws.send(t);
		assert.strictEqual(String((await next(ws)).data), t);
		await ended(ws, 1000);
	},

	async fragments() {
		const ws = await open('/fragments?size=10');
		const parts = ['one ', '', 'two ', 'three', ' and a long one ' +
		    'x'.repeat(70000)];
		for (const binary of [false, true]) {
			parts.forEach((p, i) => {
				ws.send(p, {binary,
					fin: i === parts.length - 1});
				// control frames may stand between fragments
				ws.ping('between');
			});
			const m = await next(ws);
			assert.strictEqual(m.binary, binary);
			assert.strictEqual(String(m.data), parts.join(''));
		}
		await ended(ws, 1000);
	},

	async big() {
		const down = await open('/bytes?n=' + MB16);
		const m = await next(down);
		assert.strictEqual(m.data.length, MB16);
		assert.strictEqual(String((await next(down)).data),
		    sum(m.data));
		await ended(down, 1000);
		const up = await open('/sum');
		up.send(m.data);
		assert.strictEqual(String((await next(up)).data),
		    MB16 + ' ' + sum(m.data));
		await ended(up, 1000);
		const both = await open('/echo');
		both.send(m.data);
		assert.strictEqual(sum((await next(both)).data), sum(m.data));
		await ended(both, 1000);
	},

	async protocol() {
		// the server takes the last
		const ws = await open('/echo', ['chat.v1', 'chat.v2']);
		assert.strictEqual(ws.protocol, 'chat.v2');
		await ended(ws, 1000);
		const one = await open('/echo', ['only']);
		assert.strictEqual(one.protocol, 'only');
		await ended(one, 1000);
		const none = await open('/echo');
		assert.strictEqual(none.protocol, '');
		await ended(none, 1000);
	},

	// the client closes with each code; the server's echo of it comes back
	async close_client() {
		for (const [code, reason] of JSON.parse(process.argv[4])) {
			const ws = await open('/quiet');
			const end = await ended(ws, code === null ? undefined :
			    code, reason);
			assert.strictEqual(end.code,
			    code === null ? 1005 : code);
		}
	},

	async close_server() {
		for (const [code, reason] of JSON.parse(process.argv[4])) {
			const ws = await open('/close' + (code === null ? '' :
			    '?code=' + code + '&reason=' +
			    encodeURIComponent(reason)));
			ws.send('now');
			assert.deepStrictEqual(await ws.closed, {
				code: code === null ? 1005 : code, reason});
		}
	},

	async pings() {
		const ws = await open('/ping');
		const ponged = new Promise((done) => ws.on('pong', done));
		assert.strictEqual(String((await next(ws)).data),
		    'pong from the server');
		ws.ping('from the client');
		assert.strictEqual(String(await ponged), 'from the client');
		ws.ping('');
		ws.pong('unasked');
		await ended(ws, 1000);
	},

	async parallel() {
		const n = 200, all = [];
		for (let i = 0; i < n; i++)
			all.push(open('/echo'));
		const sockets = await Promise.all(all);
		await Promise.all(sockets.map(async (ws, i) => {
			for (let k = 0; k < 20; k++) {
				const t = i + ':' + k + ' ' +
				    'x'.repeat(i * k);
				ws.send(t);
				assert.strictEqual(
				    String((await next(ws)).data), t);
			}
		}));
		for (const ws of sockets)
			ws.close(1000);
		for (const ws of sockets)
			assert.strictEqual((await ws.closed).code, 1000);
	},

	// the server goes without a word
	async server_dies() {
		const ws = await open('/terminate');
		const began = Date.now();
		ws.send('go');
		assert.deepStrictEqual(await ws.closed, {
			code: 1011, reason: 'upstream_closed'});
		assert.ok(Date.now() - began < 2000, 'at once');
	},

	async client_dies() {
		const ws = await open('/quiet');
		ws.terminate();
	},

	async refused() {
		for (const status of [400, 401, 403, 404, 500, 503]) {
			const ws = new WebSocket(url + '/refuse/' + status);
			const res = await new Promise((done) =>
			    ws.on('unexpected-response', (req, r) => done(r)));
			let body = '';
			for await (const data of res)
				body += data;
			assert.strictEqual(res.statusCode, status);
			assert.strictEqual(body, 'no: ' + status);
			assert.strictEqual(res.headers['x-why'], 'the test');
			assert.strictEqual(res.headers['www-authenticate'],
			    'Bearer');
		}
	},
};

cases[name]().then(() => process.exit(0), (e) => {
	console.log(e);
	process.exit(1);
});
