// A Socket.IO server that echoes, and a page that tries it. What it tells are
// JSON objects, one a line.
'use strict';
const http = require('http');
const { Server } = require('socket.io');

const tell = (event, more) =>
	console.log(JSON.stringify(Object.assign({ event }, more)));

const PAGE = `<!doctype html><script src="/socket.io/socket.io.js"></script>
<script>
const socket = io();
const seen = [];
const name = () => socket.io.engine.transport.name;
socket.io.once('open', () => seen.push(name()));
socket.on('connect', async () => {
	while (name() !== 'websocket')
		await new Promise((r) => setTimeout(r, 10));
	seen.push(name());
	socket.emit('echo', 'ä\\u{1f30a}', new Uint8Array([0, 255]),
		(text, bytes) => fetch('/result', { method: 'POST',
			body: JSON.stringify([seen, text,
				[...new Uint8Array(bytes)]]) }));
});
</script>`;

const server = http.createServer((request, response) => {
	if (request.url === '/result') {
		let body = '';
		request.on('data', (d) => { body += d; });
		request.on('end', () => {
			tell('result', { body: JSON.parse(body) });
			response.end();
		});
		return;
	}
	response.setHeader('Content-Type', 'text/html; charset=utf-8');
	response.end(PAGE);
});

const io = new Server(server);
io.on('connection', (socket) => {
	tell('open', { transport: socket.conn.transport.name });
	socket.conn.on('upgrade', () =>
		tell('upgrade', { transport: socket.conn.transport.name }));
	socket.on('echo', (...items) => items.pop()(...items));
	socket.on('disconnect', (reason) => tell('close', { reason }));
});
server.listen(0, '127.0.0.1', () =>
	tell('port', { port: server.address().port }));
