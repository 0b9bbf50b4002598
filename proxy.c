/*
 * weir: a small reverse proxy for WebSocket and HTTP/1.1.
 *
 * One process, one thread, one poll() loop, one picture:
 *
 *   listener --accept--> session --owns--> conn (client) --in, out--> buf
 *                           |    --owns--> conn (upstream)
 *                           |    --holds-> exchange   while a request is on
 *                           |    --holds-> conf       it began under
 *                           `----points--> route, upstream
 *   upstream --owns--> conn (idle ones)
 *
 * Each turn of the loop polls the active ends for what the phase of their
 * session wants, serves those that are ready (step.h), ends what is overdue
 * and frees what ended. Ends that are quiet wait in the kernel's own set
 * (park.h), whose descriptor is one entry of ours. Listeners, the signals'
 * pipe and the resolver's are ends like the others. Data that a peer does not
 * take at once is kept in a buffer of that end, and its other side is not read
 * until that has left: the whole of the backpressure. Everything here runs in
 * one thread; only names are looked up elsewhere, by a child process
 * (resolve.h).
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "config.h"
#include "confprint.h"
#include "conn.h"
#include "door.h"
#include "echo.h"
#include "farewell.h"
#include "health.h"
#include "log.h"
#include "newkey.h"
#include "probe.h"
#include "resolve.h"
#include "route.h"
#include "room.h"
#include "secrets.h"
#include "session.h"
#include "step.h"
#include "tls.h"
#include "upstream.h"

#define VERSION "0.1.0"
#define DEFAULT_FILE "/etc/weir/weir.conf"

/* how long the start waits for names to be looked up */
#define RESOLVE_WAIT_MS 2000
/* descriptors that are not connections: logs, pipes, sets, and some air */
#define SPARE_FDS 32
/* what may be on its way on idle connections gets this long at a drain */
#define GRACE_MS 1000

static struct {
	const struct conf_source *sources; /* to read again on SIGHUP */
	size_t n_sources;
	const char *listen, *upstream; /* of "weir LISTEN UPSTREAM" */
	bool verbose;
} args;

static int signal_pipe[2] = {-1, -1};
static int resolver = -1;
static struct conn *resolver_end;
static bool quit;

/* ---- time and signals ---- */

static void
read_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	world.now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	world.turn++;
	clock_gettime(CLOCK_REALTIME, &t);
	log_clock((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	if (RARE(tls_clock((int64_t)t.tv_sec)) && world.conf != NULL)
		secrets_clock(world.conf);
}

static void
on_signal(int sig)
{
	unsigned char byte = (unsigned char)sig;
	int err = errno;

	/* a full pipe holds signals enough to act on */
	if (write(signal_pipe[1], &byte, 1) < 0)
		errno = err;
}

static void
catch_signals(void)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	struct sigaction sa;
	size_t i;

	if (pipe(signal_pipe) < 0)
		fatal("pipe:");
	for (i = 0; i < 2; i++) {
		fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
		fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
	}
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof caught / sizeof caught[0]; i++)
		sigaction(caught[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- configuration ---- */

static void
warn_start_key(const char *key)
{
	log_warn("%s: takes a restart to change", key);
}

/* the keys that sized the process at start keep their values */
static void
keep_start_keys(struct conf *c)
{
#define KEEP_START(field) c->field = world.conf->field;
#define KEEP_LIVE(field)
#define KEEP(field, key, type, def, reload, help) KEEP_##reload(field)
	KEYS_GLOBAL(KEEP)
#undef KEEP
}

static struct conf *
load(char *err, size_t size)
{
	struct conf *c;

	if (args.listen != NULL)
		c = conf_simple(args.listen, args.upstream, args.sources,
		    args.n_sources, err, size);
	else
		c = conf_load(args.sources, args.n_sources, err, size);
	if (c != NULL && args.verbose)
		c->log_level = LOG_L_DEBUG;
	if (c != NULL && world.conf != NULL) {
		conf_diff_start(world.conf, c, warn_start_key);
		keep_start_keys(c);
	}
	if (c != NULL && secrets_load(c, err, size) < 0) {
		secrets_free(c);
		conf_free(c);
		c = NULL;
	}
	if (c != NULL)
		door_warn(c);
	return c;
}

/* the log goes where conf says; false: a file could not be opened */
static bool
open_logs(const struct conf *c)
{
	if (log_open(LOG_MAIN, c->log) < 0) {
		log_error("log: %s:", c->log);
		return false;
	}
	if (log_open(LOG_ACCESS, c->access_log) < 0) {
		log_error("access_log: %s:", c->access_log);
		return false;
	}
	log_set_level((enum log_level)c->log_level);
	log_set_json(c->log_format);
	return true;
}

/* tunnels whose route or key is gone end, spread over the drain time */
static void
drain_gone_routes(const struct conf *c)
{
	const struct conf_route *r;
	struct session *s;

	for (s = session_first(false); s != NULL; s = session_after(s)) {
		if (s->phase != S_TUNNEL && s->phase != S_RELAY)
			continue;
		r = route_again(c, s->route);
		if (r == NULL || !auth_knows(r, s->key))
			session_close_at(s, world.now + 1 + (int64_t)(
			    world_random() % (uint64_t)(c->drain_ms + 1)),
			    r == NULL ? R_ROUTE_GONE : R_KEY_GONE);
	}
}

static void
start_resolver(void)
{
	if (resolver >= 0)
		return;
	resolver = resolve_start();
	if (resolver < 0)
		log_error("resolver:");
}

static void
stop_resolver(void)
{
	conn_release(resolver_end);
	resolver_end = NULL;
	resolve_stop();
	resolver = -1;
}

static bool
has_names(const struct conf *c)
{
	const struct conf_endpoint *e;
	const struct conf_route *r;
	struct addr a;

	for (r = c->routes; r != NULL; r = r->next)
		for (e = r->upstreams; e != NULL; e = e->next)
			if (e->path == NULL &&
			    !addr_literal(e->host, e->port, &a))
				return true;
	return false;
}

static void
log_event(const char *event)
{
	if (log_begin(LOG_MAIN, LOG_L_INFO, event))
		log_end();
}

/* SIGHUP: all of the new configuration or nothing of it */
static void
reload(void)
{
	struct listener *fresh;
	struct conf *c;
	char err[512];

	c = load(err, sizeof err);
	if (c == NULL) {
		log_error("reload: %s; nothing was changed", err);
		return;
	}
	if (!door_open(c, &fresh)) {
		log_error("reload: nothing was changed");
		secrets_free(c);
		conf_free(c);
		return;
	}
	if (!open_logs(c)) {
		log_error("reload: nothing was changed");
		door_give_up(fresh);
		open_logs(world.conf);
		secrets_free(c);
		conf_free(c);
		return;
	}
	conf_ref_upstreams(c);
	c->refs++;
	door_take(c, fresh);
	drain_gone_routes(c);
	health_apply(c);
	conf_unref(world.conf);
	world_set_conf(c);
	if (has_names(c))
		start_resolver();
	secrets_clock(c);
	log_event("reload");
}

/* ---- going out ---- */

/* one session learns that weir is going */
static void
drain_one(struct session *s)
{
	/* a request may be on its way: it is served, as the last */
	if (s->phase == S_HEAD && s->c->in == NULL)
		session_close_at(s, world.now + (world.conf->drain_ms <
		    GRACE_MS ? world.conf->drain_ms : GRACE_MS), R_DRAIN);
	/* spread, so that the reconnects do not arrive at once, and with a
	 * tenth left for the closing handshakes */
	if (s->phase == S_TUNNEL || s->phase == S_RELAY)
		session_close_at(s, world.now + 1 + (int64_t)(world_random() %
		    (uint64_t)(world.conf->drain_ms * 9 / 10 + 1)), R_DRAIN);
}

static void
each_session(void (*fn)(struct session *))
{
	struct session *s, *next;
	int idle;

	for (idle = 0; idle < 2; idle++) {
		for (s = session_first(idle); s != NULL; s = next) {
			next = session_after(s);
			fn(s);
		}
	}
}

static void
drain(void)
{
	if (world.draining) {
		quit = true;
		return;
	}
	log_event("drain");
	door_empty();
	world.draining = true;
	world.drain_until = world.now + world.conf->drain_ms;
	door_close();
	each_session(drain_one);
	upstream_drop_all();
}

/* the time is up for what is still there */
static void
finish_one(struct session *s)
{
	if (s->phase == S_TUNNEL)
		farewell(s, R_DRAIN);
	if (s->x != NULL && !s->x->begun)
		session_refuse(s, R_DRAIN);
	else
		session_end(s, R_DRAIN, BY_WEIR);
}

static void
take_signals(void)
{
	unsigned char bytes[64];
	ssize_t i, n;

	n = read(signal_pipe[0], bytes, sizeof bytes);
	for (i = 0; i < n; i++) {
		if (bytes[i] == SIGTERM || bytes[i] == SIGINT)
			drain();
		else if (bytes[i] == SIGHUP && !world.draining)
			reload();
		else if (bytes[i] == SIGUSR1) {
			log_reopen();
			auth_log_books();
		}
	}
}

/* ---- the loop ---- */

static void
take_answers(void)
{
	struct resolve_answer a;
	int got;

	while ((got = resolve_take(&a)) > 0)
		upstream_answer(&a, world.now);
	if (got == 0)
		return;
	log_error("the resolver ended and is started again");
	stop_resolver();
	upstream_forgotten(world.now);
}

/* what is wanted of an end in this turn */
static int
wants(const struct conn *c)
{
	if (USUAL(c->kind < CONN_LISTENER))
		return step_events(c);
	if (c->kind == CONN_HEALTH)
		return health_events(c);
	return c->kind == CONN_LISTENER ? door_wants() : POLLIN;
}

static void
serve(struct conn *c, int revents)
{
	if (USUAL(c->kind < CONN_LISTENER))
		step_serve(c, revents);
	else if (c->kind == CONN_LISTENER)
		door_serve(c->owner, c->fd);
	else if (c->kind == CONN_SIGNALS)
		take_signals();
	else if (c->kind == CONN_HEALTH)
		health_serve(c, revents);
	else
		take_answers();
}

static void
watch(void)
{
	if (RARE(resolver >= 0) && resolver_end == NULL)
		resolver_end = conn_open(resolver, CONN_RESOLVER, NULL);
	door_watch();
	conn_watch(wants);
}

/* milliseconds to the nearest deadline, as poll() wants them */
static int
wait_ms(void)
{
	int64_t at = session_next(), door = door_next(), ms;

	if (upstream_at < at)
		at = upstream_at;
	if (conn_doze_at < at)
		at = conn_doze_at;
	if (room_trim_at < at)
		at = room_trim_at;
	if (health_at < at)
		at = health_at;
	if (door < at)
		at = door;
	if (door_tell_at < at)
		at = door_tell_at;
	if (RARE(world.draining) && world.drain_until < at)
		at = world.drain_until;
	if (at == INT64_MAX)
		return -1;
	ms = at - world.now;
	return ms < 0 ? 0 : ms > 3600000 ? 3600000 : (int)ms;
}

static void
expire(void)
{
	step_expire();
	if (RARE(upstream_at <= world.now))
		upstream_expire(world.now);
	/* names are due; if there can be no resolver now, they are soon again */
	if (RARE(upstream_at <= world.now)) {
		start_resolver();
		upstream_ask(world.now, world.conf->resolve_ms);
	}
	if (RARE(door_tell_at <= world.now))
		door_tell();
	if (RARE(conn_doze_at <= world.now))
		conn_doze(world.now);
	if (RARE(room_trim_at <= world.now))
		room_trim(world.now);
	if (RARE(health_at <= world.now))
		health_expire();
}

static void
loop(void)
{
	while (!quit && !(RARE(world.draining) && world.sessions == 0)) {
		watch();
		if (RARE(conn_sleep(wait_ms()) < 0) && errno != EINTR &&
		    errno != EAGAIN)
			fatal("poll:");
		read_clock();
		conn_serve(serve);
		expire();
		session_reap();
		if (RARE(world.draining) && world.now >= world.drain_until)
			quit = true;
		log_flush();
	}
}

/* ---- starting ---- */

/* as many descriptors as the connections need, if they are to be had */
static void
raise_fds(void)
{
	rlim_t need = 2 * (rlim_t)world.conf->max_connections + 128 +
	    SPARE_FDS;
	struct rlimit r;
	unsigned fit;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	if (r.rlim_cur != RLIM_INFINITY && r.rlim_cur < need) {
		r.rlim_cur = need;
		if (r.rlim_max != RLIM_INFINITY && r.rlim_max < need)
			r.rlim_max = need;
		if (setrlimit(RLIMIT_NOFILE, &r) < 0) {
			getrlimit(RLIMIT_NOFILE, &r);
			r.rlim_cur = r.rlim_max;
			setrlimit(RLIMIT_NOFILE, &r);
		}
		getrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= need)
		return;
	fit = r.rlim_cur > SPARE_FDS + 4 ?
	    (unsigned)(r.rlim_cur - SPARE_FDS) / 2 : 2;
	if (fit >= world.conf->max_connections)
		return;
	world.max_sessions = fit;
	log_warn("%lu descriptors are allowed, so %u connections are served "
	    "at once, not %u", (unsigned long)r.rlim_cur,
	    world.max_sessions, world.conf->max_connections);
}

/* names are looked up before the first request, unless that takes long */
static void
wait_for_names(void)
{
	int64_t until = world.now + RESOLVE_WAIT_MS;
	struct pollfd p;

	upstream_ask(world.now, world.conf->resolve_ms);
	while (resolver >= 0 && upstream_unanswered() && world.now < until) {
		p.fd = resolver;
		p.events = POLLIN;
		if (poll(&p, 1, (int)(until - world.now)) > 0)
			take_answers();
		read_clock();
	}
}

static void
announce(uint64_t memory_max)
{
	if (!log_begin(LOG_MAIN, LOG_L_INFO, "ready"))
		return;
	log_pair_int("max_connections", world.max_sessions);
	log_pair_int("memory_max", (int64_t)memory_max);
	log_end();
}

static int
serve_forever(struct conf *c)
{
	struct listener *fresh;
	uint64_t memory_max;

	read_clock();
	if (!open_logs(c)) {
		log_flush();
		secrets_free(c);
		conf_free(c);
		return 1;
	}
	catch_signals();
	if (log_begin(LOG_MAIN, LOG_L_INFO, "start")) {
		log_pair("version", VERSION);
		log_pair_int("pid", getpid());
		log_end();
	}
	secrets_clock(c);
	if (has_names(c))
		start_resolver();
	memory_max = session_init(c);
	tls_stalled(step_stalled);
	if (conn_open(signal_pipe[0], CONN_SIGNALS, NULL) == NULL)
		fatal("out of memory at start");
	conf_ref_upstreams(c);
	raise_fds();
	if (!door_open(c, &fresh)) {
		log_flush();
		return 1;
	}
	door_take(c, fresh);
	wait_for_names();
	health_apply(c);
	announce(memory_max);
	if (c->tls != NULL && !tls_sleeps())
		log_warn("idle TLS connections take 4 KB each: the library's "
		    "engines cannot be put to sleep here");
	log_flush();
	loop();
	each_session(finish_one);
	session_reap();
	door_close();
	log_event("stop");
	log_flush();
	stop_resolver();
	upstream_drop_all();
	conf_unref(world.conf);
	return 0;
}

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: weir [-nv] [-c file] [-o key=value]...\n"
	    "       weir [-nv] [-o key=value]... LISTEN UPSTREAM\n"
	    "       weir probe [options] URL\n"
	    "       weir echo LISTEN\n"
	    "       weir key NAME\n"
	    "       weir -V | -h\n");
}

static void
version(void)
{
	printf("weir %s\n%s\nidle set: %s\n", VERSION, tls_about(),
	    conn_park_name());
}

static int
start(bool check)
{
	struct conf *c;
	char err[512];

	c = load(err, sizeof err);
	log_flush(); /* what was warned of */
	if (c == NULL) {
		fprintf(stderr, "weir: %s\n", err);
		return 2;
	}
	if (!check)
		return serve_forever(c);
	conf_print(c, stdout);
	secrets_free(c);
	conf_free(c);
	return 0;
}

int
main(int argc, char **argv)
{
	struct conf_source *sources;
	bool check = false, file = false;
	int opt;

	/* its options are its own */
	if (argc > 1 && strcmp(argv[1], "probe") == 0)
		return probe_main(argc - 2, argv + 2);
	sources = calloc((size_t)argc + 1, sizeof *sources);
	if (sources == NULL)
		fatal("out of memory");
	args.sources = sources;
	while ((opt = getopt(argc, argv, "c:o:nvVh")) != -1) {
		switch (opt) {
		case 'c':
		case 'o':
			file = file || opt == 'c';
			sources[args.n_sources].kind =
			    opt == 'c' ? CONF_FILE : CONF_OPTION;
			sources[args.n_sources++].text = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'v':
			args.verbose = true;
			break;
		case 'V':
			version();
			return 0;
		case 'h':
			usage(stdout);
			conf_help(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 2 && strcmp(argv[0], "echo") == 0)
		return echo_main(argv[1]);
	if (argc == 2 && strcmp(argv[0], "key") == 0)
		return newkey_main(argv[1]);
	if (argc == 2 && !file) {
		args.listen = argv[0];
		args.upstream = argv[1];
	} else if (argc != 0) {
		usage(stderr);
		return 2;
	} else if (args.n_sources == 0) {
		sources[args.n_sources++].text = DEFAULT_FILE;
	}
	return start(check);
}
