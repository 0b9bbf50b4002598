#ifndef BEAR_H
#define BEAR_H

/*
 * BearSSL: for tls.c and its parts alone, see there. test/conf/fence holds
 * the list of those who may include this.
 */
#include "bearssl.h"

#endif
