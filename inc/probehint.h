#ifndef PROBEHINT_H
#define PROBEHINT_H

#include "probejudge.h"
#include "tls.h"

/*
 * What is known of servers, proxies and CDNs: how their answers look, how long
 * they wait, what to change in them. Only for probejudge.c.
 */

/* true if that is the fault of a certificate */
bool hint_is_cert(enum tls_fault fault);
/* true if the answer is of a server that saw no Upgrade */
bool hint_blind(const struct probe_facts *f);
/* true if it says that TLS is spoken on this port */
bool hint_plain_port(const struct probe_facts *f);
/* what answered, by its fields: "nginx" */
const char *hint_hop(const struct probe_facts *f);
/* how to let that pass an Upgrade on */
const char *hint_upgrade(const struct probe_facts *f);
/* what a 5xx says, and what to do */
const char *hint_status(int status);
const char *hint_gateway(int status);
/* what of a 101 does not hold, and why that may be */
const char *hint_proof(enum reason r);
const char *hint_proof_advice(enum reason r);
/* whose time that is, or NULL */
const char *hint_timeout(int64_t ms);

#endif
