// The client of realtime.py: realtime.js URL KEY CA. Says ok for each case.
'use strict';
const assert = require('assert');
const fs = require('fs');
const WebSocket = require('ws');

const [,, url, key, ca] = process.argv;

// what came of it: the messages and the subprotocol, or the status
function talk(protocols, headers) {
	return new Promise((done, fail) => {
		const got = [];
		const ws = new WebSocket(url, protocols, {headers,
			ca: fs.readFileSync(ca)});
		ws.on('message', (data) => {
			got.push(String(data));
			if (got.length < 3)
				ws.send('message ' + got.length);
			else
				ws.close(1000);
		});
		ws.on('unexpected-response', (q, r) => {
			done({status: r.statusCode,
				challenge: r.headers['www-authenticate']});
			q.destroy();
		});
		ws.on('close', (code) => done({got, code,
			protocol: ws.protocol}));
		ws.on('error', fail);
	});
}

async function main() {
	const got = ['session.created', 'message 1', 'message 2'];

	assert.deepStrictEqual(await talk([],
	    {Authorization: 'Bearer ' + key}), {got, code: 1000, protocol: ''});
	console.log('ok');
	assert.deepStrictEqual(await talk(['realtime'],
	    {'api-key': key}), {got, code: 1000, protocol: 'realtime'});
	console.log('ok');
	assert.deepStrictEqual(await talk(
	    ['realtime', 'openai-insecure-api-key.' + key, 'openai-beta.x']),
	    {got, code: 1000, protocol: 'realtime'});
	console.log('ok');
	const r = await talk([], {Authorization: 'Bearer ' + key + 'x'});
	assert.strictEqual(r.status, 401);
	assert.match(r.challenge, /^Bearer realm="weir", error="invalid_token"/);
	console.log('ok');
}

main().catch((e) => {
	console.log(e);
	process.exit(1);
});
