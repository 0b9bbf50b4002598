// One end of ws_fuzz.py: fuzz.js server N | fuzz.js client N URL. It sends N
// messages and pings between them, and checks that the other end's come all
// and in order. What it saw is printed, a JSON object a line.
'use strict';
const WebSocket = require('ws');

const [,, role, count, url] = process.argv;
const n = Number(count);
const options = {perMessageDeflate: {threshold: 200}, maxPayload: 1 << 20};

function tell(event, more) {
	console.log(JSON.stringify(Object.assign({event}, more)));
}

// the same as message() of ws_fuzz.py
function message(side, i) {
	const x = (Math.imul(i + 1, 2654435761 | 0) ^
	    (side === 'client' ? 0x5bd1e995 : 0)) >>> 0;
	const size = x % 500 === 0 ? x % 70000 : x % 10 === 0 ? x % 3000 :
	    x % 200;
	return {text: (side + ':' + i + ':').padEnd(size,
	    String.fromCharCode(97 + x % 26)), binary: x % 2 === 1,
	    parts: 1 + (x >>> 8) % 4};
}

// in half of the time there are pings, and pauses in the other
function asks(i) {
	return i % 50 === 49 && i % 500 < 250;
}

function sendOne(ws, i) {
	const m = message(role, i), data = Buffer.from(m.text);
	const step = Math.ceil(data.length / m.parts);
	for (let k = 0; k < m.parts; k++) {
		ws.send(data.subarray(k * step, (k + 1) * step),
		    {binary: m.binary, fin: k === m.parts - 1});
		if (asks(i) && k === 0)
			ws.ping(role + ' ping ' + i);
	}
}

async function play(ws) {
	const other = role === 'client' ? 'server' : 'client';
	const pings = [], pongs = [];
	let got = 0;
	ws.on('ping', (data) => pings.push(data.toString('latin1')));
	ws.on('pong', (data) => pongs.push(data.toString('latin1')));
	const all = new Promise((done, fail) => {
		ws.on('message', (data, binary) => {
			const m = message(other, got++);
			if (String(data) !== m.text || binary !== m.binary)
				fail(new Error('message ' + (got - 1) + ': ' +
				    String(data).slice(0, 40)));
			if (got === n)
				done();
		});
		ws.on('error', fail);
		ws.on('close', (code, reason) => got < n && fail(new Error(
		    'closed at ' + got + ': ' + code + ' ' + reason)));
	});
	const last = new Promise((done) =>
	    ws.on('message', () => got > n && done()));
	const closed = new Promise((done) => ws.on('close', done));
	for (let i = 0; i < n; i++) {
		sendOne(ws, i);
		while (i % 20 === 0 && ws.bufferedAmount > 100000)
			await new Promise((done) => setTimeout(done, 1));
		if (i % 20 === 0)
			await new Promise(setImmediate);
		if (i % 500 === 400)
			await new Promise((done) => setTimeout(done, 200));
	}
	await all;
	const asked = Array.from({length: n}, (_, i) => i).filter(asks);
	while (pongs.length < asked.length)
		await new Promise((done) => setTimeout(done, 5));
	// silence at last, so that weir asks, however busy the machine was
	await new Promise((done) => setTimeout(done, 500));
	// the other end is not done yet, perhaps: the client closes
	ws.send('done');
	if (role === 'client') {
		await last;
		ws.close(1000, 'done');
	}
	const code = await closed;
	tell('end', {got: got - 1, pings, pongs, code});
}

if (role === 'client') {
	const ws = new WebSocket(url, options);
	ws.on('open', () => play(ws).then(() => process.exit(0), (e) => {
		tell('failed', {message: e.message});
		process.exit(1);
	}));
	tell('port', {port: 0});
} else {
	const server = new WebSocket.Server(Object.assign({port: 0,
		host: '127.0.0.1'}, options), () =>
		tell('port', {port: server.address().port}));
	server.on('connection', (ws) => play(ws).catch((e) =>
		tell('failed', {message: e.message})));
}
