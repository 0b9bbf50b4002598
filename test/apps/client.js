// A Socket.IO client of node: client.js URL polling|websocket|both
'use strict';
const assert = require('assert');
const { io } = require('socket.io-client');

const [url, how] = process.argv.slice(2);
const transports = how === 'both' ? ['polling', 'websocket'] : [how];
const socket = io(url, { transports, reconnection: false });
const engine = () => socket.io.engine;

const fail = (e) => { console.error(e); process.exit(1); };
socket.on('connect_error', fail);

const echo = (...items) => new Promise((resolve) =>
	socket.emit('echo', ...items, (...got) => resolve(got)));

// the upgrade may be done before the socket is there, or after
const upgraded = async () => {
	while (engine().transport.name !== 'websocket')
		await new Promise((r) => setTimeout(r, 10));
};

socket.io.once('open', () => {
	if (engine().transport.name !== transports[0])
		fail('began with ' + engine().transport.name);
});

socket.on('connect', async () => {
	try {
		if (how === 'both')
			await upgraded();
		for (const n of [0, 1, 1000, 100000]) {
			const bytes = Buffer.alloc(n, 'x');
			const [text, got] = await echo('é'.repeat(n), bytes);
			assert.strictEqual(text, 'é'.repeat(n));
			assert(bytes.equals(Buffer.from(got)));
		}
		assert.strictEqual(engine().transport.name,
			how === 'both' ? 'websocket' : how);
		// node ends when that has been sent
		socket.disconnect();
	} catch (e) {
		fail(e);
	}
});
