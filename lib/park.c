/* The kernel's set: see park.h. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "park.h"

#if defined(POSIX)
#define PARK_NONE
#elif defined(__linux__) && !defined(USE_KQUEUE)
#include <sys/epoll.h>
#elif defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(__DragonFly__) || defined(__APPLE__) || defined(USE_KQUEUE)
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#define PARK_KQUEUE
#else
#define PARK_NONE
#endif

const char *
park_name(void)
{
#if defined(PARK_NONE)
	return "none";
#elif defined(PARK_KQUEUE)
	return "kqueue";
#else
	return "epoll";
#endif
}

#ifdef PARK_NONE

int
park_open(void)
{
	return -1;
}

int
park_put(int fd, int events, void *owner)
{
	(void)fd, (void)events, (void)owner;
	return -1;
}

void
park_drop(int fd, int events)
{
	(void)fd, (void)events;
}

int
park_take(void **owners, int *events, int max, int wait_ms)
{
	(void)owners, (void)events, (void)max, (void)wait_ms;
	return 0;
}

#else

static int set = -1;

#ifdef PARK_KQUEUE

int
park_open(void)
{
	return set = kqueue();
}

/* adds or deletes the filters for events */
static int
change(int fd, int events, unsigned short what, void *owner)
{
	uintptr_t id = (uintptr_t)fd;
	struct kevent k[2];
	int n = 0;

	if (events & POLLIN) {
		EV_SET(&k[n], id, EVFILT_READ, what, 0, 0, owner);
		n++;
	}
	if (events & POLLOUT) {
		EV_SET(&k[n], id, EVFILT_WRITE, what, 0, 0, owner);
		n++;
	}
	return kevent(set, k, n, NULL, 0, NULL);
}

int
park_put(int fd, int events, void *owner)
{
	if (change(fd, events, EV_ADD, owner) == 0)
		return 0;
	/* the first of two may be there */
	change(fd, events & POLLIN, EV_DELETE, NULL);
	return -1;
}

void
park_drop(int fd, int events)
{
	change(fd, events, EV_DELETE, NULL);
}

int
park_take(void **owners, int *events, int max, int wait_ms)
{
	struct kevent ready[PARK_BATCH];
	struct timespec wait;
	int i, n;

	wait.tv_sec = wait_ms / 1000;
	wait.tv_nsec = wait_ms % 1000 * 1000000L;
	n = kevent(set, NULL, 0, ready, max < PARK_BATCH ? max : PARK_BATCH,
	    wait_ms < 0 ? NULL : &wait);
	for (i = 0; i < n; i++) {
		/* NetBSD before 10 has a number there */
		owners[i] = (void *)ready[i].udata;
		events[i] = ready[i].filter == EVFILT_READ ? POLLIN : POLLOUT;
	}
	return n;
}

#else

int
park_open(void)
{
	return set = epoll_create1(EPOLL_CLOEXEC);
}

int
park_put(int fd, int events, void *owner)
{
	struct epoll_event e = {0, {NULL}};

	if (events & POLLIN)
		e.events |= EPOLLIN;
	if (events & POLLOUT)
		e.events |= EPOLLOUT;
	e.data.ptr = owner;
	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

void
park_drop(int fd, int events)
{
	struct epoll_event e = {0, {NULL}};

	(void)events;
	epoll_ctl(set, EPOLL_CTL_DEL, fd, &e);
}

int
park_take(void **owners, int *events, int max, int wait_ms)
{
	struct epoll_event ready[PARK_BATCH];
	int i, n;

	n = epoll_wait(set, ready, max < PARK_BATCH ? max : PARK_BATCH,
	    wait_ms);
	for (i = 0; i < n; i++) {
		owners[i] = ready[i].data.ptr;
		events[i] = 0;
		if (ready[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
			events[i] |= POLLIN;
		if (ready[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			events[i] |= POLLOUT;
	}
	return n;
}

#endif
#endif
