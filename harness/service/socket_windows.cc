#include <winsock2.h>

#include <algorithm>

#include "harness/service/socket_os.h"

namespace deltagauge {
namespace {

int Piece(size_t size) { return static_cast<int>(std::min(size, size_t{1} << 30)); }

}  // namespace

bool WaitForSocket(SocketHandle socket, SocketWait what, int timeout_ms) {
  WSAPOLLFD entry = {};
  entry.fd = socket;
  entry.events = what == SocketWait::kToRead ? POLLRDNORM : POLLWRNORM;
  return WSAPoll(&entry, 1, timeout_ms) > 0;
}

int64_t ReadSocket(SocketHandle socket, char* to, size_t size) {
  return recv(socket, to, Piece(size), 0);
}

int64_t WriteSocket(SocketHandle socket, const char* from, size_t size) {
  return send(socket, from, Piece(size), 0);
}

void Listen(SocketHandle socket, int waiting_connections) {
  (void)listen(socket, waiting_connections);  // where it fails, the number before holds
}

void EndWriting(SocketHandle socket) { shutdown(socket, SD_SEND); }

void CloseSocket(SocketHandle socket) { closesocket(socket); }

}  // namespace deltagauge
