#ifndef NEWKEY_H
#define NEWKEY_H

/* weir key NAME: makes a key for a client, and its line for a file of keys.
 * Returns the exit status. */
int newkey_main(const char *name);

#endif
