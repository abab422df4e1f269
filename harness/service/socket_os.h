// What the service asks the operating system about connections. socket_posix.cc, socket_windows.cc.
#ifndef DELTAGAUGE_HARNESS_SERVICE_SOCKET_OS_H_
#define DELTAGAUGE_HARNESS_SERVICE_SOCKET_OS_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace deltagauge {

#ifdef _WIN32
using SocketHandle = uintptr_t;
#else
using SocketHandle = int;
#endif

enum class SocketWait : uint8_t { kToRead, kToWrite };

// Whether it can be read or written without waiting within that time, the other side's end
// included.
bool WaitForSocket(SocketHandle socket, SocketWait what, int timeout_ms);

// Bytes that came or went; 0 at the other side's end; -1 if the connection is broken.
int64_t ReadSocket(SocketHandle socket, char* to, size_t size);
int64_t WriteSocket(SocketHandle socket, const char* from, size_t size);

// How many connections may wait to be accepted at a socket that is bound, perhaps listening
// already.
void Listen(SocketHandle socket, int waiting_connections);

// Sends no more; what comes can still be read.
void EndWriting(SocketHandle socket);
void CloseSocket(SocketHandle socket);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_SOCKET_OS_H_
