// OpenSSL's way to a socket that somebody else owns. Unlike OpenSSL's own it never raises SIGPIPE.
#pragma once
#include <openssl/bio.h>

namespace eventrelay {

/// socket: non-blocking, outlives the BIO. nullptr: out of memory.
BIO* make_socket_bio(int socket);

}  // namespace eventrelay
