// The upstream of ws_npm.py, browser.py and ws_browser.py: what a connection does is the
// path it asked for. What happened is printed, a JSON object a line.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const WebSocket = require('ws');

function tell(event, more) {
	console.log(JSON.stringify(Object.assign({event}, more)));
}

function sum(data) {
	return crypto.createHash('sha256').update(data).digest('hex');
}

// bytes that do not repeat within any buffer and do not compress
function bytes(n) {
	const key = Buffer.alloc(16, 7), iv = Buffer.alloc(16, 9);
	const c = crypto.createCipheriv('aes-128-ctr', key, iv);
	return c.update(Buffer.alloc(n));
}

function fragments(ws, data, binary, size) {
	for (let at = 0; at < data.length || at === 0; at += size)
		ws.send(data.subarray(at, at + size),
		    {binary, fin: at + size >= data.length});
}

const act = {
	'/echo': (ws) => ws.on('message', (data, binary) =>
	    ws.send(data, {binary})),
	'/fragments': (ws, q) => ws.on('message', (data, binary) =>
	    fragments(ws, data, binary, Number(q.get('size')))),
	'/sum': (ws) => ws.on('message', (data) =>
	    ws.send(data.length + ' ' + sum(data))),
	'/bytes': (ws, q) => {
		const data = bytes(Number(q.get('n')));
		ws.send(data);
		ws.send(sum(data));
	},
	'/close': (ws, q) => ws.on('message', () => q.has('code') ?
	    ws.close(Number(q.get('code')), q.get('reason')) : ws.close()),
	'/ping': (ws) => {
		ws.on('pong', (data) => ws.send('pong ' + data));
		ws.ping('from the server');
	},
	'/terminate': (ws) => ws.on('message', () => ws.terminate()),
	'/quiet': () => {},
};

function serve(ws, req) {
	const url = new URL(req.url, 'http://x');
	const name = url.pathname.replace(/^\/ws/, '');
	tell('open', {path: name, extensions: ws.extensions,
		protocol: ws.protocol});
	ws.on('message', (data, binary) => tell('message', {path: name, binary,
		length: data.length}));
	ws.on('ping', (data) => tell('ping', {data: String(data)}));
	ws.on('pong', (data) => tell('pong', {data: String(data)}));
	ws.on('error', (e) => tell('error', {message: e.message}));
	ws.on('close', (code, reason) => tell('close', {path: name, code,
		reason: String(reason)}));
	act[name](ws, url.searchParams);
}

// /refuse/401 is refused with that status; other paths are accepted
function verify(info, done) {
	const m = /\/refuse\/([0-9]+)/.exec(info.req.url);
	if (!m)
		done(true);
	else
		done(false, Number(m[1]), 'no: ' + m[1],
		    {'WWW-Authenticate': 'Bearer', 'X-Why': 'the test'});
}

// the page of browser.py, its events, and what it reports
let events = null;
function plain(req, res) {
	const ends = req.url.startsWith('/ends');
	const file = path.join(__dirname, ends ? 'ends.html' : 'page.html');
	let body = '';
	if (req.url === '/page' || ends) {
		res.setHeader('Content-Type', 'text/html; charset=utf-8');
		res.end(fs.readFileSync(file));
	} else if (req.url === '/events') {
		res.setHeader('Content-Type', 'text/event-stream');
		res.flushHeaders();
		req.on('close', () => tell('events_gone', {}));
		res.on('close', () => tell('events_gone', {}));
		res.write('data: event 0\n\n');
		events = res;
	} else if (req.method === 'POST') {
		req.on('data', (data) => body += data);
		req.on('end', () => {
			res.end();
			reported(req.url, body);
		});
	} else {
		res.statusCode = 404;
		res.end('no ' + req.url);
	}
}

function reported(url, body) {
	if (url === '/got')
		// the next event only when the one before has arrived
		events.write('data: event ' + (Number(body) + 1) + '\n\n');
	else
		tell(url.slice(1), {body: JSON.parse(body)});
}

const server = http.createServer(plain);
new WebSocket.Server({
	server, verifyClient: verify, maxPayload: 64 << 20,
	perMessageDeflate: process.argv[2] === 'deflate' ?
	    {threshold: 0} : false,
	handleProtocols: (offered) => Array.from(offered).pop(),
}).on('connection', serve);
server.listen(0, '127.0.0.1', () =>
	tell('port', {port: server.address().port}));
