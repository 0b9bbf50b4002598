/*
 * Every configuration key, once. From these rows come the fields of struct
 * conf and struct conf_route, the parser, the defaults, -o, what -n prints,
 * the list in weir.conf(5) and the example weir.conf.
 *
 *   KEY(field, "key", TYPE, "default", RELOAD, "help")
 *
 * KEYS_GLOBAL stand before the first route. KEYS_ROUTE stand in a route, and
 * before the first route as the default of all of them. A default is text and
 * goes through the parser like any value; "" means not set. RELOAD is LIVE
 * (SIGHUP applies it) or START (it takes a restart; SIGHUP warns of a change).
 * Types are those of value.h; a list has no default. test/conf/run checks that
 * the manual and the example follow.
 */
#ifndef KEYS_H
#define KEYS_H

#define KEYS_GLOBAL(KEY) \
	KEY(listens, "listen", LISTENS, "", LIVE, \
	    "Address to accept connections on: http://HOST:PORT, https://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, :PORT or unix:/PATH, then if need be proxy, allow=NETWORKS, deny=NETWORKS. May be repeated.") \
	KEY(certs, "cert", CERTS, "", LIVE, \
	    "PEM file with a certificate and its chain for https:// listeners, and its key unless a key line follows. May be repeated.") \
	KEY(keyless, "key", CERT_KEYS, "", LIVE, \
	    "PEM file with the key of the cert on the line before.") \
	KEY(tls_ms, "tls_timeout", MSEC, "10s", LIVE, \
	    "Time for a TLS handshake, with a client or an upstream.") \
	KEY(tls_sessions, "tls_sessions", UINT, "1024", START, \
	    "TLS sessions kept for clients that come back, whose handshake then costs little. 0: none.") \
	KEY(tls_lifetime_ms, "tls_session_lifetime", MSEC, "1h", LIVE, \
	    "Time for which a TLS session is kept.") \
	KEY(clock_relaxed, "clock", CLOCK, "strict", LIVE, \
	    "Whether certificates newer than weir are refused (strict) or believed (relaxed) while the clock is not set.") \
	KEY(acme_webroot, "acme_webroot", FILE, "", LIVE, \
	    "Directory whose .well-known/acme-challenge/ is served on listeners without TLS, for a certificate authority.") \
	KEY(trusted, "trusted_proxy", NETS, "", LIVE, \
	    "Addresses and networks of proxies whose word on the client is taken, by commas; unix. May be repeated.") \
	KEY(client_address, "client_address", FIELD, "X-Forwarded-For", LIVE, \
	    "Field in which a trusted proxy tells the client's address: X-Forwarded-For, Forwarded, or any other that holds one address.") \
	KEY(max_connections, "max_connections", UINT, "1024", START, \
	    "Client connections served at once; more wait in the kernel's queue.") \
	KEY(max_address, "max_connections_per_address", UINT, "0", LIVE, \
	    "Client connections from one address at once; more are answered 429. 0: no limit.") \
	KEY(max_handshakes, "handshakes_per_address", UINT, "0", LIVE, \
	    "WebSocket handshakes a second from one address; more are answered 429. 0: no limit.") \
	KEY(buffers, "buffers", UINT, "128", START, \
	    "Large buffers for bytes that a peer does not take at once; when all are in use, small ones of 4k do.") \
	KEY(buffer, "buffer", SIZE, "64k", START, \
	    "Size of one large buffer, and the most that is read at once.") \
	KEY(header_timeout_ms, "header_timeout", MSEC, "10s", LIVE, \
	    "Time for a request's head to arrive whole, from its connection or first byte on.") \
	KEY(header_max, "header_max", SIZE, "16k", START, \
	    "Size of a request's or response's head.") \
	KEY(line_max, "line_max", SIZE, "8k", LIVE, \
	    "Length of a request line.") \
	KEY(fields_max, "fields_max", UINT, "100", START, \
	    "Number of field lines in a head.") \
	KEY(keepalive_ms, "keepalive_timeout", MSEC, "60s", LIVE, \
	    "Time that a client's connection may wait for its next request. 0: it is closed after each answer.") \
	KEY(keepalive_requests, "keepalive_requests", UINT, "0", LIVE, \
	    "Requests on one client connection. 0: no limit.") \
	KEY(drain_ms, "drain", MSEC, "30s", LIVE, \
	    "Time given to open requests and tunnels after SIGTERM.") \
	KEY(resolve_ms, "resolve", MSEC, "60s", LIVE, \
	    "Interval at which the names of upstreams are looked up again. 0: only at start and reload.") \
	KEY(log, "log", STR, "stderr", LIVE, \
	    "Where the log goes: stderr, syslog, or a file's path.") \
	KEY(access_log, "access_log", STR, "stderr", LIVE, \
	    "Where the lines of requests and tunnels go: stderr, syslog, off, or a file's path.") \
	KEY(log_level, "log_level", LEVEL, "info", LIVE, \
	    "Least important lines written: error, warn, info or debug.") \
	KEY(log_format, "log_format", FORMAT, "text", LIVE, \
	    "Form of the lines: text or json.")

#define KEYS_ROUTE(KEY) \
	KEY(match_header, "match_header", MATCH_HEADER, "", LIVE, \
	    "Name: value that a request must have for the route, in a route only; Name alone for any value, * at the end for any rest. May be repeated.") \
	KEY(match_query, "match_query", MATCH_QUERY, "", LIVE, \
	    "NAME=VALUE that the query of a request must have for the route; as match_header. May be repeated.") \
	KEY(upstreams, "upstream", UPSTREAMS, "", LIVE, \
	    "Server that requests go to: http://HOST:PORT, https://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:/PATH, then if need be weight=N, max_connections=N, backup, proxy=VERSION. May be repeated.") \
	KEY(balance, "balance", BALANCE, "round_robin", LIVE, \
	    "Which of the upstreams a request goes to: round_robin, least, or hash of address, uri, header NAME, cookie NAME or query NAME.") \
	KEY(slow_start_ms, "slow_start", MSEC, "0", LIVE, \
	    "Time over which an upstream that is back gets its share again, with round_robin and least.") \
	KEY(fail_after, "fail_after", UINT, "3", LIVE, \
	    "Failures in a row after which an upstream is left out for a while. 0: never.") \
	KEY(fail_ms, "fail_timeout", MSEC, "10s", LIVE, \
	    "Time until an upstream that was left out is tried again; it doubles each time, up to 5m.") \
	KEY(fail_status, "fail_status", STATUSES, "", LIVE, \
	    "Statuses that count as failures of the upstream: 502-504.") \
	KEY(health, "health", HEALTH, "", LIVE, \
	    "What upstreams are checked with: /PATH for a GET, or websocket /PATH for a handshake and a ping.") \
	KEY(health_status, "health_status", STATUSES, "200-399", LIVE, \
	    "Statuses that an upstream in health answers a check with.") \
	KEY(health_interval_ms, "health_interval", MSEC, "10s", LIVE, \
	    "Time between health checks.") \
	KEY(health_timeout_ms, "health_timeout", MSEC, "5s", LIVE, \
	    "Time for a health check.") \
	KEY(health_rise, "health_rise", UINT, "2", LIVE, \
	    "Checks that must pass in a row before an upstream that is down is up.") \
	KEY(health_fall, "health_fall", UINT, "3", LIVE, \
	    "Checks that must fail in a row before an upstream is down.") \
	KEY(upstream_verify, "upstream_verify", BOOL, "yes", LIVE, \
	    "Verify the certificate of an https:// upstream.") \
	KEY(upstream_ca, "upstream_ca", FILE, "", LIVE, \
	    "PEM file of the CAs that an upstream's certificate may come from, instead of the system's.") \
	KEY(upstream_name, "upstream_name", NAME, "", LIVE, \
	    "Host name or IP address to ask for and to find in an upstream's certificate, instead of the upstream's host.") \
	KEY(upstream_pin, "upstream_pin", PIN, "", LIVE, \
	    "sha256:HEX of the public key that an upstream's certificate must have.") \
	KEY(upstream_cert, "upstream_cert", FILE, "", LIVE, \
	    "PEM file with a certificate for upstreams that ask for one, and its key unless upstream_key is set.") \
	KEY(upstream_key, "upstream_key", FILE, "", LIVE, \
	    "PEM file with the key of upstream_cert.") \
	KEY(client_ca, "client_ca", FILE, "", LIVE, \
	    "PEM file of CAs; clients of the route's host must show a certificate of one of them.") \
	KEY(keys, "keys", FILE, "", LIVE, \
	    "File of the keys that clients must show one of: lines \"name = key\" or \"name = sha256:HEX\".") \
	KEY(jwt, "jwt", SECRET, "", LIVE, \
	    "What signs the tokens (JWT) that clients must show: hs256 SECRET, or a file with public keys in PEM or a set of keys in JSON.") \
	KEY(jwt_issuer, "jwt_issuer", ANY, "", LIVE, \
	    "Issuer (iss) that a token must name.") \
	KEY(jwt_audience, "jwt_audience", ANY, "", LIVE, \
	    "Audience (aud) that a token must name.") \
	KEY(jwt_leeway_ms, "jwt_leeway", MSEC, "30s", LIVE, \
	    "How far the clocks of token issuers may be off.") \
	KEY(basic, "basic", FILE, "", LIVE, \
	    "File of the users and passwords that clients must show one of, as htpasswd makes them.") \
	KEY(key_query, "key_query", PARAM, "", LIVE, \
	    "Parameter of the query in which a key or token may stand.") \
	KEY(key_pass, "key_pass", BOOL, "no", LIVE, \
	    "Pass what a client has shown on to the upstream.") \
	KEY(key_preflight, "key_preflight", BOOL, "no", LIVE, \
	    "Pass on what a browser asks before a page of another origin may send a key (CORS preflights), which shows none.") \
	KEY(redirect, "redirect", REDIRECT, "off", LIVE, \
	    "off; https to send requests that come without TLS there (308); or, in a route, [STATUS] URL to send all elsewhere, with $host and $path.") \
	KEY(respond, "respond", RESPOND, "", LIVE, \
	    "STATUS [TEXT] to answer all requests of the route with, in a route only; it needs no upstream.") \
	KEY(strip_prefix, "strip_prefix", PATH, "", LIVE, \
	    "Path prefix taken off before the request goes upstream.") \
	KEY(rewrite, "rewrite", REWRITE, "", LIVE, \
	    "FROM TO: path prefixes; TO is put in the place of FROM before the request goes upstream.") \
	KEY(add_prefix, "add_prefix", PATH, "", LIVE, \
	    "Path put in front before the request goes upstream.") \
	KEY(rewrite_location, "rewrite_location", BOOL, "no", LIVE, \
	    "Undo strip_prefix, rewrite and add_prefix in the Location of responses, and leave the upstream's own name out.") \
	KEY(host_header, "host_header", HOST, "", LIVE, \
	    "Host sent upstream instead of the client's; \"upstream\" for the upstream's own name.") \
	KEY(set_header, "set_header", RULE_SET, "", LIVE, \
	    "Name: value to send upstream in place of any the client sent. May be repeated.") \
	KEY(add_header, "add_header", RULE_ADD, "", LIVE, \
	    "Name: value to send upstream besides those the client sent. May be repeated.") \
	KEY(del_header, "del_header", RULE_DEL, "", LIVE, \
	    "Name of a field not to send upstream. May be repeated.") \
	KEY(set_response_header, "set_response_header", RULE_SET, "", LIVE, \
	    "Name: value to send to the client in place of any the upstream sent. May be repeated.") \
	KEY(add_response_header, "add_response_header", RULE_ADD, "", LIVE, \
	    "Name: value to send to the client besides those the upstream sent. May be repeated.") \
	KEY(del_response_header, "del_response_header", RULE_DEL, "", LIVE, \
	    "Name of a field not to send to the client. May be repeated.") \
	KEY(forwarded, "forwarded", BOOL, "no", LIVE, \
	    "Send the Forwarded field of RFC 7239 besides X-Forwarded-*.") \
	KEY(error_format, "error_format", ERRORS, "auto", LIVE, \
	    "Body of weir's own answers: text, json, openai, or auto (json for clients that prefer it).") \
	KEY(accept_errors, "accept_errors", BOOL, "no", LIVE, \
	    "Accept a WebSocket handshake that is refused, and say why in a message and a Close (4000 + status).") \
	KEY(connect_ms, "connect_timeout", MSEC, "5s", LIVE, \
	    "Time to reach an upstream, over all of its addresses.") \
	KEY(response_ms, "response_timeout", MSEC, "60s", LIVE, \
	    "Time to the first byte of a response, and between reads of it. 0: no limit.") \
	KEY(sse_ping_ms, "sse_ping", MSEC, "0", LIVE, \
	    "Silence of a stream of server-sent events after which a comment is put in. 0: none.") \
	KEY(handshake_ms, "handshake_timeout", MSEC, "15s", LIVE, \
	    "Time for an upstream to answer a WebSocket handshake.") \
	KEY(body_ms, "body_timeout", MSEC, "60s", LIVE, \
	    "Time between reads of a request's body, and between writes to a client that does not read. 0: no limit.") \
	KEY(body_max, "body_max", SIZE, "0", LIVE, \
	    "Size of a request's body; a larger one is answered 413. 0: no limit.") \
	KEY(linger_ms, "linger", MSEC, "10s", LIVE, \
	    "Time a tunnel may live on after one side has closed, and that unread input of a refused request is taken in. 0: not at all.") \
	KEY(abandon_ms, "abandon_timeout", MSEC, "2s", LIVE, \
	    "Time without a byte of the response after which a client that closed its sending side counts as gone. 0: at once.") \
	KEY(tunnel_idle_ms, "tunnel_idle", MSEC, "0", LIVE, \
	    "Time without a byte in either direction after which a tunnel ends. 0: no limit.") \
	KEY(ws_check, "ws_check", CHECK, "relaxed", LIVE, \
	    "What is asked of a tunnel's frames: strict ends it at a malformed one (1002), relaxed follows where frames end, off relays blindly.") \
	KEY(ping_ms, "ping", MSEC, "25s", LIVE, \
	    "Silence of a tunnel's peer after which it is sent a ping. 0: none are sent.") \
	KEY(ping_timeout_ms, "ping_timeout", MSEC, "20s", LIVE, \
	    "Time for a pinged peer to show life; then the tunnel ends. 0: no limit.") \
	KEY(ping_upstream_ms, "ping_upstream", MSEC_OR, "same", LIVE, \
	    "As ping, for the upstream's side.") \
	KEY(ping_upstream_timeout_ms, "ping_upstream_timeout", MSEC_OR, "same", LIVE, \
	    "As ping_timeout, for the upstream's side.") \
	KEY(lifetime_ms, "lifetime", MSEC, "0", LIVE, \
	    "Age at which a tunnel is ended (1001), up to a tenth earlier so that not all end at once. 0: none.") \
	KEY(message_max, "max_message", SIZE, "0", LIVE, \
	    "Size of a message from a client; a larger one ends the tunnel (1009). 0: no limit.") \
	KEY(frame_max, "max_frame", SIZE, "0", LIVE, \
	    "Size of a frame's payload from a client; a larger one ends the tunnel (1009). 0: no limit.") \
	KEY(messages, "messages", UINT, "0", LIVE, \
	    "Messages that a client may send in a second, on one tunnel. 0: no limit.") \
	KEY(rate, "rate", SIZE, "0", LIVE, \
	    "Bytes that a client may send in a second, on one tunnel. 0: no limit.") \
	KEY(excess, "excess", EXCESS, "slow", LIVE, \
	    "What messages and rate do when exceeded: slow, by reading no more for a while, or close (1008).") \
	KEY(pool, "pool", UINT, "64", LIVE, \
	    "Idle connections kept open to one upstream.") \
	KEY(pool_ms, "pool_timeout", MSEC, "50s", LIVE, \
	    "Time that an idle upstream connection is kept.") \
	KEY(retries, "retries", UINT, "3", LIVE, \
	    "Further upstreams or connections that a request may be tried on.") \
	KEY(max_route, "max_connections", UINT, "0", LIVE, \
	    "Requests and tunnels on the route at once; more are answered 503. 0: no limit.") \
	KEY(max_requests_address, "requests_per_address", UINT, "0", LIVE, \
	    "Requests a second of the route from one address; more are answered 429. 0: no limit.") \
	KEY(access, "allow", ALLOW, "", LIVE, \
	    "Addresses and networks whose clients may use the route, by commas; unix, all. The first allow or deny that holds decides. May be repeated.") \
	KEY(denied, "deny", DENY, "", LIVE, \
	    "Addresses and networks whose clients are answered 403, by commas; unix, all. May be repeated.") \
	KEY(origins, "origin", ORIGINS, "", LIVE, \
	    "Origin of pages that may open WebSockets: https://HOST[:PORT], https://*.HOST, or * for any. May be repeated. Not set: a handshake with cookies must come from its own host.") \
	KEY(subprotocols, "subprotocol", PROTOCOLS, "", LIVE, \
	    "Subprotocol that WebSockets may use; others are not offered to the upstream. May be repeated.") \
	KEY(max_tunnels, "max_tunnels", UINT, "0", LIVE, \
	    "Tunnels on the route at once; more are answered 503. 0: no limit.") \
	KEY(max_tunnels_address, "max_tunnels_per_address", UINT, "0", LIVE, \
	    "Tunnels on the route from one address at once; more are answered 429. 0: no limit.")

#endif
