#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "harness/service/socket_os.h"

namespace deltagauge {

bool WaitForSocket(SocketHandle socket, SocketWait what, int timeout_ms) {
  pollfd entry = {};
  entry.fd = socket;
  entry.events = what == SocketWait::kToRead ? POLLIN : POLLOUT;
  int ready = 0;
  do {
    ready = poll(&entry, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

int64_t ReadSocket(SocketHandle socket, char* to, size_t size) {
  ssize_t count = 0;
  do {
    count = recv(socket, to, size, 0);
  } while (count < 0 && errno == EINTR);
  return count;
}

int64_t WriteSocket(SocketHandle socket, const char* from, size_t size) {
  ssize_t count = 0;
  do {
    count = send(socket, from, size, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return count;
}

void Listen(SocketHandle socket, int waiting_connections) {
  (void)listen(socket, waiting_connections);  // where it fails, the number before holds
}

void EndWriting(SocketHandle socket) { shutdown(socket, SHUT_WR); }

void CloseSocket(SocketHandle socket) { close(socket); }

}  // namespace deltagauge
